// Recurrence rules as people choose them, and what a rule says in words.
import type { TFunction } from 'i18next';
import { Temporal } from 'temporal-polyfill';

export type Repeat = 'never' | 'daily' | 'weekdays' | 'weekly' | 'fortnightly' | 'monthly' | 'nth' | 'last' | 'yearly' | 'other';
export const REPEATS = ['never', 'daily', 'weekdays', 'weekly', 'fortnightly', 'monthly', 'nth', 'last', 'yearly'] as const;
const NTH = ['first', 'second', 'third', 'fourth', 'fifth'] as const;
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

export interface Ends { kind: 'never' | 'until' | 'count'; until: string; count: number }
export interface Chosen { repeat: Repeat; ends: Ends }

function parts(rule: string): Record<string, string> {
  return Object.fromEntries(rule.toUpperCase().split(';').filter(Boolean).map((part) => part.split('=') as [string, string]));
}

/** The rule without what ends it, in one spelling. */
function core(rule: string): string {
  const { UNTIL: _, COUNT: __, WKST: ___, ...rest } = parts(rule);
  if (rest['INTERVAL'] === '1') delete rest['INTERVAL'];
  return Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`).join(';');
}

/** The rule of a choice for an event that begins on a day. */
function ruleFor(repeat: Repeat, date: string): string {
  const day = Temporal.PlainDate.from(date);
  const name = DAYS[day.dayOfWeek - 1]!;
  switch (repeat) {
    case 'daily': return 'FREQ=DAILY';
    case 'weekdays': return 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR';
    case 'weekly': return `FREQ=WEEKLY;BYDAY=${name}`;
    case 'fortnightly': return `FREQ=WEEKLY;INTERVAL=2;BYDAY=${name}`;
    case 'monthly': return `FREQ=MONTHLY;BYMONTHDAY=${day.day}`;
    case 'nth': return `FREQ=MONTHLY;BYDAY=${Math.ceil(day.day / 7)}${name}`;
    case 'last': return `FREQ=MONTHLY;BYDAY=-1${name}`;
    case 'yearly': return 'FREQ=YEARLY';
    default: return '';
  }
}

/** Plain rules leave the day to the start: the same choices in fewer words. */
const plain: Partial<Record<Repeat, string>> = { weekly: 'FREQ=WEEKLY', fortnightly: 'FREQ=WEEKLY;INTERVAL=2', monthly: 'FREQ=MONTHLY' };

export function chosen(rule: string, date: string): Chosen {
  const told = parts(rule);
  const until = told['UNTIL'];
  const ends: Ends = {
    kind: until ? 'until' : told['COUNT'] ? 'count' : 'never',
    until: until ? `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}` : Temporal.PlainDate.from(date).add({ months: 3 }).toString(),
    count: Number(told['COUNT'] ?? 10),
  };
  if (!rule) return { repeat: 'never', ends };
  const wanted = core(rule);
  const repeat = REPEATS.find((one) => one !== 'never' && (core(ruleFor(one, date)) === wanted || (plain[one] !== undefined && core(plain[one]) === wanted)));
  return { repeat: repeat ?? 'other', ends };
}

/** The rule that was chosen. `held` is what the event had: it stays as it is while nothing else is chosen. */
export function ruleOf({ repeat, ends }: Chosen, date: string, held: string, zone: string | null): string {
  if (repeat === 'never') return '';
  const before = chosen(held, date);
  const base = repeat === before.repeat && held ? Object.entries(parts(held)).filter(([name]) => name !== 'UNTIL' && name !== 'COUNT').map(([name, value]) => `${name}=${value}`).join(';') : ruleFor(repeat, date);
  if (ends.kind === 'count') return `${base};COUNT=${Math.max(1, Math.floor(ends.count) || 1)}`;
  if (ends.kind === 'never' || !ends.until) return base;
  const compact = ends.until.replaceAll('-', '');
  if (zone === null) return `${base};UNTIL=${compact}`;
  const last = Temporal.PlainDateTime.from(`${ends.until}T23:59:59`);
  const instant = zone === '' ? last : last.toZonedDateTime(zone).toInstant().toZonedDateTimeISO('UTC').toPlainDateTime();
  return `${base};UNTIL=${instant.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')}${zone === '' ? '' : 'Z'}`;
}

/** What a choice is called: “every week on Monday”. */
export function repeatName(repeat: Repeat, date: string, t: TFunction<'calendar'>, locale: string): string {
  const day = new Date(`${date}T12:00:00Z`);
  const format = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(day);
  const nth = Math.ceil(day.getUTCDate() / 7);
  return t(`repeat.${repeat}`, {
    weekday: format({ weekday: 'long' }), day: format({ day: 'numeric' }), date: format({ day: 'numeric', month: 'long' }),
    nth: t(`nth.${NTH[nth - 1]!}`),
  });
}

/** A rule in words, with its end. */
export function sentence(rule: string, date: string, t: TFunction<'calendar'>, locale: string): string {
  const { repeat, ends } = chosen(rule, date);
  const name = repeatName(repeat, date, t, locale);
  if (ends.kind === 'count') return t('repeatCount', { repeat: name, count: ends.count });
  if (ends.kind === 'never') return name;
  const until = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${ends.until}T12:00:00Z`));
  return t('repeatUntil', { repeat: name, until });
}
