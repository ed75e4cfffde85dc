// The card of an invitation in a message: what it asks, how it stands in the calendar, what else is then, and the answer.
import { CalendarX2, MapPin, Repeat, TriangleAlert, Users } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useCollectionName } from '../accounts/collectionName';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { region } from '../i18n';
import { useMirror } from '../store/hooks';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { Field, Select } from '../ui/Field';
import { faultText } from '../ui/fault';
import css from './invitation.module.css';
import { sentence } from './rule';
import { spoken } from './spoken';
import { HERE } from './times';
import type { Answer, Card, CardAct } from './types';
import './words';

const ANSWERS: [Answer, 'accept' | 'maybe' | 'decline'][] = [['ACCEPTED', 'accept'], ['TENTATIVE', 'maybe'], ['DECLINED', 'decline']];
const SAID = ['ACCEPTED', 'DECLINED', 'TENTATIVE'] as const;
/** A burst of events is one reading (milliseconds). */
const SETTLE = 150;

export default function Invitation({ message }: { message: Id }) {
  const { t: common } = useTranslation();
  const [card, again] = useCard(message);
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  async function act(body: CardAct): Promise<void> {
    setBusy(true);
    try {
      await request(`messages/${message}/invitation`, { method: 'POST', key: crypto.randomUUID(), body });
      setFault('');
      await again();
    } catch (error) {
      setFault(faultText(common, error));
    } finally {
      setBusy(false);
    }
  }
  if (!card) return null;
  return <Shown card={card} busy={busy} fault={fault} onAct={(body) => void act(body)} />;
}

interface ShownProps { card: Card; busy: boolean; fault: string; onAct: (body: CardAct) => void }

function Shown({ card, busy, fault, onAct }: ShownProps) {
  const { t } = useTranslation('calendar');
  const { item, instance } = card;
  const off = card.method === 'CANCEL' || card.event?.status === 'CANCELLED';
  return (
    <section className={css.card} aria-label={t('card.label', { title: item.title || t('untitled') })} data-off={off || undefined}>
      {instance && <Leaf start={instance.start} allDay={instance.all_day} />}
      <div className={css.body}>
        <p className={css.kind}>{headline(card, t)}</p>
        <h2 className={css.title}>{item.title || t('untitled')}</h2>
        {instance && <p>{spoken(instance.start, instance.end, instance.all_day, region())}</p>}
        {item.rule && instance && <Line icon={<Repeat size={16} aria-hidden />}>{sentence(item.rule, instance.start.slice(0, 10), t, region())}</Line>}
        {item.location && <Line icon={<MapPin size={16} aria-hidden />}>{item.location}</Line>}
        {item.attendees.length > 1 && <Line icon={<Users size={16} aria-hidden />}>{item.attendees.map(({ name, address }) => (address.toLowerCase() === card.own ? t('card.you') : name || address)).join(', ')}</Line>}
        {card.answer?.comment && <blockquote className={css.comment}>{card.answer.comment}</blockquote>}
        {card.problems.length > 0 && <Notice kind="warn">{t('unreadable', { problems: card.problems.join(', ') })}</Notice>}
        <Doubts card={card} />
        {card.overlaps.length > 0 && !off && (
          <Line icon={<TriangleAlert size={16} aria-hidden />}>{t('overlaps', { titles: card.overlaps.map(({ title }) => title || t('untitled')).join(', ') })}</Line>
        )}
        {fault && <Notice kind="bad">{fault}</Notice>}
        <Acts card={card} busy={busy} onAct={onAct} />
        {card.event && instance && (
          <p className={css.held}>
            <Link href={`/calendar/day/${localDay(card.event.start ?? instance.start)}`}>{t('card.held', { calendar: card.event.calendar })}</Link>
          </p>
        )}
      </div>
    </section>
  );
}

/** The day as a leaf of a calendar. */
function Leaf({ start, allDay }: { start: string; allDay: boolean }) {
  const zone = allDay ? { timeZone: 'UTC' } : {};
  const part = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat(region(), { ...options, ...zone }).format(new Date(start));
  return (
    <div className={css.leaf} aria-hidden>
      <span>{part({ month: 'short' })}</span>
      <strong>{new Date(start)[allDay ? 'getUTCDate' : 'getDate']()}</strong>
      <span>{part({ weekday: 'short' })}</span>
    </div>
  );
}

