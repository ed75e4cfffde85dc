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
  return change;
}
