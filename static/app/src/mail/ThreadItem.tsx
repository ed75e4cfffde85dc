// One row of a conversation list. Order fixed: unread dot, avatar, sender, count, subject and snippet, attachment, time.
import { Paperclip, Star } from 'lucide-react';
import { memo, type MouseEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from 'wouter/use-browser-location';
import type { Id, ThreadRow } from '../api/types';
import { fullDate, listDate } from '../i18n/format';
import { useThread } from '../store/hooks';
import { Avatar } from '../ui/Feedback';
import css from './row.module.css';
import { participantNames, personName } from './names';

interface ThreadItemProps {
  id: Id;
  /** Milliseconds the list orders this row by. */
  at: number;
  href: string;
  open: boolean;
  cursor: boolean;
  tabbable: boolean;
  /** In place of the thread's own snippet: the place a search matched. */
  snippet?: ReactNode;
}

export const ThreadItem = memo(function ThreadItem({ id, at, href, open, cursor, tabbable, snippet }: ThreadItemProps) {
  const { t } = useTranslation();
  const row = useThread(id);
  if (!row) return <PlaceholderRow index={0} />;
  const when = new Date(at).toISOString();
  const face = row.participants.findLast((person) => !person.me) ?? row.participants.at(-1);
  const unread = row.unread > 0;
  return (
    <a
      href={href}
      className={css.row}
      onClick={(event) => follow(event, href)}
      data-thread={id}
      data-unread={unread || undefined}
      data-cursor={cursor || undefined}
      aria-current={open ? 'true' : undefined}
      tabIndex={tabbable ? 0 : -1}
      draggable={false}
    >
      <span className={css.dot} aria-hidden />
      <span className={css.face}><Avatar name={face ? personName(face) : ''} address={face?.address ?? ''} /></span>
      <span className={css.who}>
        <span className={css.names}>{participantNames(t, row.participants)}</span>
        {row.count > 1 && <span className={css.count} data-num><span aria-hidden>{row.count}</span><span className="vh">{t('list.messages', { count: row.count })}</span></span>}
      </span>
      <span className={css.subject}>{row.subject || t('list.noSubject')}</span>
      <span className={css.third}>
        <span className={css.snippet}>{snippet ?? row.snippet}</span>
        <Marks row={row} />
      </span>
      <time className={css.time} dateTime={when} title={fullDate(when)}>{listDate(when)}</time>
      {unread && <span className="vh">{t('list.isUnread')}</span>}
    </a>
  );
});

/** A router link would listen to the address in every row; a plain one only acts when it is clicked. */
function follow(event: MouseEvent, href: string): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
  event.preventDefault();
  navigate(href);
}

function Marks({ row }: { row: ThreadRow }) {
  const { t } = useTranslation();
  if (!row.flagged && !row.has_attachment) return null;
  return (
    <span className={css.marks}>
      {row.flagged && <Star className={css.star} size={16} role="img" aria-label={t('list.isFlagged')} />}
      {row.has_attachment && <Paperclip size={16} role="img" aria-label={t('list.hasAttachment')} />}
    </span>
  );
}

const WIDTHS = ['62%', '48%', '71%', '55%', '66%'];

/** The geometry of a row that is not here yet; static, and shown only after a moment. */
export function PlaceholderRow({ index }: { index: number }) {
  const width = WIDTHS[index % WIDTHS.length]!;
  return (
    <span className={css.placeholder} aria-hidden>
      <span className={css.dot} />
      <span className={css.face}><span className={css.blankFace} /></span>
      <span className={css.who}><span className={css.blank} style={{ width: '40%' }} /></span>
      <span className={css.subject}><span className={css.blank} style={{ width }} /></span>
      <span className={css.third}><span className={css.blank} style={{ width: '80%' }} /></span>
    </span>
  );
}
