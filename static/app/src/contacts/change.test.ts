import { describe, expect, it } from 'vitest';
import { changeOf, differing, filled } from './change';
import { partialDate } from './dates';
import type { Card } from './types';

const CARD: Card = {
  name: { family: 'Rossi', given: 'Anna', additional: 'Maria', prefix: 'Dott.', suffix: '' },
  full_name: 'Dott. Anna Maria Rossi', nickname: '', organization: 'Officine', unit: '', title: 'Capo', role: '', notes: '',
  emails: [{ value: 'anna@example.org', label: 'work', preferred: true }],
  phones: [], urls: [], chats: [], related: [], addresses: [], birthday: null, anniversary: null, categories: [], members: [],
};

describe('an edit', () => {
  it('names nothing when nothing was changed', () => expect(changeOf(CARD, filled(CARD))).toEqual({}));

  it('names the changed fields only, and keeps the parts of a name that the form does not show', () => {
    expect(changeOf(CARD, { ...filled(CARD), given: ' Annetta ', title: '' })).toEqual({
      name: { family: 'Rossi', given: 'Annetta', additional: 'Maria', prefix: 'Dott.', suffix: '' },
      title: '',
    });
  });

  it('makes categories of what stands between commas', () => {
    expect(changeOf(CARD, { ...filled(CARD), categories: ' Clients ,Friends,, Clients' })).toEqual({ categories: ['Clients', 'Friends'] });
    expect(changeOf({ ...CARD, categories: ['Friends'] }, { ...filled(CARD), categories: '' })).toEqual({ categories: [] });
  });

  it('leaves out values that were left empty', () => {
    const empty = { value: ' ', label: 'cell', preferred: false };
    expect(changeOf(CARD, { ...filled(CARD), phones: [empty] })).toEqual({});
    const emails = [...CARD.emails, { value: ' anna@home.test', label: '', preferred: false }];
    expect(changeOf(CARD, { ...filled(CARD), emails }).emails?.map(({ value }) => value)).toEqual(['anna@example.org', 'anna@home.test']);
  });

  it('of a new contact is what was filled in', () => {
    expect(changeOf(undefined, { ...filled(undefined), family: 'Verdi' })).toEqual({
      name: { family: 'Verdi', given: '', additional: '', prefix: '', suffix: '' },
    });
  });
});

it('writes dates as far as they are known', () => {
  const date = (year: number | null, month: number | null, day: number | null, text = ''): string => partialDate({ year, month, day, text }, 'en');
  expect([date(1985, 4, 15), date(null, 2, 29), date(1985, 4, null), date(1985, null, null), date(null, null, null, 'circa 1800')])
    .toEqual(['April 15, 1985', 'February 29', 'April 1985', '1985', 'circa 1800']);
  expect(partialDate({ year: 33, month: 1, day: 2, text: '' }, 'en')).toBe('January 2, 33');
});

it('after a conflict names what differs, both ways', () => {
  const { suffix, prefix, ...name } = CARD.name; // the same name, its members in another order
  const ours = { ...CARD, name: { suffix, prefix, ...name }, title: 'Mine', emails: [], birthday: { year: 1985, month: 4, day: null, text: '' } };
  expect(differing(CARD, ours)).toEqual({
    mine: { title: 'Mine', birthday: { year: 1985, month: 4, day: null, text: '' } },
    other: { title: 'Capo', birthday: null },
  });
});
