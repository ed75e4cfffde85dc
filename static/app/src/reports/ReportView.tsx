// One report: figures and lists, and what a model said of them, as text.
import { ArrowLeft, ChartNoAxesColumn, Trash2, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Problem } from '../api/request';
import { request } from '../auth/session';
import { messageDate, number } from '../i18n/format';
import readerCss from '../mail/reader.module.css';
import { usePhone } from '../shell/usePreference';
import { failed, useServer } from '../store/useServer';
import { Button, IconButton } from '../ui/Button';
import { Empty, Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { clock, dayName, daysBetween } from './dates';
import { Part } from './Part';
import { Waiting } from './Waiting';
import css from './reports.module.css';
import type { Report, ReportEvent } from './types';

interface ReportViewProps {
  day: string;
  onBack: () => void;
  onForgotten: () => void;
}

export function ReportView({ day, onBack, onForgotten }: ReportViewProps) {
  const { t } = useTranslation('reports');
  const { t: common } = useTranslation();
  const phone = usePhone();
  const [report, read] = useServer<Report>(`reports/${day}`, (frame) => frame.event === 'report:ready' && frame.data.date === day);
  if (report === null) return null;
  if (failed(report)) {
    const gone = report.fault instanceof Problem && report.fault.status === 404;
    const action = gone ? <Button onClick={onBack}>{t('toList')}</Button> : <Button onClick={() => void read()}>{common('common.retry')}</Button>;
    return <Empty icon={ChartNoAxesColumn} action={action}>{gone ? t('gone') : faultText(common, report.fault)}</Empty>;
  }
  async function forget(): Promise<void> {
    try {
      await request(`reports/${day}`, { method: 'DELETE' });
      toast({ text: t('forgotten') });
      onForgotten();
    } catch (error) {
      toast({ text: faultText(common, error) });
    }
  }
  const title = dayName(day);
  const Heading = phone ? 'h1' : 'h2';
  return (
    <article className={readerCss.reader} aria-label={title}>
      <div className={readerCss.bar}>
        {phone && <IconButton label={t('toList')} onClick={onBack}><ArrowLeft size={20} aria-hidden /></IconButton>}
        <span className={readerCss.barSpace} />
        <IconButton label={t('forget')} onClick={() => void forget()}><Trash2 size={16} aria-hidden /></IconButton>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it */}
      <div className={readerCss.scroll} tabIndex={0} role="region" aria-label={title}>
        <div className={css.report}>
          <header>
            <Heading className={css.title}>{title}</Heading>
            <p className={css.quiet}>{t('asOf', { at: messageDate(report.made_at) })}</p>
          </header>
          <Said report={report} />
          <Mail report={report} />
          <Waiting items={report.follow_ups} stats={report.stats} />
          <Today report={report} />
          <Agents report={report} />
        </div>
      </div>
    </article>
  );
}

/** The codes that have words of their own; all others are a model that did not answer. */
const OFF = ['not_configured', 'switched_off', 'budget_spent'] as const;

function Said({ report }: { report: Report }) {
  const { t } = useTranslation('reports');
  const off = OFF.find((code) => code === report.assistant) ?? 'away';
  return (
    <>
      {report.summary.split('\n').filter(Boolean).map((line) => <p key={line} className={css.summary}>{line}</p>)}
      {report.suggestions.length > 0 && (
        <div className={css.suggestions}>
          <p className={css.quiet}>{t('suggestions')}</p>
          <ul>{report.suggestions.map((line) => <li key={line}>{line}</li>)}</ul>
        </div>
      )}
      {report.assistant !== '' && <Notice>{t(`assistant.${off}`)}</Notice>}
    </>
  );
}

