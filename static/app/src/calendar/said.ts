// What the fields of an event say, for a person who has to choose between two of them.
import type { TFunction } from 'i18next';
import { region } from '../i18n';
import { sentence } from './rule';
import type { Item, When } from './types';

export const LABELS = { title: 'name', start: 'starts', end: 'ends', rule: 'repeats', location: 'location', description: 'description', busy: 'showAs' } as const;
export type Field = keyof typeof LABELS;

/** The fields of these that can be told. */
export const fieldNames = (item: Partial<Item>): Field[] => (Object.keys(LABELS) as Field[]).filter((field) => field in item);

export function said(item: Item, field: Field, t: TFunction<'calendar'>): string {
  if (field === 'start' || field === 'end') return item[field] ? moment(item[field]) : '';
  if (field === 'busy') return t(item.busy ? 'busyAs' : 'freeAs');
  if (field === 'rule') return item.rule && item.start ? sentence(item.rule, 'date' in item.start ? item.start.date : item.start.at.slice(0, 10), t, region()) : '';
  return item[field];
}

/** A moment as its own zone has it. */
function moment(when: When): string {
  const day = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' } as const;
  if ('date' in when) return new Intl.DateTimeFormat(region(), day).format(new Date(when.date));
  const text = new Intl.DateTimeFormat(region(), { ...day, hour: 'numeric', minute: '2-digit' }).format(new Date(`${when.at}Z`));
  return when.zone ? `${text} (${when.zone.replaceAll('_', ' ')})` : text;
}
