// Dates, sizes and durations as the person's language and time zone write them. Always Intl, never by hand.
import type { Iso } from '../api/types';
import { language } from './index';

let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The person's own time zone; an unknown name keeps the browser's. */
export function setZone(name: string): void {
  try {
    zone = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

export const zoneName = (): string => zone;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name}|${language()}|${zone}`;
  let kept = formats.get(key);
  if (!kept) formats.set(key, (kept = new Intl.DateTimeFormat(language(), { timeZone: zone, ...options })));
  return kept;
}

const clock = (): Intl.DateTimeFormat => format('clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = (): Intl.DateTimeFormat => format('day', { year: 'numeric', month: '2-digit', day: '2-digit' });

const DAY = 86_400_000;

/** As lists show it: today 14:05, this week "mar", this year "12 mar", else 12/03/24. */
export function listDate(iso: Iso, now = Date.now()): string {
  const at = Date.parse(iso);
  if (day().format(at) === day().format(now)) return clock().format(at);
  const age = now - at;
  if (age > 0 && age < 6 * DAY) return format('weekday', { weekday: 'short' }).format(at);
  const year = format('year', { year: 'numeric' });
  if (year.format(at) === year.format(now)) return format('short', { day: 'numeric', month: 'short' }).format(at);
  return format('old', { day: '2-digit', month: '2-digit', year: '2-digit' }).format(at);
}

/** A day and time to come, with its weekday; with the year where it is another one. */
export function dayAndTime(at: number, now = Date.now()): string {
  const year = format('year', { year: 'numeric' });
  const far = year.format(at) !== year.format(now);
  return format(far ? 'far-day-and-time' : 'day-and-time', {
    weekday: 'short', day: 'numeric', month: 'short', ...(far ? { year: 'numeric' } : {}), hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).format(at);
}

const LOCAL = /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d)(?::\d\d)?)?(?: (\S+))?$/;

/** `2026-03-02 09:00:00 Europe/Rome`, or a day alone, as it is read; its zone is named where it is not the person's. */
export function localTime(text: string): string {
  const [, on, at, named] = LOCAL.exec(text) ?? [];
  if (!on) return text;
  const date = new Intl.DateTimeFormat(language(), { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(on));
  return `${date}${at ? `, ${at}` : ''}${at && named && named !== zone ? ` (${named})` : ''}`;
}

/** Day and time, as a message header shows it. */
export function messageDate(iso: Iso, now = Date.now()): string {
  const at = Date.parse(iso);
  if (day().format(at) === day().format(now)) return clock().format(at);
  const year = format('year', { year: 'numeric' });
  const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (year.format(at) === year.format(now)) return format('message', options).format(at);
  return format('message-old', { ...options, year: 'numeric' }).format(at);
}

/** Full date, time and zone, for tooltips and details. */
export function fullDate(iso: Iso): string {
  return format('full', {
    weekday: 'long', day: 'numeric', month: 'long', year: 'numeric',
    hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short',
  }).format(Date.parse(iso));
}

/** For "as of": the time alone today, else with its day. */
export function asOf(at: number): string {
  return messageDate(new Date(at).toISOString());
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export function fileSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = value < 10 && unit > 1 ? 1 : 0;
  return new Intl.NumberFormat(language(), {
    style: 'unit', unit: UNITS[unit]!, unitDisplay: unit === 0 ? 'long' : 'short', maximumFractionDigits: digits,
  }).format(value);
}

export function number(value: number): string {
  return new Intl.NumberFormat(language()).format(value);
}

/** A counter in the sidebar: 12,345 is 12K there. */
export function shortNumber(value: number): string {
  return value < 1000 ? String(value) : new Intl.NumberFormat(language(), { notation: 'compact' }).format(value);
}
