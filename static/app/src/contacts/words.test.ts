import { expect, it } from 'vitest';
import { en } from './en';
import { it as italian } from './it';

const flat = (words: object, path = ''): [string, string][] =>
  Object.entries(words).flatMap(([key, value]) => (typeof value === 'string' ? [[path + key, value] as [string, string]] : flat(value as object, `${path}${key}.`)));
const plain = (words: object): [string, string][] => flat(words).filter(([key]) => !key.endsWith('_many'));

it('says everything in both languages, with the same places to fill', () => {
  expect(plain(italian).map(([key]) => key)).toEqual(plain(en).map(([key]) => key));
  const places = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).toSorted();
  const other = new Map(flat(italian));
  for (const [key, text] of plain(en)) expect([key, places(other.get(key)!)]).toEqual([key, places(text)]);
});
