// Days and hours of reports, as the person's language writes them. A report's day is one of its own zone, so it is
// written as it stands; moments are written in that zone, or in the person's.
import { region } from '../i18n';
import { zoneName } from '../i18n/format';
import type { FollowUp } from './types';

const DAY = 86_400_000;

/** "Saturday 21 November", or shorter. */
export function dayName(day: string, long = true): string {
  const options: Intl.DateTimeFormatOptions = long ? { weekday: 'long', day: 'numeric', month: 'long' } : { weekday: 'short', day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat(region(), { ...options, timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`));
}

export function clock(at: string, zone: string): string {
  return new Intl.DateTimeFormat(region(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone }).format(new Date(at));
}

/** The calendar day of a moment in a zone, such as 2026-03-29. */
export function dayIn(at: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(at);
}

/** The calendar day of a moment where the browser is. */
export const localDay = (at: Date): string => new Intl.DateTimeFormat('sv-SE').format(at);

/** Whole days from one calendar day to another. */
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / DAY);

/** The day something is due on, in the person's zone; null when it has none. */
export const dueDay = ({ due_at, due_on }: FollowUp): string | null => (due_at ? dayIn(Date.parse(due_at), zoneName()) : due_on);

/** Calendar days that something has waited. */
export const waited = ({ since }: FollowUp, now = Date.now()): number => Math.max(0, daysBetween(dayIn(Date.parse(since), zoneName()), dayIn(now, zoneName())));

/** Monday's name first: short, and whole for those who hear it. */
export function weekdays(): { short: string; long: string }[] {
  return [0, 1, 2, 3, 4, 5, 6].map((day) => {
    const at = new Date(Date.UTC(2024, 0, 1 + day));
    const name = (weekday: 'short' | 'long'): string => new Intl.DateTimeFormat(region(), { weekday, timeZone: 'UTC' }).format(at);
    return { short: name('short'), long: name('long') };
  });
}

/** 8:00 of a later day where the browser is. */
export function morning(days: number, now = new Date()): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 8);
}

/** Days until next Monday: one at least. */
export const toMonday = (now = new Date()): number => ((8 - now.getDay()) % 7) || 7;
