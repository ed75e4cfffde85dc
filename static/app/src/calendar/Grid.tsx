// What FullCalendar draws, and what is done in it: a click opens, a drag makes, moves or lengthens.
import FullCalendar, { type CalendarApi, type DateSelectInfo, type EventApi, type EventInput, type ViewOptions } from '@fullcalendar/react';
import dayGrid from '@fullcalendar/react/daygrid';
import interaction from '@fullcalendar/react/interaction';
import list from '@fullcalendar/react/list';
import italian from '@fullcalendar/react/locales/it';
import classic from '@fullcalendar/react/themes/classic';
import timeGrid from '@fullcalendar/react/timegrid';
import '@fullcalendar/react/skeleton.css';
import '@fullcalendar/react/themes/classic/theme.css';
import '@fullcalendar/react/themes/classic/palette.css';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import type { Id } from '../api/types';
import { region } from '../i18n';
import css from './calendar.module.css';
import type { View } from './CalendarPage';
import type { Draft } from './EventForm';
import { HERE, when } from './times';
import type { Calendar, Instance, When } from './types';

const NAMES: Record<View, string> = { day: 'timeGridDay', week: 'timeGridWeek', month: 'dayGridMonth', agenda: 'agenda' };
/** Days of the agenda. */
export const AGENDA = 30;
const viewsOn = (phone: boolean): Record<string, ViewOptions> => ({
  agenda: { type: 'list', duration: { days: AGENDA } },
  timeGridWeek: { dayHeaderFormat: { weekday: phone ? 'narrow' : 'short', day: 'numeric' } },
});
const BLOCKS = [css.block0, css.block1, css.block2, css.block3, css.block4, css.block5, css.block6, css.block7];
const PLUGINS = [classic, dayGrid, timeGrid, list, interaction];

export interface Move { instance: Instance; start: When; end: When; revert: () => void }
export type Places = ReadonlyMap<Id, { calendar: Calendar; hue: number }>;

interface GridProps {
  view: View;
  date: string;
  phone: boolean;
  /** A zone whose hours stand beside one's own; empty for none. */
  other: string;
  instances: Instance[];
  places: Places;
  onOpen: (instance: Instance) => void;
  onDraft: (draft: Draft) => void;
  onMove: (move: Move) => void;
  onDay: (day: string) => void;
}

export function Grid({ view, date, phone, other, instances, places, onOpen, onDraft, onMove, onDay }: GridProps) {
  const { t, i18n } = useTranslation('calendar');
  const calendar = useRef<{ getApi: () => CalendarApi } | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const events = useMemo(() => instances.map((instance) => inputOf(instance, places, t('untitled'))), [instances, places, t]);
  useEffect(() => {
    const api = calendar.current?.getApi();
    // FullCalendar draws at once when it is told, which React forbids while it draws itself.
    queueMicrotask(() => api?.changeView(NAMES[view], date));
  }, [view, date]);
  const views = useMemo(() => viewsOn(phone), [phone]);
  const hours = useMemo(() => (other ? { slotHeaderContent: hoursOf(other, date) } : {}), [other, date]);
  useReachable(frame, `${view} ${date} ${instances.length}`);
  const moved = ({ event, revert }: { event: EventApi; revert: () => void }): void => {
    const instance = event.extendedProps['instance'] as Instance;
    const start = event.start!;
    const end = event.end ?? new Date(start.getTime() + (event.allDay ? 86_400_000 : 3_600_000));
    onMove({ instance, revert, start: when(start, event.allDay, instance.zone), end: when(end, event.allDay, instance.zone) });
  };
  return (
    <div className={css.grid} ref={frame}>
      <FullCalendar
        ref={calendar as never}
        plugins={PLUGINS}
        locales={[italian]}
        locale={i18n.language === 'it' ? 'it' : 'en-gb'}
        views={views}
        initialView={NAMES[view]}
        initialDate={date}
        headerToolbar={false}
        height="100%"
        firstDay={1}
        nowIndicator
        navLinks
        navLinkDayClick={(day: Date) => onDay(dayText(day))}
        events={events}
        editable
        selectable
        selectMirror
        eventResizableFromStart={false}
        longPressDelay={400}
        snapDuration="00:15"
        slotDuration="00:30"
        scrollTime="07:30"
        dayMaxEvents
        eventMaxStack={phone ? 2 : 4}
        headingLevel={2}
        noEventsText={t('noEvents')}
        allDayText={phone ? '24h' : t('allDay')}
        moreLinkText={(count: number) => t('more', { count })}
        eventTimeFormat={{ hour: '2-digit', minute: '2-digit', hour12: false }}
        {...hours}
        slotHeaderFormat={{ hour: '2-digit', minute: '2-digit', hour12: false }}
        eventClick={({ event, jsEvent }) => {
          jsEvent.preventDefault();
          onOpen(event.extendedProps['instance'] as Instance);
        }}
        select={({ start, end, allDay, view: drawn }: DateSelectInfo) => {
          onDraft(allDay ? { start: dayText(start), end: dayText(end), all_day: true } : { start: start.toISOString(), end: end.toISOString(), all_day: false });
          drawn.calendar.unselect();
        }}
        blockEventClass={({ event }) => BLOCKS[event.extendedProps['hue'] as number] ?? ''}
        eventDidMount={({ el, event }) => {
          el.dataset['event'] = event.id;
        }}
        eventDrop={moved}
        eventResize={moved}
      />
    </div>
  );
}

