// Making an event, or changing one: only the fields that were changed are sent.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { useCollectionName } from '../accounts/collectionName';
import { Problem } from '../api/request';
import type { Id } from '../api/types';
import { region } from '../i18n';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { Field, Select } from '../ui/Field';
import { faultText } from '../ui/fault';
import uiCss from '../ui/ui.module.css';
import { change, make, move } from './acts';
import css from './calendar.module.css';
import { fieldNames, LABELS, said } from './said';
import { quick } from './quick';
import { chosen, repeatName, REPEATS, ruleOf, type Chosen, type Repeat } from './rule';
import { ScopeDialog } from './ScopeDialog';
import { fieldsOf, HERE, sensible, startingAt, whenOf, type Fields } from './times';
import type { Calendar, EventChange, Instance, Item, Scope, WholeEvent } from './types';

const ALARMS = [0, 5, 10, 15, 30, 60, 120, 1440, 2880];
const ADDRESS = /^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+$/;

export interface Draft { start: string; end: string; all_day: boolean }

interface EventFormProps {
  calendars: Calendar[];
  /** When a new one is to take place; its title may name another day and time when `free`. */
  draft?: Draft & { free: boolean };
  event?: WholeEvent & { item: NonNullable<WholeEvent['item']> };
  instance?: Instance;
  onDone: () => void;
  onClose: () => void;
}

interface Values { title: string; location: string; description: string; guests: string; alarm: string; busy: boolean; tell: boolean; calendar: Id; times: Fields; repeat: Chosen }

function filled({ calendars, draft, event, instance }: EventFormProps): Values {
  const item = event?.item;
  const times = fieldsOf(instance ?? { ...(draft as Draft), zone: HERE });
  return {
    title: item?.title ?? '', location: item?.location ?? '', description: item?.description ?? '',
    guests: (item?.attendees ?? []).filter(({ address }) => address.toLowerCase() !== item?.organizer?.address.toLowerCase()).map(({ address }) => address).join(', '),
    alarm: item?.alarms.length ? String(item.alarms[0]) : '', busy: item?.busy ?? true, tell: true,
    calendar: event?.collection_id ?? calendars[0]?.id ?? '', times, repeat: chosen(event?.rule ?? '', times.startDate),
  };
}

const people = (guests: string): string[] => guests.split(/[,;\n]/).map((one) => one.trim()).filter(Boolean);

function changeOf(before: Values, now: Values, event: WholeEvent | undefined): EventChange {
  const told: EventChange = {};
  for (const field of ['title', 'location', 'description'] as const) if (now[field] !== before[field]) told[field] = now[field];
  if (now.busy !== before.busy) told.busy = now.busy;
  if (now.alarm !== before.alarm) told.alarms = now.alarm === '' ? [] : [Number(now.alarm)];
  if (!event || JSON.stringify(now.times) !== JSON.stringify(before.times)) Object.assign(told, whenOf(now.times));
  const zone = now.times.allDay ? null : now.times.zone;
  const rule = ruleOf(now.repeat, now.times.startDate, event?.rule ?? '', zone);
  if (JSON.stringify(now.repeat) !== JSON.stringify(before.repeat) && rule !== (event?.rule ?? '')) told.rule = rule;
  if (now.guests !== before.guests) {
    const held = new Map((event?.item?.attendees ?? []).map((one) => [one.address.toLowerCase(), one]));
    const organizer = event?.item?.organizer?.address.toLowerCase();
    const kept = organizer && held.has(organizer) ? [held.get(organizer)!] : [];
    told.attendees = [...kept, ...people(now.guests).map((address) => held.get(address.toLowerCase()) ?? { address, name: '', rsvp: true })];
  }
  if (!now.tell && Object.keys(told).length > 0) told.tell = false;
  return told;
}

/** Of what was seen, what an edit is about. */
const picked = (seen: Partial<Item>, fields: EventChange): Partial<Item> =>
  Object.fromEntries(Object.entries(seen).filter(([field]) => field in fields && field !== 'rule'));

