// Where one is logged in, each of which can be ended.
import { MonitorSmartphone } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { Session } from '../api/types';
import { request } from '../auth/session';
import { fullDate, messageDate } from '../i18n/format';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './settings.module.css';

export function Sessions() {
  const { t } = useTranslation();
  const [sessions, setSessions] = useState<Session[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const read = useCallback(async () => {
    try {
      setSessions((await request<{ items: Session[] }>('auth/sessions')).items);
      setFault(null);
    } catch (error) {
      setFault(error);
    }
  }, []);
  useEffect(() => void read(), [read]);
  async function end(path: string): Promise<void> {
    try {
      await request(path, { method: 'DELETE' });
      toast({ text: t('settings.ended') });
      await read();
    } catch (error) {
      toast({ text: faultText(t, error) });
    }
  }
  return (
    <div className={css.form}>
      <h2>{t('settings.sessions')}</h2>
      {fault !== null && <Notice kind="warn"><span>{faultText(t, fault)}</span><Button look="link" onClick={() => void read()}>{t('common.retry')}</Button></Notice>}
      <ul>
        {sessions?.map((item) => (
          <li key={item.id} className={css.session}>
            <MonitorSmartphone size={20} aria-hidden />
            <div className={css.sessionText}>
              <p>{deviceName(t, item.user_agent)}</p>
              <p className={css.hint} data-num>
                {item.current ? t('settings.thisDevice') : <span title={fullDate(item.last_seen_at)}>{t('settings.lastSeen', { when: messageDate(item.last_seen_at) })}</span>}
                {item.ip && ` · ${item.ip}`}
              </p>
            </div>
            {!item.current && (
              <Button look="quiet" aria-label={t('settings.endLabel', { device: deviceName(t, item.user_agent) })} onClick={() => void end(`auth/sessions/${item.id}`)}>
                {t('settings.end')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {sessions && sessions.some((item) => !item.current) && (
        <div><Button onClick={() => void end('auth/sessions')}>{t('settings.endOthers')}</Button></div>
      )}
    </div>
  );
}

const BROWSERS: [RegExp, string][] = [[/Edg\//, 'Edge'], [/Firefox\//, 'Firefox'], [/Chrom(?:e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']];
const SYSTEMS: [RegExp, string][] = [[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux']];

export function deviceName(t: TFunction, userAgent: string): string {
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1];
  if (browser && system) return t('settings.onSystem', { browser, system });
  return browser ?? system ?? (userAgent.split(/[\s/]/)[0] || t('settings.unknownDevice'));
}
