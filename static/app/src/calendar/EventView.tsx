// One event, or one date of a series: what it says, who takes part, what else is then; and what can be done.
import { AlarmClock, CalendarDays, MapPin, Paperclip, Repeat, Text, Users } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCollectionName } from '../accounts/collectionName';
import { Problem } from '../api/request';
import { request } from '../auth/session';
import { region } from '../i18n';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { remove, reply } from './acts';
import css from './calendar.module.css';
import { Conflict } from './Conflict';
import EventForm, { alarmName } from './EventForm';
import { sentence } from './rule';
import { ScopeDialog } from './ScopeDialog';
import { spoken } from './spoken';
import { HERE } from './times';
import type { Answer, Calendar, Instance, Item, Scope, WholeEvent } from './types';

const ANSWERS: [Answer, 'accept' | 'maybe' | 'decline'][] = [['ACCEPTED', 'accept'], ['TENTATIVE', 'maybe'], ['DECLINED', 'decline']];
const STATUSES = ['ACCEPTED', 'DECLINED', 'TENTATIVE', 'NEEDS-ACTION', 'DELEGATED'] as const;

interface EventViewProps {
  instance: Instance;
  calendars: Calendar[];
  /** Something was changed. */
  onChanged: () => void;
  onClose: () => void;
}

type Loaded = 'loading' | 'gone' | { fault: unknown } | { event: WholeEvent; others: Instance[] };

