// One row of a conversation list. Order fixed: unread dot, avatar, sender, count, subject and snippet, labels, attachment,
// time. A box to choose it lies over the avatar, its actions over the time, so nothing moves when they show.
import { Archive, CircleAlert, Clock, Paperclip, Star } from 'lucide-react';
import type { TFunction } from 'i18next';
import { Suspense, lazy, memo, type MouseEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from 'wouter/use-browser-location';
import type { Id, ThreadRow } from '../api/types';
import { fullDate, listDate } from '../i18n/format';
import type { Entry } from '../store/entry';
import { useFailure, useMirror, useThread } from '../store/hooks';
import { Avatar } from '../ui/Feedback';
import { Button } from '../ui/Button';
import { useHot } from './act/hot';
import { isLabel, labelName } from './act/labels';
import type { ActionId } from './act/place';
import { RowActions } from './act/RowActions';
import { selection, useSelected } from './act/selection';
import { snoozedText } from './act/snoozeTimes';
import css from './row.module.css';
import { participantNames, personName } from './names';

const RowMark = lazy(() => import('../agents/RowMark'));

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
  /** What can be done to it in place. */
  offers?: readonly ActionId[];
  /** The rows from one to the other, both included, for a choice with Shift. */
  between?: ((from: Id, to: Id) => Id[]) | undefined;
}

const NOTHING: readonly ActionId[] = [];

export const ThreadItem = memo(function ThreadItem({ offers = NOTHING, between, ...props }: ThreadItemProps) {
  const { t } = useTranslation();
  const { id, tabbable } = props;
  const row = useThread(id);
  const selected = useSelected(id);
  const hot = useHot(id);
  const failure = useFailure(id);
  if (!row) return <PlaceholderRow index={0} />;
  const choose = (range: boolean): void => (range && between ? selection.extendTo(id, between) : selection.toggle(id));
  return (
    <div className={css.holder} data-row={id} data-selected={selected || undefined} data-hot={(hot && offers.length > 0) || undefined}>
      <span className={css.swiped} aria-hidden><Archive size={20} /><Archive size={20} /></span>
      <Row {...props} t={t} row={row} selected={selected} onChoose={choose} />
      {between && (
        <label className={css.check}>
          <input
            type="checkbox"
            checked={selected}
            tabIndex={tabbable ? 0 : -1}
            aria-label={t('select.one', { subject: row.subject || t('list.noSubject') })}
            onChange={(event) => choose('shiftKey' in event.nativeEvent && event.nativeEvent.shiftKey === true)}
          />
        </label>
      )}
      {hot && <RowActions id={id} offers={offers} />}
      {failure && <Failure id={id} {...failure} />}
    </div>
  );
});

interface RowProps extends Omit<ThreadItemProps, 'offers' | 'between'> {
  /** Asked for once a row: every asking follows the language by itself. */
  t: TFunction;
  row: ThreadRow;
  selected: boolean;
  onChoose: (range: boolean) => void;
}

function Row({ t, id, at, href, open, cursor, tabbable, snippet, row, selected, onChoose }: RowProps) {
  const when = new Date(at).toISOString();
  const face = row.participants.findLast((person) => !person.me) ?? row.participants.at(-1);
  const unread = row.unread > 0;
  return (
    <a
      href={href}
      className={css.row}
      onClick={(event) => follow(event, href, onChoose)}
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
        <Labels t={t} keywords={row.keywords} />
        <span className={css.snippet}><Suspense fallback={null}><RowMark thread={id} /></Suspense>{snippet ?? row.snippet}</span>
        <Marks t={t} row={row} />
      </span>
      <time className={css.time} dateTime={when} title={fullDate(when)}>{listDate(when)}</time>
      {unread && <span className="vh">{t('list.isUnread')}</span>}
      {selected && <span className="vh">{t('select.count', { count: 1 })}</span>}
    </a>
  );
}

/**
 * A router link would listen to the address in every row; a plain one only acts when it is clicked. With Shift it
 * chooses, and so it does under a finger once something is chosen.
 */
function follow(event: MouseEvent, href: string, choose: (range: boolean) => void): void {
  if (event.metaKey || event.ctrlKey || event.altKey || event.button !== 0) return;
  event.preventDefault();
  if (event.shiftKey) choose(true);
  else if (selection.ids().size > 0 && matchMedia('(pointer: coarse)').matches) choose(false);
  else navigate(href);
}

/** The last command on this conversation was not done: why, and another try. */
function Failure({ id, entry, sentence }: { id: Id; entry: Entry | null; sentence: string }) {
  const { t } = useTranslation();
  const mirror = useMirror();
  return (
    <span className={css.failure} role="alert">
      <CircleAlert size={16} aria-hidden />
      <span className={css.failureText} title={sentence}>{t('act.failedRow', { reason: sentence })}</span>
      {entry && <Button look="link" onClick={() => mirror.outbox.again(entry)}>{t('common.retry')}</Button>}
      <Button look="link" onClick={() => mirror.outbox.dismissFailure(id)}>{t('act.dismiss')}</Button>
    </span>
  );
}

const LABELS_SHOWN = 2;

function Labels({ t, keywords }: { t: TFunction; keywords: string[] | undefined }) {
  const labels = (keywords ?? []).filter((word) => isLabel(word));
  if (labels.length === 0) return null;
  const more = labels.length - LABELS_SHOWN;
  return (
    <span className={css.labels}>
      {labels.slice(0, LABELS_SHOWN).map((label) => <span key={label} className={css.label}>{labelName(label)}</span>)}
      {more > 0 && <span className={css.label} title={labels.map((label) => labelName(label)).join(', ')}><span aria-hidden>+{more}</span><span className="vh">{t('list.moreLabels', { count: more })}</span></span>}
    </span>
  );
}

function Marks({ t, row }: { t: TFunction; row: ThreadRow }) {
  if (!row.flagged && !row.has_attachment && !row.snoozed_until) return null;
  return (
    <span className={css.marks}>
      {row.snoozed_until && <Clock size={16} role="img" aria-label={t('act.snoozed', { when: snoozedText(row.snoozed_until) })} />}
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
