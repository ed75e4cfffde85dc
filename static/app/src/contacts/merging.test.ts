import { describe, expect, it } from 'vitest';
import { choices, chosen, keptFirst } from './merging';
import { square } from './photo';
import type { Card, WholeContact } from './types';

const CARD: Card = {
  name: { family: 'Rossi', given: 'Anna', additional: '', prefix: '', suffix: '' }, full_name: 'Anna Rossi', nickname: '', organization: '',
  unit: '', title: 'Capo', role: '', notes: 'one', emails: [], phones: [], urls: [], chats: [], related: [], addresses: [],
  birthday: null, anniversary: null, categories: [], members: [],
};
const one = (card: Partial<Card>): WholeContact => ({ id: 'x', card: { ...CARD, ...card } }) as WholeContact;

describe('merging', () => {
  it('asks only where two say otherwise', () => {
    expect(choices([one({}), one({ notes: 'two', title: ' Capo ' })])).toEqual([]);
    const people = [one({}), one({ title: 'Boss', organization: 'Officine' }), one({ title: 'Capo', organization: '' })];
    expect(choices(people)).toEqual([{ field: 'title', options: [{ index: 0, value: 'Capo' }, { index: 1, value: 'Boss' }] }]);
  });

  it('takes the first value where nothing was picked, and a name with its full form', () => {
    const people = [one({ title: '' }), one({ title: 'Boss', full_name: 'A. Rossi' }), one({ title: 'Chief' })];
    expect(chosen(people, {})).toMatchObject({ title: 'Boss', full_name: 'Anna Rossi' });
    expect(chosen(people, { title: 2, name: 1 })).toMatchObject({ title: 'Chief', full_name: 'A. Rossi', name: CARD.name });
  });

  it('tells dates apart by what is known of them', () => {
    const date = (year: number | null, text: string): Card['birthday'] => ({ year, month: 4, day: 15, text });
    expect(choices([one({ birthday: date(1985, '1985-04-15') }), one({ birthday: date(1985, '19850415') })])).toEqual([]);
    expect(choices([one({ birthday: date(1985, '1985-04-15') }), one({ birthday: date(null, '--0415') })])).toHaveLength(1);
  });

  it('puts the kept one first', () => expect(keptFirst(['a', 'b', 'c'], 1)).toEqual(['b', 'a', 'c']));
});

it('cuts a square out of the middle of a picture', () => {
  expect(square(300, 200)).toEqual({ x: 50, y: 0, side: 200 });
  expect(square(10, 40)).toEqual({ x: 0, y: 15, side: 10 });
});
