// From what a form holds to what an edit names: the fields that differ from the card, and no other.
import type { Card, CardChange, Labelled } from './types';

export interface Filled {
  given: string;
  family: string;
  nickname: string;
  organization: string;
  unit: string;
  title: string;
  notes: string;
  emails: Labelled[];
  phones: Labelled[];
  /** With commas between. */
  categories: string;
}

export function filled(card: Card | undefined): Filled {
  return {
    given: card?.name.given ?? '',
    family: card?.name.family ?? '',
    nickname: card?.nickname ?? '',
    organization: card?.organization ?? '',
    unit: card?.unit ?? '',
    title: card?.title ?? '',
    notes: card?.notes ?? '',
    emails: card?.emails ?? [],
    phones: card?.phones ?? [],
    categories: card?.categories.join(', ') ?? '',
  };
}

const TEXTS = ['nickname', 'organization', 'unit', 'title', 'notes'] as const;
const SEVERAL = ['emails', 'phones'] as const;

export function changeOf(card: Card | undefined, values: Filled): CardChange {
  const before = filled(card);
  const change: CardChange = {};
  const [given, family] = [values.given.trim(), values.family.trim()];
  if (given !== before.given || family !== before.family) {
    change.name = { additional: '', prefix: '', suffix: '', ...card?.name, given, family };
  }
  for (const field of TEXTS) if (values[field].trim() !== before[field]) change[field] = values[field].trim();
  for (const field of SEVERAL) {
    const wanted = values[field].map((item) => ({ ...item, value: item.value.trim() })).filter(({ value }) => value);
    if (JSON.stringify(wanted) !== JSON.stringify(before[field])) change[field] = wanted;
  }
  const categories = values.categories.split(',').map((one) => one.trim()).filter(Boolean);
  if (categories.join(', ') !== before.categories) change.categories = [...new Set(categories)];
  return change;
}

const SINGLE = ['name', 'nickname', 'organization', 'unit', 'title', 'role', 'notes', 'birthday', 'anniversary'] as const;

/** What our version says otherwise than theirs, of all that can be in conflict: the edits that keep ours or theirs. */
export function differing(theirs: Card, ours: Card): { mine: CardChange; other: CardChange } {
  const fields = SINGLE.filter((field) => said(theirs[field]) !== said(ours[field]));
  const of = (card: Card): CardChange => Object.fromEntries(fields.map((field) => [field, card[field]]));
  return { mine: of(ours), other: of(theirs) };
}

/** A value as it is compared: the server's database keeps the members of an object in an order of its own. */
function said(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (part && typeof part === 'object' && !Array.isArray(part)
    ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : part));
}