function Mail({ report }: { report: Report }) {
  const { t } = useTranslation('reports');
  const { stats } = report;
  const yesterday = daysBetween(report.first_day, report.date) === 1;
  return (
    <Part title={yesterday ? t('period') : t('periodSince', { day: dayName(report.first_day) })}>
      <dl className={css.figures}>
        {(['received', 'sent', 'unread'] as const).map((name) => (
          <div key={name}><dt>{t(name)}</dt><dd data-num>{number(stats[name])}</dd></div>
        ))}
      </dl>
      {stats.cut && <p className={css.quiet}>{t('cut')}</p>}
      {report.accounts.length > 1 && (
        <ul className={css.lines}>
          {report.accounts.map((account) => (
            <li key={account.account_id} className={css.quiet}>
              {account.address}: {number(account.received)} {t('received')}, {number(account.sent)} {t('sent')}, {number(account.unread)} {t('unread')}
            </li>
          ))}
        </ul>
      )}
      {stats.senders.length > 0 && (
        <p className={css.quiet}>{t('senders')}: {stats.senders.map(({ name, address, count }) => `${name || address} (${number(count)})`).join(', ')}</p>
      )}
      <p className={css.sub}>{t('important')}</p>
      {report.important.length === 0 && <p className={css.quiet}>{t('noImportant')}</p>}
      <ul className={css.lines}>
        {report.important.map((mail) => (
          <li key={mail.message_id}>
            <Link href={`/inboxes/${mail.thread_id}`} className={css.line ?? ''}>
              <span className={css.what}>{mail.subject || t('noSubject')}</span>
              <span className={css.quiet}>{[mail.name || mail.address, ...mail.why.filter((why) => why !== 'person').map((why) => t(`why.${why as 'urgent'}`, { defaultValue: '' }))].filter(Boolean).join(' · ')}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Part>
  );
}

const nameOf = (event: ReportEvent): string => `${event.id} ${event.key}`.trim();

function Today({ report }: { report: Report }) {
  const { t } = useTranslation('reports');
  const titles = new Map(report.events.map((event) => [nameOf(event), event.title || t('untitled')]));
  const clashes = new Map<string, string>();
  for (const [first, second] of report.conflicts) {
    clashes.set(first, clashes.get(first) ?? titles.get(second) ?? '');
    clashes.set(second, clashes.get(second) ?? titles.get(first) ?? '');
  }
  return (
    <Part title={t('today')}>
      {report.events.length === 0 && <p className={css.quiet}>{t('noEvents')}</p>}
      <ul className={css.lines}>
        {report.events.map((event) => {
          const clash = clashes.get(nameOf(event));
          const when = event.all_day ? t('allDay') : `${clock(event.start, report.zone)}–${clock(event.end, report.zone)}`;
          return (
            <li key={nameOf(event)}>
              <Link href={`/calendar/day/${report.date}`} className={css.line ?? ''}>
                <span className={css.what}>{event.title || t('untitled')}</span>
                <span className={css.quiet}>{[when, event.location].filter(Boolean).join(' · ')}</span>
                {clash && <span className={css.clash}><TriangleAlert size={16} aria-hidden />{t('clash', { title: clash })}</span>}
              </Link>
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

function Agents({ report }: { report: Report }) {
  const { t } = useTranslation('reports');
  const { actions, read } = report.stats;
  const counts = Object.entries(actions);
  return (
    <Part title={t('agents')}>
      {counts.length === 0 && read === 0 && <p className={css.quiet}>{t('noAgents')}</p>}
      {read > 0 && <p>{t('read', { count: read })}</p>}
      {counts.length > 0 && <p>{counts.map(([state, count]) => `${number(count)} ${t(`state.${state as 'done'}`, { defaultValue: state })}`).join(', ')}</p>}
      <ul className={css.lines}>
        {report.actions.filter(({ why }) => why).map((action) => (
          <li key={action.id} className={css.plain}>
            <span className={css.what}>{action.why}</span>
            <span className={css.quiet}>{t(`state.${action.state as 'done'}`, { defaultValue: action.state })}</span>
          </li>
        ))}
      </ul>
      {(actions.proposed ?? 0) > 0 && <p><Link href="/review">{t('review')}</Link></p>}
    </Part>
  );
}