export default function EventForm(props: EventFormProps) {
  const { calendars, draft, event, instance, onDone, onClose } = props;
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [before] = useState(() => filled(props));
  const [values, setValues] = useState(before);
  const [whole, showWhole] = useState(event !== undefined);
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const [asking, ask] = useState<EventChange | null>(null);
  // What the person has seen of the event: what somebody else changes meanwhile is not overwritten before it was.
  const [seen, see] = useState<Partial<Item>>(event?.item ?? {});
  const set = (part: Partial<Values>): void => setValues((now) => ({ ...now, ...part }));
  const setTimes = (part: Partial<Fields>): void => set({ times: { ...values.times, ...part } });

  async function send(fields: EventChange, scope: Scope): Promise<void> {
    ask(null);
    setBusy(true);
    setFault('');
    try {
      if (!event || !instance) await make(values.calendar, fields);
      else {
        if (Object.keys(fields).length > 0) await change(instance, scope, { ...fields, seen: picked(seen, fields) });
        if (values.calendar !== before.calendar) await move(event.id, values.calendar);
      }
      onDone();
    } catch (error) {
      if (error instanceof Problem && error.code === 'changed_meanwhile') {
        const current = error.document.current as Partial<Item>;
        see({ ...seen, ...current });
        setFault(t('meanwhile', { values: fieldNames(current).map((field) => `${t(LABELS[field])}: ${said({ ...event!.item!, ...current }, field, t) || t('nothing')}`).join(' · ') }));
      } else setFault(faultText(common, error));
      setBusy(false);
    }
  }

  function save(submit: FormEvent): void {
    submit.preventDefault();
    let now = values;
    // What the person chose in the fields stands, whatever the title says.
    if (draft?.free && values.times === before.times) now = { ...values, ...read(values) };
    if (!now.title.trim()) return setFault(t('needTitle'));
    if (!sensible(now.times)) return setFault(t('needTimes'));
    const wrong = people(now.guests).find((address) => !ADDRESS.test(address));
    if (wrong) return setFault(t('badGuest', { address: wrong }));
    const fields = changeOf(before, now, event);
    const nothing = Object.keys(fields).length === 0;
    if (event && nothing && now.calendar === before.calendar) return onClose();
    // A rule is of the whole series: only from one date on, or for all, can it become another.
    if (event?.repeats && instance?.key && !nothing) return ask(fields);
    void send(fields, 'all');
  }

  const { times } = values;
  const nameOf = useCollectionName(calendars);
  const place = calendars.find(({ id }) => id === values.calendar);
  const guests = people(values.guests).length > 0 || people(before.guests).length > 0;
  const heading = event ? t('edit') : t('add');
  if (asking) return <ScopeDialog onChosen={(scope) => void send(asking, scope)} onClose={() => ask(null)} />;
  return (
    <Dialog title={heading} onClose={onClose}>
      <form className={css.form} onSubmit={save} aria-label={heading}>
        {fault && <Notice kind="bad">{fault}</Notice>}
        <Field label={t('name')} value={values.title} maxLength={1000} autoFocus hint={draft?.free && !whole ? t('quickHint') : undefined} onChange={({ target }) => set({ title: target.value })} />
        <label className={css.check}>
          <input type="checkbox" checked={times.allDay} onChange={({ target }) => setTimes({ allDay: target.checked })} />
          <span>{t('wholeDay')}</span>
        </label>
        <div className={css.pair}>
          <Field label={t('starts')} type="date" required value={times.startDate} onChange={({ target }) => set({ times: startingAt(times, { startDate: target.value }) })} />
          {!times.allDay && <Field label={t('startTime')} type="time" required value={times.startTime} onChange={({ target }) => set({ times: startingAt(times, { startTime: target.value }) })} />}
        </div>
        <div className={css.pair}>
          <Field label={t('ends')} type="date" required value={times.endDate} min={times.startDate} onChange={({ target }) => setTimes({ endDate: target.value })} />
          {!times.allDay && <Field label={t('endTime')} type="time" required value={times.endTime} onChange={({ target }) => setTimes({ endTime: target.value })} />}
        </div>
        {whole && (
          <>
            {!times.allDay && <ZoneField zone={times.zone} onZone={(zone) => setTimes({ zone })} />}
            <RepeatFields repeat={values.repeat} date={times.startDate} locale={region()} onRepeat={(repeat) => set({ repeat })} />
            <Field label={t('location')} value={values.location} maxLength={1000} onChange={({ target }) => set({ location: target.value })} />
            <Field label={t('guests')} value={values.guests} hint={t('guestsHint')} autoComplete="off" onChange={({ target }) => set({ guests: target.value })} />
            {guests && place && !place.schedules && (
              <label className={css.check}>
                <input type="checkbox" checked={values.tell} onChange={({ target }) => set({ tell: target.checked })} />
                <span>{t('tellGuests')}</span>
              </label>
            )}
            <div className={css.pair}>
              <Select label={t('alarm')} value={values.alarm} onChange={({ target }) => set({ alarm: target.value })}>
                <option value="">{t('alarms.none')}</option>
                {[...new Set([...ALARMS, ...(values.alarm ? [Number(values.alarm)] : [])])].toSorted((a, b) => a - b).map((minutes) => <option key={minutes} value={minutes}>{alarmName(minutes, t)}</option>)}
              </Select>
              <Select label={t('showAs')} value={values.busy ? 'busy' : 'free'} onChange={({ target }) => set({ busy: target.value === 'busy' })}>
                <option value="busy">{t('busyAs')}</option>
                <option value="free">{t('freeAs')}</option>
              </Select>
            </div>
            <label className={css.area}>
              <span className={uiCss.label}>{t('description')}</span>
              <textarea className={uiCss.input} rows={4} maxLength={100_000} value={values.description} onChange={({ target }) => set({ description: target.value })} />
            </label>
          </>
        )}
        {calendars.length > 1 && (
          <Select label={t('calendar')} value={values.calendar} onChange={({ target }) => set({ calendar: target.value })}>
            {calendars.map((calendar) => <option key={calendar.id} value={calendar.id}>{nameOf(calendar)}</option>)}
          </Select>
        )}
        <DialogActions>
          {!whole && <Button look="quiet" onClick={() => showWhole(true)}>{t('moreOptions')}</Button>}
          <Button onClick={onClose}>{common('common.cancel')}</Button>
          <Button look="primary" type="submit" disabled={busy}>{busy ? t('saving') : t('save')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** The day, time and length that a title names. */
function read(values: Values): Pick<Values, 'title' | 'times'> {
  const found = quick(values.title, Temporal.Now.plainDateISO());
  if (!found.date && !found.time) return values;
  const date = found.date ?? values.times.startDate;
  if (!found.time) return { title: found.title, times: { ...values.times, allDay: true, startDate: date, endDate: date } };
  const start = Temporal.PlainDateTime.from(`${date}T${found.time}`);
  const end = start.add({ minutes: found.minutes ?? 60 });
  const clock = (moment: Temporal.PlainDateTime): string => moment.toPlainTime().toString({ smallestUnit: 'minute' });
  return {
    title: found.title,
    times: { ...values.times, allDay: false, startDate: date, startTime: clock(start), endDate: end.toPlainDate().toString(), endTime: clock(end) },
  };
}

export function alarmName(minutes: number, t: ReturnType<typeof useTranslation<'calendar'>>['t']): string {
  if (minutes === 0) return t('alarms.at');
  if (minutes % 1440 === 0) return t('alarms.days', { count: minutes / 1440 });
  if (minutes % 60 === 0) return t('alarms.hours', { count: minutes / 60 });
  return t('alarms.minutes', { count: minutes });
}

function ZoneField({ zone, onZone }: { zone: string; onZone: (zone: string) => void }) {
  const { t } = useTranslation('calendar');
  const [zones] = useState(() => [...new Set([HERE, 'UTC', ...Intl.supportedValuesOf('timeZone'), ...(zone ? [zone] : [])])]);
  return (
    <Select label={t('zone')} value={zone} onChange={({ target }) => onZone(target.value)}>
      <option value="">{t('noZone')}</option>
      {zones.map((name) => <option key={name} value={name}>{name.replaceAll('_', ' ')}</option>)}
    </Select>
  );
}

interface RepeatFieldsProps { repeat: Chosen; date: string; locale: string; onRepeat: (repeat: Chosen) => void }

function RepeatFields({ repeat, date, locale, onRepeat }: RepeatFieldsProps) {
  const { t } = useTranslation('calendar');
  if (!date) return null;
  const { ends } = repeat;
  const fifth = Math.ceil(Temporal.PlainDate.from(date).day / 7) === 5;
  const choices = REPEATS.filter((one) => one !== 'nth' || !fifth);
  return (
    <>
      <Select label={t('repeats')} value={repeat.repeat} onChange={({ target }) => onRepeat({ ...repeat, repeat: target.value as Repeat })}>
        {choices.map((one) => <option key={one} value={one}>{repeatName(one, date, t, locale)}</option>)}
        {(repeat.repeat === 'other' || (repeat.repeat === 'nth' && fifth)) && <option value={repeat.repeat}>{repeatName(repeat.repeat, date, t, locale)}</option>}
      </Select>
      {repeat.repeat !== 'never' && (
        <div className={css.pair}>
          <Select label={t('until')} value={ends.kind} onChange={({ target }) => onRepeat({ ...repeat, ends: { ...ends, kind: target.value as typeof ends.kind } })}>
            <option value="never">{t('untilNever')}</option>
            <option value="until">{t('untilDate')}</option>
            <option value="count">{t('untilCount')}</option>
          </Select>
          {ends.kind === 'until' && <Field label={t('lastDay')} type="date" required min={date} value={ends.until} onChange={({ target }) => onRepeat({ ...repeat, ends: { ...ends, until: target.value } })} />}
          {ends.kind === 'count' && <Field label={t('times')} type="number" required min={1} max={999} value={ends.count} onChange={({ target }) => onRepeat({ ...repeat, ends: { ...ends, count: Number(target.value) } })} />}
        </div>
      )}
    </>
  );
}
