// Times of events between the forms that the server, the form's fields and the calendar on screen have.
import { Temporal } from 'temporal-polyfill';
import type { Instance, When } from './types';

export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const known = (zone: string): boolean => {
  try {
    Temporal.Now.zonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
};

/** The zone an edit speaks of: the event's own where this browser knows it, none where it is of no place, else the person's. */
export const zoneOf = (zone: string): string => (zone === '' || known(zone) ? zone : HERE);

/** A point in time as a clock of a zone shows it; of no zone as the person's clock does. */
export function local(point: string, zone: string): Temporal.PlainDateTime {
  return Temporal.Instant.from(point).toZonedDateTimeISO(zoneOf(zone) || HERE).toPlainDateTime();
}

/** What the calendar on screen says after a drag, in the event's own form. `days`: it lies among whole days now. */
export function when(moment: Date, days: boolean, zone: string): When {
  if (days) return { date: Temporal.PlainDate.from({ year: moment.getFullYear(), month: moment.getMonth() + 1, day: moment.getDate() }).toString() };
  const own = zoneOf(zone);
  return { at: Temporal.Instant.fromEpochMilliseconds(moment.getTime()).toZonedDateTimeISO(own || HERE).toPlainDateTime().toString({ smallestUnit: 'second' }), zone: own };
}

export interface Fields { allDay: boolean; startDate: string; startTime: string; endDate: string; endTime: string; zone: string }

/** The fields of a form: the end of whole days is the last one that it lasts. */
export function fieldsOf(instance: Pick<Instance, 'start' | 'end' | 'all_day' | 'zone'>): Fields {
  if (instance.all_day) {
    const last = Temporal.PlainDate.from(instance.end).subtract({ days: 1 });
    return { allDay: true, startDate: instance.start, startTime: '09:00', endDate: last.toString(), endTime: '10:00', zone: HERE };
  }
  const [start, end] = [local(instance.start, instance.zone), local(instance.end, instance.zone)];
  const clock = (moment: Temporal.PlainDateTime): string => moment.toPlainTime().toString({ smallestUnit: 'minute' });
  return {
    allDay: false, startDate: start.toPlainDate().toString(), startTime: clock(start), endDate: end.toPlainDate().toString(), endTime: clock(end), zone: zoneOf(instance.zone),
  };
}

export function whenOf(fields: Fields): { start: When; end: When } {
  if (fields.allDay) {
    return { start: { date: fields.startDate }, end: { date: Temporal.PlainDate.from(fields.endDate).add({ days: 1 }).toString() } };
  }
  return {
    start: { at: `${fields.startDate}T${fields.startTime}:00`, zone: fields.zone },
    end: { at: `${fields.endDate}T${fields.endTime}:00`, zone: fields.zone },
  };
}

/** False when the end lies before the start, or a field is empty. */
export function sensible(fields: Fields): boolean {
  const { allDay, startDate, startTime, endDate, endTime } = fields;
  if (!startDate || !endDate) return false;
  if (allDay) return startDate <= endDate;
  return startTime !== '' && endTime !== '' && `${startDate}T${startTime}` <= `${endDate}T${endTime}`;
}

/** The start moves and the end with it: the event lasts as long as before. */
export function startingAt(fields: Fields, part: Partial<Pick<Fields, 'startDate' | 'startTime'>>): Fields {
  const next = { ...fields, ...part };
  if (!next.startDate || !next.startTime || !fields.endDate || !fields.endTime || !fields.startDate || !fields.startTime) return next;
  const at = (date: string, time: string): Temporal.PlainDateTime => Temporal.PlainDateTime.from(`${date}T${time}`);
  const lasts = at(fields.startDate, fields.startTime).until(at(fields.endDate, fields.endTime), { largestUnit: 'day' });
  if (lasts.sign < 0) return next;
  const end = at(next.startDate, next.startTime).add(lasts);
  return { ...next, endDate: end.toPlainDate().toString(), endTime: end.toPlainTime().toString({ smallestUnit: 'minute' }) };
}
