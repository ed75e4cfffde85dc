// The verdicts of a refused connection: what worked, what did not, in whose words, and what to do.
import { CircleCheck, CircleX } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConnectionCheck, Service } from '../api/types';
import css from './accounts.module.css';

const SERVICES: Service[] = ['imap', 'smtp', 'caldav', 'carddav'];

export function CheckList({ checks }: { checks: ConnectionCheck[] }) {
  const { t } = useTranslation();
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => node.current?.focus(), [checks]);
  return (
    <div className={css.checks} ref={node} tabIndex={-1} role="group" aria-label={t('connect.failed')}>
      <p className={css.checksTitle}>{t('connect.failed')}</p>
      {SERVICES.map((service) => {
        const mine = checks.filter((check) => check.service === service);
        return mine.length > 0 && <ServiceChecks key={service} service={service} checks={mine} />;
      })}
    </div>
  );
}

function ServiceChecks({ service, checks }: { service: Service; checks: ConnectionCheck[] }) {
  const { t } = useTranslation();
  const { host, port } = checks[0]!;
  return (
    <section className={css.service}>
      <h2>{t(`connect.service.${service}`)} <span className={css.checkHost}>{host}:{port}</span></h2>
      <ul>{checks.map((check) => <CheckItem key={check.step} check={check} />)}</ul>
    </section>
  );
}

function CheckItem({ check }: { check: ConnectionCheck }) {
  const { t } = useTranslation();
  const Sign = check.ok ? CircleCheck : CircleX;
  return (
    <li className={css.check}>
      <Sign className={check.ok ? css.good : css.bad} size={16} role="img" aria-label={check.ok ? t('connect.ok') : t('connect.notOk')} />
      <span>
        <span className={check.ok ? css.checkOk : css.checkBad}>{t(`connect.step.${check.step}`)}</span>
        {!check.ok && <span className={css.checkText}>{check.message} {t(`connect.advice.${check.step}`)}</span>}
        {!check.ok && check.said && <span className={css.checkSaid}>{t('connect.said', { said: check.said })}</span>}
      </span>
    </li>
  );
}
