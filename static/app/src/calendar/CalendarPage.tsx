// The calendar: a day, a week, a month or an agenda of all accounts; events are made, moved and made longer in place.
import { CalendarDays, CalendarX2, ChevronLeft, ChevronRight, CloudOff, Plus } from 'lucide-react';
import { useEffect, useId, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { useLocation, useSearchParams } from 'wouter';
import { useCollectionName } from '../accounts/collectionName';
import { useComing } from '../accounts/coming';
import type { Id } from '../api/types';
import { region } from '../i18n';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { remember, remembered, rememberedSet } from '../shell/preferences';
import { usePhone } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import { Button, IconButton } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { change } from './acts';
import css from './calendar.module.css';
import { CalendarSearch } from './CalendarSearch';
import { Diary } from './diary';
import EventForm, { type Draft } from './EventForm';
import FileMenu from './FileMenu';
import { EventView } from './EventView';
import { AGENDA, Grid, type Move } from './Grid';
import { hueOf } from './hues';
import { ScopeDialog } from './ScopeDialog';
import { Tasks } from './Tasks';
import { HERE } from './times';
import type { Calendar, Instance, Scope } from './types';
import './words';

export const VIEWS = ['day', 'week', 'month', 'agenda'] as const;
export type View = (typeof VIEWS)[number];

interface CalendarPageProps {
  view: string | undefined;
  date: string | undefined;
  onMenu: () => void;
}

export default function CalendarPage({ view: asked, date: on, onMenu }: CalendarPageProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [, navigate] = useLocation();
  const phone = usePhone();
  const tasks = asked === 'tasks';
  const view = VIEWS.find((one) => one === asked) ?? (phone ? 'agenda' : 'week');
  const date = dateOf(on);
  const diary = useDiary(view, date);
  const [hidden, setHidden] = useState<ReadonlySet<Id>>(() => new Set(rememberedSet('calendars-hidden')));
  const [open, show] = useState<Instance | null>(null);
  const [draft, write] = useState<(Draft & { free: boolean }) | null>(null);
  const [move, ask] = useState<Move | null>(null);
  const [query, setQuery] = useState('');
  const [params, setParams] = useSearchParams();
  const [other, setOther] = useState(() => remembered('calendar-zone') ?? '');

  const go = (to: Temporal.PlainDate, as: View = view): void => navigate(`/calendar/${as}/${to.toString()}`);
  const step = (by: number): void => go(stepped(date, view, by));
  const today = Temporal.Now.plainDateISO();
  const writable = diary.calendars.filter((calendar) => calendar.writable && calendar.events);
  const begin = (): void => write({ ...nextHour(date, today), free: true });
  useCommand('compose.new', begin, writable.length > 0);
  useCommand('calendar.today', () => go(today));
  useCommand('list.next', () => step(1));
  useCommand('list.previous', () => step(-1));
  useCommand('calendar.day', () => go(date, 'day'));
  useCommand('calendar.week', () => go(date, 'week'));
  useCommand('calendar.month', () => go(date, 'month'));
  useCommand('calendar.agenda', () => go(date, 'agenda'));

  // A link to one event: opened as soon as its day is known.
  const linked = params.get('event');
  const found = linked ? diary.instances.find(({ id, key }) => key === linked || id === linked) : undefined;
  useEffect(() => {
    if (!found) return;
    show(found);
    setParams({}, { replace: true });
  }, [found, setParams]);

  async function carry(wanted: Move, scope: Scope): Promise<void> {
    ask(null);
    try {
      await change(wanted.instance, scope, { start: wanted.start, end: wanted.end });
      await diary.now();
    } catch (error) {
      wanted.revert();
      toast({ text: faultText(common, error) });
    }
  }
  const moved = (wanted: Move): void => {
    if (wanted.instance.repeats && wanted.instance.key) ask(wanted);
    else void carry(wanted, 'all');
  };
  const toggle = (id: Id): void => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setHidden(next);
    remember('calendars-hidden', JSON.stringify([...next]));
  };

  const places = new Map(diary.calendars.map((calendar, place) => [calendar.id, { calendar, hue: hueOf(calendar, place) }]));
  const shown = diary.instances.filter(({ collection_id: id }) => !hidden.has(id));
  const left = diary.calendars.reduce((sum, { remaining }) => sum + remaining, 0);
  const coming = useComing('calendar');
  const nothing = diary.state === 'known' && diary.calendars.length === 0;
  return (
    <section className={css.page} aria-label={t('title')}>
      <header className={css.head}>
        {phone && <MenuButton onMenu={onMenu} />}
        <h1 className={css.title}>{tasks ? t('tasks') : titleOf(date, view, region())}</h1>
        {!tasks && (
          <>
            <div className={css.move}>
              <IconButton label={t('previous')} keys="k" onClick={() => step(-1)}><ChevronLeft size={20} aria-hidden /></IconButton>
              <Button onClick={() => go(today)} data-tip={t('today')} data-tip-keys="t">{t('today')}</Button>
              <IconButton label={t('next')} keys="j" onClick={() => step(1)}><ChevronRight size={20} aria-hidden /></IconButton>
            </div>
            <input className={css.date} type="date" aria-label={t('whenTo')} value={date.toString()} onChange={({ target }) => target.value && go(Temporal.PlainDate.from(target.value))} />
          </>
        )}
        <div className={css.views} role="group" aria-label={t('view')}>
          {VIEWS.map((one) => (
            <button key={one} type="button" className={css.view} aria-pressed={one === view && !tasks} onClick={() => go(date, one)}>{t(one)}</button>
          ))}
          {diary.calendars.some((calendar) => calendar.tasks) && (
            <button type="button" className={css.view} aria-pressed={tasks} onClick={() => navigate('/calendar/tasks')}>{t('tasks')}</button>
          )}
        </div>
        {!tasks && <CalendarSearch query={query} onQuery={setQuery} />}
        {writable.length > 0 && <Button look="primary" className={css.add ?? ''} onClick={begin}><Plus size={16} aria-hidden /><span>{t('add')}</span></Button>}
        {diary.calendars.length > 0 && <FileMenu calendars={diary.calendars} />}
      </header>
      {!tasks && (view === 'day' || view === 'week') && !phone && <OtherZone zone={other} onZone={setOther} />}
      {!tasks && diary.calendars.length > 1 && <Calendars places={places} hidden={hidden} onToggle={toggle} />}
      {left > 0 && <p role="status" className={css.status}>{t('importing', { count: left })}</p>}
      {typeof diary.state === 'object' && (
        <Empty icon={CloudOff} action={<Button onClick={() => diary.retry()}>{common('common.retry')}</Button>}>{faultText(common, diary.state.fault)}</Empty>
      )}
      {nothing && <Empty icon={coming ? CalendarDays : CalendarX2}>{coming ? t('coming', { address: coming }) : t('none')}</Empty>}
      {tasks && diary.state === 'known' && !nothing && <Tasks calendars={diary.calendars} />}
      {!tasks && !nothing && typeof diary.state !== 'object' && (
        query.trim()
          ? <CalendarSearch.Found query={query} places={places} onOpen={show} />
          : (
            <Grid
              view={view}
              date={date.toString()}
              phone={phone}
              other={phone ? '' : other}
              instances={shown}
              places={places}
              onOpen={show}
              onDraft={(wanted) => writable.length > 0 && write({ ...wanted, free: false })}
              onMove={moved}
              onDay={(day) => go(Temporal.PlainDate.from(day), 'day')}
            />
          )
      )}
      {open && <EventView key={`${open.id} ${open.key}`} instance={fresh(open, diary.instances)} calendars={diary.calendars} onChanged={() => void diary.now()} onClose={() => show(null)} />}
      {draft && (
        <EventForm
          calendars={writable}
          draft={draft}
          onDone={() => {
            write(null);
            void diary.now();
          }}
          onClose={() => write(null)}
        />
      )}
      {move && (
        <ScopeDialog
          onChosen={(scope) => void carry(move, scope)}
          onClose={() => {
            move.revert();
            ask(null);
          }}
        />
      )}
    </section>
  );
}

