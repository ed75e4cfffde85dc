// What the fields of a card say, for a person who has to choose between two of them.
import { partialDate } from './dates';
import type { CardChange } from './types';

export const LABELS = {
  name: 'fullName', nickname: 'nickname', organization: 'organization', unit: 'unit', title: 'job', role: 'job', notes: 'notes',
  birthday: 'birthday', anniversary: 'anniversary',
} as const;

export function said(change: CardChange, field: keyof CardChange, locale: string): string {
  if (field === 'name') return [change.name?.prefix, change.name?.given, change.name?.additional, change.name?.family, change.name?.suffix].filter(Boolean).join(' ');
  if (field === 'birthday' || field === 'anniversary') return change[field] ? partialDate(change[field], locale) : '';
  return String(change[field] ?? '');
}