/** What stands beside an hour: it, and the same in the other zone on the day that is looked at. */
const hoursOf = (other: string, on: string) => ({ date: slot, text }: { date: Date; text: string }) => {
  const moment = Temporal.PlainDate.from(on).toZonedDateTime({ timeZone: HERE, plainTime: { hour: slot.getHours(), minute: slot.getMinutes() } });
  return (
    <>
      <span>{text}</span>
      <span className={css.otherZone}>{moment.withTimeZone(other).toPlainTime().toString({ smallestUnit: 'minute' })}</span>
    </>
  );
};

function dayText(day: Date): string {
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
}

function inputOf(instance: Instance, places: Places, untitled: string): EventInput {
  const place = places.get(instance.collection_id);
  const hue = place?.hue ?? 0;
  const looks = [css.event, instance.status === 'CANCELLED' || instance.mine === 'DECLINED' ? css.off : '', instance.status === 'TENTATIVE' || instance.mine === 'TENTATIVE' || instance.mine === 'NEEDS-ACTION' ? css.unsure : ''];
  return {
    id: `${instance.id} ${instance.key}`,
    title: [instance.title || untitled, instance.location].filter(Boolean).join(' · '),
    start: instance.start,
    end: instance.end,
    allDay: instance.all_day,
    editable: place?.calendar.writable ?? false,
    color: `var(--hue-${hue}-fg)`,
    contrastColor: `var(--hue-${hue}-fg)`,
    className: looks.filter(Boolean).join(' '),
    extendedProps: { instance, hue },
  };
}

const FOCUSABLE = 'a[href], button, [tabindex="0"]';

/** What scrolls can be reached and scrolled by keys (WCAG 2.1.1); a day's link is called what it shows, too (2.5.3). */
function useReachable(frame: React.RefObject<HTMLDivElement | null>, shown: string): void {
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const box of frame.current?.querySelectorAll<HTMLElement>('*') ?? []) {
        const { overflowY } = getComputedStyle(box);
        const scrolls = (overflowY === 'auto' || overflowY === 'scroll') && box.scrollHeight > box.clientHeight;
        if (!scrolls) continue;
        if (box.querySelector(FOCUSABLE)) box.removeAttribute('tabindex');
        else box.tabIndex = 0;
      }
    }, 300);
    return () => clearTimeout(timer);
  }, [frame, shown]);
  useEffect(() => {
    const grid = frame.current;
    if (!grid) return;
    // The grid writes its labels anew whenever it draws, and those of its columns may be another day's.
    const watch = new MutationObserver(() => nameDays(grid));
    watch.observe(grid, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['aria-label'] });
    nameDays(grid);
    return () => watch.disconnect();
  }, [frame]);
}

function nameDays(grid: HTMLElement): void {
  for (const link of grid.querySelectorAll<HTMLElement>('[role=link][aria-label]')) {
    const text = link.textContent.trim();
    const day = link.closest<HTMLElement>('[data-date]')?.dataset['date']?.slice(0, 10);
    const label = link.getAttribute('aria-label')!;
    const whole = day ? new Intl.DateTimeFormat(region(), { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${day}T00:00Z`)) : label;
    const wanted = !text || whole.includes(text) ? whole : label.startsWith(`${text}, `) && !day ? label : `${text}, ${whole}`;
    if (wanted !== label) link.setAttribute('aria-label', wanted);
  }
}
