// “Pranzo con Zoë gio 13:00”, “Dentist tomorrow 9am for 30 min”: a new event out of one line, in either language.
import { Temporal } from 'temporal-polyfill';

export interface Quick { title: string; date: string | null; time: string | null; minutes: number | null }

const WEEKDAYS = ['mon lun', 'tue mar', 'wed mer', 'thu gio', 'fri ven', 'sat sab', 'sun dom'].map((pair) => pair.split(' '));
const LONG = /^(?:mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?$|^(?:lun|mar|mer|gio|ven)(?:edì|edi|tedì|tedi|coledì|coledi|vedì|vedi|erdì|erdi)?$|^sab(?:ato)?$|^dom(?:enica)?$/;
const MONTHS = [
  'jan january gen gennaio', 'feb february febbraio', 'mar march marzo', 'apr april aprile', 'may mag maggio', 'jun june giu giugno', 'jul july lug luglio',
  'aug august ago agosto', 'sep sept september set settembre', 'oct october ott ottobre', 'nov november novembre', 'dec december dic dicembre',
].map((names) => names.split(' '));
const WORD = (text: string): RegExp => new RegExp(String.raw`(?:^|\s)${text}(?=\s|$|,)`, 'iu');

interface Found { at: number; length: number }

function take<T>(text: string, pattern: RegExp, read: (match: RegExpExecArray) => T | null): [T, Found] | null {
  const match = pattern.exec(text);
  const value = match && read(match);
  return match && value !== null ? [value, { at: match.index, length: match[0].length }] : null;
}

const without = (text: string, { at, length }: Found): string => `${text.slice(0, at)} ${text.slice(at + length)}`;

function dayOf(text: string, today: Temporal.PlainDate): [Temporal.PlainDate, Found] | null {
  const ahead = (days: number) => () => today.add({ days });
  return take(text, WORD('(?:day after tomorrow|dopodomani)'), ahead(2))
    ?? take(text, WORD('(?:tomorrow|domani)'), ahead(1))
    ?? take(text, WORD('(?:today|oggi)'), ahead(0))
    ?? take(text, WORD(String.raw`(?:on |il )?(\d{1,2})[/.](\d{1,2})(?:[/.](\d{4}))?`), ([, day, month, year]) => dated(today, day, Number(month), year))
    ?? take(text, WORD(String.raw`(?:on |il )?(\d{1,2})(?:st|nd|rd|th)? (?:of |di )?(\p{L}{3,9})(?: (\d{4}))?`), ([, day, name, year]) => dated(today, day, monthOf(name!), year))
    ?? take(text, WORD(String.raw`(?:on |next |il )?(\p{L}{3,9})`), ([, name]) => weekday(today, name!))
    ?? laterWeekday(text, today);
}

/** A weekday that is not the first word that looks like one. */
function laterWeekday(text: string, today: Temporal.PlainDate): [Temporal.PlainDate, Found] | null {
  for (const match of text.matchAll(/\p{L}{3,9}/gu)) {
    const found = weekday(today, match[0]);
    if (found && /^$|\s/.test(text[match.index - 1] ?? '')) return [found, { at: match.index, length: match[0].length }];
  }
  return null;
}

function weekday(today: Temporal.PlainDate, word: string): Temporal.PlainDate | null {
  const low = word.toLowerCase();
  const place = LONG.test(low) ? WEEKDAYS.findIndex((names) => names.some((name) => low.startsWith(name))) : -1;
  if (place < 0) return null;
  return today.add({ days: (place + 1 - today.dayOfWeek + 7) % 7 || 7 });
}

const monthOf = (word: string): number => MONTHS.findIndex((names) => names.includes(word.toLowerCase())) + 1;

function dated(today: Temporal.PlainDate, day: string | undefined, month: number, year: string | undefined): Temporal.PlainDate | null {
  if (month < 1 || month > 12) return null;
  try {
    const found = Temporal.PlainDate.from({ year: year ? Number(year) : today.year, month, day: Number(day) }, { overflow: 'reject' });
    return !year && Temporal.PlainDate.compare(found, today) < 0 ? found.add({ years: 1 }) : found;
  } catch {
    return null;
  }
}

function timeOf(text: string): [string, Found] | null {
  const clock = (hour: string, minute: string | undefined, half: string | undefined): string | null => {
    let hours = Number(hour);
    if (half) hours = (hours % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0);
    const minutes = Number(minute ?? 0);
    return hours < 24 && minutes < 60 ? `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}` : null;
  };
  return take(text, WORD(String.raw`(?:at |alle |ore |h )?(\d{1,2})[:.](\d{2}) ?(am|pm)?`), ([, hour, minute, half]) => clock(hour!, minute, half))
    ?? take(text, WORD(String.raw`(?:at )?(\d{1,2}) ?(am|pm)`), ([, hour, half]) => clock(hour!, undefined, half))
    ?? take(text, WORD(String.raw`(?:at|alle|ore|h) (\d{1,2})`), ([, hour]) => clock(hour!, undefined, undefined))
    ?? take(text, WORD('(?:at )?(?:noon|mezzogiorno)'), () => '12:00');
}

function lengthOf(text: string): [number, Found] | null {
  return take(text, WORD(String.raw`(?:for|per) (\d{1,3}) ?(?:min|minutes|minuti|m|')`), ([, count]) => Number(count))
    ?? take(text, WORD(String.raw`(?:for|per) (\d{1,2})(?:[.,](\d))? ?(?:hours?|ore|ora|h)`), ([, count, tenth]) => Math.round((Number(count) + Number(tenth ?? 0) / 10) * 60));
}

export function quick(line: string, today: Temporal.PlainDate): Quick {
  let rest = line;
  const cut = <T>(found: [T, Found] | null): T | null => {
    if (!found) return null;
    rest = without(rest, found[1]);
    return found[0];
  };
  const minutes = cut(lengthOf(rest));
  const date = cut(dayOf(rest, today));
  let time = cut(timeOf(rest));
  // “gio 13”: a number alone after a day is an hour.
  if (date && !time) time = cut(take(rest, /(?:^|\s)(\d{1,2})\s*$/u, ([, hour]) => (Number(hour) < 24 ? `${hour!.padStart(2, '0')}:00` : null)));
  const title = rest.replaceAll(/\s+/gu, ' ').replaceAll(/^[\s,]+|[\s,]+$/gu, '');
  return title ? { title, date: date?.toString() ?? null, time, minutes } : { title: line.trim(), date: null, time: null, minutes: null };
}
