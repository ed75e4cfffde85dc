// Moments to bring a conversation back at, in the person's own time zone.
import { dayAndTime, zoneName } from '../../i18n/format';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MORNING = 8;
const EVENING = 18;

interface Wall { year: number; month: number; day: number; hour: number; minute: number; weekday: number }

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** What clock and calendar show at an instant in a zone. */
export function wallAt(at: number, zone = zoneName()): Wall {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', weekday: 'short', hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? '0';
  return {
    year: Number(of('year')), month: Number(of('month')), day: Number(of('day')), hour: Number(of('hour')), minute: Number(of('minute')),
    weekday: WEEKDAYS.indexOf(of('weekday')),
  };
}

/** The instant at which clock and calendar show this; across a change of the clock, the nearest. Days may overflow. */
export function instantOf(year: number, month: number, day: number, hour: number, minute = 0, zone = zoneName()): number {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  let at = wanted;
  for (let i = 0; i < 2; i++) {
    const wall = wallAt(at, zone);
    at += wanted - Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);
  }
  return at;
}

export type Preset = 'laterToday' | 'thisEvening' | 'tomorrow' | 'weekend' | 'nextWeek';

/** What makes sense to offer now, soonest first, each once. */
export function presets(now = Date.now(), zone = zoneName()): { id: Preset; at: number }[] {
  const { year, month, day, hour, weekday } = wallAt(now, zone);
  const on = (days: number, at: number): number => instantOf(year, month, day + days, at, 0, zone);
  const toMonday = ((8 - weekday) % 7) || 7;
  const toSaturday = (6 - weekday + 7) % 7;
  const offered: { id: Preset; at: number }[] = [];
  if (hour < EVENING - 4) offered.push({ id: 'laterToday', at: Math.ceil((now + 3 * HOUR) / HOUR) * HOUR });
  if (hour < EVENING - 1) offered.push({ id: 'thisEvening', at: on(0, EVENING) });
  offered.push({ id: 'tomorrow', at: on(1, MORNING) });
  if (toSaturday > 1) offered.push({ id: 'weekend', at: on(toSaturday, MORNING + 1) });
  if (toMonday > 1) offered.push({ id: 'nextWeek', at: on(toMonday, MORNING) });
  return offered;
}

/** What a date-and-time field shows and gives: 2026-03-10T08:00, in the person's zone. */
export function fieldValue(at: number): string {
  const { year, month, day, hour, minute } = wallAt(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

export function fieldInstant(value: string): number | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(value);
  if (!found) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = found.slice(1).map(Number);
  return instantOf(year, month, day, hour, minute);
}

/** A first value for the field: tomorrow morning. */
export const firstGuess = (now = Date.now()): number => presets(now).find(({ id }) => id === 'tomorrow')?.at ?? now + DAY;

export const snoozedText = (until: string): string => dayAndTime(Date.parse(until));