function Line({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return <p className={css.line}>{icon}<span>{children}</span></p>;
}

type T = ReturnType<typeof useTranslation<'calendar'>>['t'];

function headline(card: Card, t: T): string {
  const who = card.item.organizer?.name || card.item.organizer?.address || card.sender;
  const other = card.answer ? card.answer.name || card.answer.address : '';
  const said = SAID.find((one) => one === card.answer?.status);
  if (card.method === 'CANCEL') return t('card.cancelled', { name: who });
  if (card.method === 'COUNTER') return t('card.counter', { name: other });
  if (card.method === 'DECLINECOUNTER') return t('card.declinedCounter', { name: who });
  if (card.method === 'REPLY') return said ? t(`card.said.${said}`, { name: other }) : t('card.reply', { name: other });
  if (card.organizes) return t('card.mine');
  return card.own ? t('card.invites', { name: who }) : t('card.event');
}

/** What a person should know before they trust it. */
function Doubts({ card }: { card: Card }) {
  const { t } = useTranslation('calendar');
  const { organizer } = card.item;
  const byOrganizer = card.method === 'REQUEST' || card.method === 'CANCEL' || card.method === 'ADD';
  return (
    <>
      {card.outdated && <Notice kind="info">{t('card.outdated')}</Notice>}
      {byOrganizer && organizer && !card.from_organizer && (
        <Notice kind="warn">{t('card.notFromOrganizer', { sender: card.sender, organizer: organizer.address })}</Notice>
      )}
      {card.method === 'REPLY' && card.answer && card.answer.address !== card.sender && (
        <Notice kind="warn">{t('card.notFromThem', { sender: card.sender, name: card.answer.address })}</Notice>
      )}
    </>
  );
}

function Acts({ card, busy, onAct }: Omit<ShownProps, 'fault'>) {
  const { t } = useTranslation('calendar');
  const held = card.event !== null;
  if (card.method === 'COUNTER') {
    if (!card.organizes || !held) return null;
    return (
      <div className={css.acts}>
        <Button look="primary" disabled={busy} onClick={() => onAct({ action: 'accept' })}>{t('card.takeTime')}</Button>
        <Button look="secondary" disabled={busy} onClick={() => onAct({ action: 'refuse' })}>{t('card.keepTime')}</Button>
      </div>
    );
  }
  if (card.method === 'CANCEL') {
    if (!held || card.outdated || card.event?.status === 'CANCELLED') return null;
    return (
      <div className={css.acts}>
        <Button look="secondary" disabled={busy} onClick={() => onAct({ action: 'add' })}><CalendarX2 size={16} aria-hidden /> {t('card.markCancelled')}</Button>
      </div>
    );
  }
  if (card.may_answer && !card.outdated) return <Answering card={card} busy={busy} onAct={onAct} />;
  if ((card.method === 'PUBLISH' || card.method === 'REQUEST') && !held && !card.organizes && card.calendars.length > 0) {
    return <Adding card={card} busy={busy} onAct={onAct} />;
  }
  return null;
}

function Answering({ card, busy, onAct }: Omit<ShownProps, 'fault'>) {
  const { t } = useTranslation('calendar');
  const [calendar, choose] = useState(card.calendar_id ?? '');
  const [comment, setComment] = useState('');
  const [noting, note] = useState(false);
  const mine = SAID.find((one) => one === card.mine);
  return (
    <div className={css.answering}>
      <div className={css.acts} role="group" aria-label={t('card.question')}>
        {ANSWERS.map(([status, word]) => (
          <Button
            key={status}
            look={mine === status ? 'primary' : 'secondary'}
            aria-pressed={mine === status}
            disabled={busy}
            onClick={() => {
              onAct({ action: 'answer', status, calendar_id: calendar || null, comment });
              note(false);
              setComment('');
            }}
          >
            {t(word)}
          </Button>
        ))}
        {!noting && <Button look="link" onClick={() => note(true)}>{t('card.note')}</Button>}
      </div>
      {noting && <Field label={t('card.noteLabel', { name: card.item.organizer?.name || card.item.organizer?.address || '' })} value={comment} maxLength={2000} autoFocus onChange={({ target }) => setComment(target.value)} />}
      {!card.event && <Where card={card} calendar={calendar} onChoose={choose} />}
      <p role="status" className={css.held}>{mine && !busy ? t(`card.youSaid.${mine}`) : ''}</p>
    </div>
  );
}

function Adding({ card, busy, onAct }: Omit<ShownProps, 'fault'>) {
  const { t } = useTranslation('calendar');
  const [calendar, choose] = useState(card.calendar_id ?? '');
  return (
    <div className={css.answering}>
      <Where card={card} calendar={calendar} onChoose={choose} />
      <div className={css.acts}>
        <Button look="secondary" disabled={busy} onClick={() => onAct({ action: 'add', calendar_id: calendar || null })}>{t('card.add')}</Button>
      </div>
    </div>
  );
}

/** Which calendar it goes into, where there is a choice. */
function Where({ card, calendar, onChoose }: { card: Card; calendar: string; onChoose: (id: string) => void }) {
  const { t } = useTranslation('calendar');
  const nameOf = useCollectionName(card.calendars);
  if (card.calendars.length < 2) return null;
  return (
    <Select label={t('calendar')} value={calendar} onChange={({ target }) => onChoose(target.value)}>
      {card.calendars.map((one) => <option key={one.id} value={one.id}>{nameOf(one)}</option>)}
    </Select>
  );
}

const localDay = (start: string): string => (start.length === 10 ? start : new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(start)));

/** The card, read again when something in the calendars changes. */
function useCard(message: Id): [Card | null, () => Promise<void>] {
  const mirror = useMirror();
  const [card, setCard] = useState<Card | null>(null);
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      timer = undefined;
      const found = await readCard(message);
      if (current) setCard((held) => found ?? held);
    };
    void look();
    const end = mirror.onFrame((frame) => {
      if (frame.event.startsWith('calendar:')) timer ??= setTimeout(() => void look(), SETTLE);
    });
    return () => {
      current = false;
      clearTimeout(timer);
      end();
    };
  }, [message, mirror]);
  return [card, async () => setCard((await readCard(message)) ?? card)];
}

async function readCard(message: Id): Promise<Card | null> {
  try {
    return await request<Card>(`messages/${message}/invitation?${new URLSearchParams({ zone: HERE })}`);
  } catch {
    return null; // what cannot be read as an invitation is an attachment, and is shown as one
  }
}