export function EventView({ instance, calendars, onChanged, onClose }: EventViewProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [loaded, again] = useWhole(instance);
  const [doing, act] = useState<'edit' | 'delete' | null>(null);
  const [fault, setFault] = useState('');
  const done = (): void => {
    onChanged();
    onClose();
  };
  async function erase(scope: Scope): Promise<void> {
    try {
      await remove(instance, scope);
      toast({ text: t('deleted', { title: instance.title || t('untitled') }) });
      done();
    } catch (error) {
      act(null);
      setFault(faultText(common, error));
    }
  }
  async function answer(status: Answer): Promise<void> {
    try {
      await reply(instance, status);
      decided();
    } catch (error) {
      setFault(faultText(common, error));
    }
  }
  const decided = (): void => {
    onChanged();
    again();
  };
  const title = instance.title || t('untitled');
  if (doing === 'edit' && typeof loaded === 'object' && 'event' in loaded && loaded.event.item) {
    return <EventForm calendars={calendars.filter(({ writable, events }) => writable && events)} event={{ ...loaded.event, item: loaded.event.item }} instance={instance} onDone={done} onClose={() => act(null)} />;
  }
  if (doing === 'delete' && instance.repeats) return <ScopeDialog deletes onChosen={(scope) => void erase(scope)} onClose={() => act(null)} />;
  if (doing === 'delete') {
    return (
      <Dialog title={t('deleteTitle', { title })} alert onClose={() => act(null)}>
        <p>{t('deleteBody')}</p>
        {tells(loaded, calendars) && <p>{t('deleteTells')}</p>}
        <DialogActions>
          <Button onClick={() => act(null)} autoFocus>{common('common.cancel')}</Button>
          <Button look="danger" onClick={() => void erase('all')}>{t('delete')}</Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title={title} onClose={onClose}>
      {fault && <Notice kind="bad">{fault}</Notice>}
      {loaded === 'gone' && <Notice kind="warn">{t('gone')}</Notice>}
      {typeof loaded === 'object' && 'fault' in loaded && <Notice kind="bad">{faultText(common, loaded.fault)}</Notice>}
      {typeof loaded === 'object' && 'event' in loaded && (
        <>
          <Told instance={instance} event={loaded.event} others={loaded.others} calendars={calendars} onAnswer={(status) => void answer(status)} onDecided={decided} />
          <DialogActions>
            {loaded.event.writable ? (
              <>
                <Button look="quiet" onClick={() => act('delete')}>{t('delete')}</Button>
                <Button look="primary" onClick={() => act('edit')}>{t('edit')}</Button>
              </>
            ) : <p className={css.quiet}>{t('readOnly')}</p>}
          </DialogActions>
        </>
      )}
    </Dialog>
  );
}

/** Whether those invited are told by mail when it is deleted. */
function tells(loaded: Loaded, calendars: Calendar[]): boolean {
  if (typeof loaded !== 'object' || 'fault' in loaded) return false;
  const { item, own, collection_id: place } = loaded.event;
  const others = item?.attendees.some(({ address }) => address.toLowerCase() !== own.toLowerCase());
  return item?.organizer?.address.toLowerCase() === own.toLowerCase() && others === true && calendars.find(({ id }) => id === place)?.schedules === false;
}

interface ToldProps { instance: Instance; event: WholeEvent; others: Instance[]; calendars: Calendar[]; onAnswer: (status: Answer) => void; onDecided: () => void }

function Told({ instance, event, others, calendars, onAnswer, onDecided }: ToldProps) {
  const { t } = useTranslation('calendar');
  const { item } = event;
  const calendar = calendars.find(({ id }) => id === event.collection_id);
  const nameOf = useCollectionName(calendars);
  if (!item) return null;
  const mine = item.attendees.find(({ address }) => address.toLowerCase() === event.own.toLowerCase());
  const invited = mine && item.organizer && item.organizer.address.toLowerCase() !== event.own.toLowerCase();
  const from = instance.start.slice(0, 10);
  return (
    <div className={css.told}>
      {item.status === 'CANCELLED' && <Notice kind="warn">{t('cancelled')}</Notice>}
      {event.conflict && <Conflict key={event.rev} event={event} onDecided={onDecided} />}
      {event.problems.length > 0 && <Notice kind="warn">{t('unreadable', { problems: event.problems.join(', ') })}</Notice>}
      {event.pending && !event.conflict && <p role="status" className={css.quiet}>{t('pending')}</p>}
      <Row icon={<CalendarDays size={16} aria-hidden />}>
        <p>{spoken(instance.start, instance.end, instance.all_day, region())}</p>
        {!instance.all_day && instance.zone && instance.zone !== HERE && <p className={css.quiet}>{instance.zone.replaceAll('_', ' ')}</p>}
      </Row>
      {event.rule && (
        <Row icon={<Repeat size={16} aria-hidden />}>
          <p>{sentence(event.rule, from, t, region())}</p>
          {event.next && event.next.length > 0 && <p className={css.quiet}>{t('nextDates', { dates: event.next.map(({ start }) => short(start, region())).join(' · ') })}</p>}
        </Row>
      )}
      {item.location && <Row icon={<MapPin size={16} aria-hidden />}><p>{item.location}</p></Row>}
      {others.length > 0 && <Notice kind="info">{t('overlaps', { titles: others.map((other) => other.title || t('untitled')).join(', ') })}</Notice>}
      {invited && item.organizer && (
        <div className={css.answer}>
          <p>{t('invited', { name: item.organizer.name || item.organizer.address })}</p>
          <div role="group" className={css.answers}>
            {ANSWERS.map(([status, word]) => (
              <Button key={status} look={mine.status === status ? 'primary' : 'secondary'} aria-pressed={mine.status === status} onClick={() => onAnswer(status)}>{t(word)}</Button>
            ))}
          </div>
        </div>
      )}
      <People item={item} />
      {item.alarms.length > 0 && <Row icon={<AlarmClock size={16} aria-hidden />}><p>{item.alarms.map((minutes) => alarmName(minutes, t)).join(' · ')}</p></Row>}
      {item.description && <Row icon={<Text size={16} aria-hidden />}><p className={css.text}>{item.description}</p></Row>}
      {item.attachments.length > 0 && (
        <Row icon={<Paperclip size={16} aria-hidden />}>
          {item.attachments.map((one, index) => <p key={`${index}:${one.name}`}>{one.name || one.media_type}</p>)}
        </Row>
      )}
      {calendar && calendars.length > 1 && <p className={css.quiet}>{nameOf(calendar)}</p>}
    </div>
  );
}

function Row({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return <div className={css.row}>{icon}<div>{children}</div></div>;
}

function People({ item }: { item: Item }) {
  const { t } = useTranslation('calendar');
  if (item.attendees.length === 0) return null;
  const organizer = item.organizer?.address.toLowerCase();
  const apart = item.organizer && !item.attendees.some(({ address }) => address.toLowerCase() === organizer) ? [item.organizer] : [];
  return (
    <Row icon={<Users size={16} aria-hidden />}>
      <ul className={css.people} aria-label={t('people')}>
        {[...apart, ...item.attendees].map(({ address, name, status }) => {
          const known = STATUSES.find((one) => one === status) ?? 'NEEDS-ACTION';
          return (
            <li key={address}>
              <span>{name || address}</span>
              <span className={css.quiet}>{address.toLowerCase() === organizer ? t('organizes') : t(`status.${known}`)}</span>
            </li>
          );
        })}
      </ul>
    </Row>
  );
}

const short = (start: string, locale: string): string =>
  new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', ...(start.length === 10 ? { timeZone: 'UTC' } : {}) }).format(new Date(start));

/** The event behind an instance, and what else is then; read again when it changes. */
function useWhole(instance: Instance): [Loaded, () => void] {
  const [loaded, setLoaded] = useState<Loaded>('loading');
  const [turn, setTurn] = useState(0);
  const { id, key, start, end, rev, all_day: allDay } = instance;
  useEffect(() => {
    let current = true;
    const ask = async (): Promise<void> => {
      try {
        const event = request<WholeEvent>(`events/${id}?${new URLSearchParams({ zone: HERE, ...(key ? { key } : {}) })}`);
        const window = new URLSearchParams({ from: start, to: end, zone: HERE, without: id });
        const others = allDay || start === end ? { items: [] } : await request<{ items: Instance[] }>(`events/overlaps?${window}`);
        const found = { event: await event, others: others.items.filter((other) => !other.all_day) };
        if (current) setLoaded(found);
      } catch (fault) {
        if (current) setLoaded(fault instanceof Problem && fault.status === 404 ? 'gone' : { fault });
      }
    };
    void ask();
    return () => {
      current = false;
    };
  }, [id, key, start, end, rev, allDay, turn]);
  return [loaded, () => setTurn((now) => now + 1)];
}