/** Another zone whose hours stand beside one's own. */
function OtherZone({ zone, onZone }: { zone: string; onZone: (zone: string) => void }) {
  const { t } = useTranslation('calendar');
  const [zones] = useState(() => [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])]);
  const id = useId();
  return (
    <p className={css.otherZoneRow}>
      <label htmlFor={id}>{t('secondZone')}</label>
      <select
        id={id}
        className={css.date}
        value={zone}
        onChange={({ target }) => {
          remember('calendar-zone', target.value || null);
          onZone(target.value);
        }}
      >
        <option value="">{t('noSecondZone')}</option>
        {zones.map((name) => <option key={name} value={name}>{name.replaceAll('_', ' ')}</option>)}
      </select>
    </p>
  );
}

interface CalendarsProps {
  places: ReadonlyMap<Id, { calendar: Calendar; hue: number }>;
  hidden: ReadonlySet<Id>;
  onToggle: (id: Id) => void;
}

function Calendars({ places, hidden, onToggle }: CalendarsProps) {
  const { t } = useTranslation('calendar');
  const nameOf = useCollectionName([...places.values()].map(({ calendar }) => calendar));
  return (
    <ul className={css.calendars} aria-label={t('calendars')}>
      {[...places.values()].map(({ calendar, hue }) => (
        <li key={calendar.id}>
          <label className={css.shownCalendar} data-hue={hue}>
            <input type="checkbox" checked={!hidden.has(calendar.id)} onChange={() => onToggle(calendar.id)} aria-label={t('shown', { name: nameOf(calendar) })} />
            <span>{nameOf(calendar)}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}

/** The instance that is open as the diary has it by now. */
const fresh = (open: Instance, now: Instance[]): Instance => now.find(({ id, key }) => id === open.id && key === open.key) ?? open;

function dateOf(text: string | undefined): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(text ?? '');
  } catch {
    return Temporal.Now.plainDateISO();
  }
}

function stepped(date: Temporal.PlainDate, view: View, by: number): Temporal.PlainDate {
  if (view === 'day') return date.add({ days: by });
  if (view === 'agenda') return date.add({ days: by * AGENDA });
  return view === 'week' ? date.add({ weeks: by }) : date.with({ day: 1 }).add({ months: by });
}

/** The hour that comes next today, or nine o'clock on another day. */
function nextHour(date: Temporal.PlainDate, today: Temporal.PlainDate): Draft {
  const now = Temporal.Now.plainDateTimeISO();
  const start = date.equals(today) && now.hour < 23 ? now.round({ smallestUnit: 'hour', roundingMode: 'ceil' }) : date.toPlainDateTime({ hour: 9 });
  const point = (moment: Temporal.PlainDateTime): string => moment.toZonedDateTime(HERE).toInstant().toString();
  return { start: point(start), end: point(start.add({ hours: 1 })), all_day: false };
}

function titleOf(date: Temporal.PlainDate, view: View, locale: string): string {
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
  const noon = (day: Temporal.PlainDate): Date => new Date(`${day.toString()}T12:00:00Z`);
  if (view === 'day') return format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(noon(date));
  if (view === 'month') return format({ month: 'long', year: 'numeric' }).format(noon(date));
  const [first, days] = view === 'agenda' ? [date, AGENDA] : [date.subtract({ days: date.dayOfWeek - 1 }), 7];
  return format({ day: 'numeric', month: 'short', year: 'numeric' }).formatRange(noon(first), noon(first.add({ days: days - 1 })));
}

/** From and to of what a view shows, with the days of other months that stand in its first and last week. */
function windowOf(view: View, date: Temporal.PlainDate): [string, string] {
  const point = (day: Temporal.PlainDate): string => day.toZonedDateTime(HERE).toInstant().toString();
  if (view === 'day') return [point(date), point(date.add({ days: 1 }))];
  if (view === 'agenda') return [point(date), point(date.add({ days: AGENDA }))];
  const from = view === 'week' ? date : date.with({ day: 1 });
  const monday = from.subtract({ days: from.dayOfWeek - 1 });
  return [point(monday), point(monday.add({ weeks: view === 'week' ? 1 : 6 }))];
}

/** The diary, kept right by the journal for as long as it is on screen; what lies before and after is made ready. */
function useDiary(view: View, date: Temporal.PlainDate): Diary {
  const mirror = useMirror();
  const [diary] = useState(() => new Diary());
  useSyncExternalStore(diary.subscribe, () => diary.version);
  const day = date.toString();
  useEffect(() => {
    const now = Temporal.PlainDate.from(day);
    diary.look(...windowOf(view, now));
    const timer = setTimeout(() => {
      for (const by of [1, -1]) void diary.prepare(...windowOf(view, stepped(now, view, by)));
    }, 300);
    return () => clearTimeout(timer);
  }, [diary, view, day]);
  useEffect(() => {
    const ends = [mirror.onFrame((frame) => diary.hear(frame)), mirror.onStartOver(() => diary.anew()), () => diary.stop()];
    return () => ends.forEach((end) => end());
  }, [mirror, diary]);
  return diary;
}
