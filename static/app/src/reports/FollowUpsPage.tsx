// What is open between people, both ways: done, put off, dismissed, answered from here; and the alerts so far.
import { BellRing, CheckCheck, CloudOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'wouter';
import { request } from '../auth/session';
import { messageDate } from '../i18n/format';
import mailCss from '../mail/mail.module.css';
import { MenuButton } from '../shell/Nav';
import { usePhone } from '../shell/usePreference';
import { failed, useServer } from '../store/useServer';
import { Button } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { FollowUpRow } from './FollowUpRow';
import css from './reports.module.css';
import type { Alert, FollowUp } from './types';
import './words';

interface Page { items: FollowUp[]; cursor: string | null }
type Tab = 'mine' | 'theirs' | 'snoozed' | 'alerts';
const TABS: readonly Tab[] = ['mine', 'theirs', 'snoozed', 'alerts'];

export default function FollowUpsPage({ onMenu }: { onMenu: () => void }) {
  const { t } = useTranslation('reports');
  const phone = usePhone();
  const [params, setParams] = useSearchParams();
  const tab = TABS.find((each) => each === params.get('direction')) ?? 'mine';
  const names = { mine: t('mine'), theirs: t('theirs'), snoozed: t('state_snoozed'), alerts: t('alerts') };
  return (
    <section className={mailCss.listPane} aria-label={t('followUps')}>
      <div className={css.scroll}>
        <div className={css.centre}>
          <header className={css.centreHead}>
            {phone && <MenuButton onMenu={onMenu} />}
            <h1 className={css.title}>{t('followUps')}</h1>
            <Link href="/reports">{t('title')}</Link>
          </header>
          <div className={css.tabs} role="group" aria-label={t('followUps')}>
            {TABS.map((each) => (
              <button key={each} type="button" className={mailCss.chip} aria-pressed={each === tab} onClick={() => setParams({ direction: each })}>{names[each]}</button>
            ))}
          </div>
          {tab === 'alerts' ? <Alerts /> : <Open key={tab} tab={tab} />}
        </div>
      </div>
    </section>
  );
}

function Open({ tab }: { tab: Exclude<Tab, 'alerts'> }) {
  const { t } = useTranslation('reports');
  const { t: common } = useTranslation();
  const path = tab === 'snoozed' ? 'follow-ups?state=snoozed' : `follow-ups?direction=${tab}`;
  const [page, read] = useServer<Page>(path, (frame) => frame.event === 'ai:followup_update');
  const [further, setFurther] = useState<Page | null>(null);
  useEffect(() => setFurther(null), [page]);
  if (page === null) return null;
  if (failed(page)) return <Empty icon={CloudOff} action={<Button onClick={() => void read()}>{common('common.retry')}</Button>}>{faultText(common, page.fault)}</Empty>;
  const cursor = further ? further.cursor : page.cursor;
  const items = [...page.items, ...(further?.items ?? [])];
  async function more(): Promise<void> {
    try {
      const found = await request<Page>(`${path}&cursor=${encodeURIComponent(cursor ?? '')}`);
      setFurther({ items: [...(further?.items ?? []), ...found.items], cursor: found.cursor });
    } catch (error) {
      toast({ text: faultText(common, error) });
    }
  }
  if (items.length === 0) return <Empty icon={CheckCheck}>{t(tab === 'snoozed' ? 'noSnoozed' : 'noOpen')}</Empty>;
  return (
    <>
      <ul className={css.rows}>
        {items.toSorted((a, b) => Number(b.missed) - Number(a.missed)).map((item) => (
          <FollowUpRow key={item.id} item={item} putOff={tab === 'snoozed'} onChanged={() => void read()} />
        ))}
      </ul>
      {cursor && <Button onClick={() => void more()}>{t('more')}</Button>}
    </>
  );
}

function Alerts() {
  const { t } = useTranslation('reports');
  const { t: common } = useTranslation();
  const [alerts, read] = useServer<{ items: Alert[]; unseen: number }>('alerts', (frame) => frame.event === 'alert:new');
  const unseen = alerts !== null && !failed(alerts) ? alerts.unseen : 0;
  useEffect(() => {
    // Who is told of them here has seen them; not being able to say so costs a mark that stays.
    if (unseen > 0) void request('alerts', { method: 'POST' }).catch(() => undefined);
  }, [unseen]);
  if (alerts === null) return null;
  if (failed(alerts)) return <Empty icon={CloudOff} action={<Button onClick={() => void read()}>{common('common.retry')}</Button>}>{faultText(common, alerts.fault)}</Empty>;
  if (alerts.items.length === 0) return <Empty icon={BellRing}>{t('noAlerts')}</Empty>;
  return (
    <>
      <p className={css.quiet}>{t('alertsHint')}</p>
      <ul className={css.rows}>
        {alerts.items.map((alert) => (
          <li key={alert.id} className={css.row}>
            <Link href={`/inboxes/${alert.follow_up.thread_id}`} className={css.line ?? ''} data-unseen={!alert.seen || undefined}>
              <span className={css.what}>{alert.follow_up.said || t('noSubject')}</span>
              <span className={css.quiet}>
                {[alert.follow_up.who, t(alert.kind === 'deadline' ? 'deadline' : 'silence'), messageDate(alert.at), alert.mailed ? t('mailed') : ''].filter(Boolean).join(' · ')}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
