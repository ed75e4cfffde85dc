// Dates of which parts may be unknown, as people write them.
import type { PartialDate } from './types';

export function partialDate({ year, month, day, text }: PartialDate, locale: string): string {
  if (!month) return year ? String(year) : text;
  const options: Intl.DateTimeFormatOptions = { month: 'long', timeZone: 'UTC' };
  if (day) options.day = 'numeric';
  if (year) options.year = 'numeric';
  // A leap year, so that a 29 February without a year is one.
  const moment = new Date(Date.UTC(2000, month - 1, day ?? 1));
  if (year) moment.setUTCFullYear(year);
  return new Intl.DateTimeFormat(locale, options).format(moment);
}
