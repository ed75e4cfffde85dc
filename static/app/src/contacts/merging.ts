// What several contacts say otherwise, of all that a contact says once: there the person chooses. All else is joined.
import type { Card, CardChange, NameParts, WholeContact } from './types';

export const CHOSEN = ['name', 'nickname', 'organization', 'unit', 'title', 'role', 'birthday', 'anniversary'] as const;
export type ChosenField = (typeof CHOSEN)[number];

export interface Choice {
  field: ChosenField;
  /** Each different value once, with the index of the first contact that says it; the first is what the merge takes by itself. */
  options: { index: number; value: Card[ChosenField] }[];
}

/** Where the contacts, the kept one first, differ: only what at least two of them say otherwise. */
export function choices(contacts: readonly WholeContact[]): Choice[] {
  return CHOSEN.flatMap((field) => {
    const options = new Map<string, { index: number; value: Card[ChosenField] }>();
    contacts.forEach(({ card }, index) => {
      const key = field === 'name' ? card.full_name.trim() : said(card[field]);
      if (key && !options.has(key)) options.set(key, { index, value: card[field] });
    });
    return options.size > 1 ? [{ field, options: [...options.values()] }] : [];
  });
}

/** The fields as the person chose them: by field, the index of the contact whose value it is. */
export function chosen(contacts: readonly WholeContact[], picked: Partial<Record<ChosenField, number>>): CardChange {
  const change: Record<string, unknown> = {};
  for (const { field, options } of choices(contacts)) {
    const { card } = contacts[picked[field] ?? options[0]!.index]!;
    change[field] = card[field];
    if (field === 'name') change['full_name'] = card.full_name;
  }
  return change as CardChange;
}

function said(value: Card[ChosenField]): string {
  if (value === null) return '';
  if (typeof value === 'string') return value.trim();
  if ('year' in value) return [value.year, value.month, value.day, value.month || value.year ? '' : value.text].join('-');
  return named(value);
}

function named({ prefix, given, additional, family, suffix }: NameParts): string {
  return [prefix, given, additional, family, suffix].filter(Boolean).join(' ');
}

/** The contacts with one of them first. */
export function keptFirst<T>(contacts: readonly T[], kept: number): T[] {
  return [contacts[kept]!, ...contacts.filter((_, index) => index !== kept)];
}
