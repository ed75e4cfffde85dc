// Both languages say the same things: shared by the word lists that are loaded with their pages.
import { expect, it } from 'vitest';

const flat = (words: object, path = ''): [string, string][] =>
  Object.entries(words).flatMap(([key, value]) => (typeof value === 'string' ? [[path + key, value] as [string, string]] : flat(value as object, `${path}${key}.`)));
const plain = (words: object): [string, string][] => flat(words).filter(([key]) => !key.endsWith('_many'));
const places = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).toSorted();

export function saysEverythingInBoth(english: object, italian: object): void {
  it('says everything in both languages, with the same places to fill', () => {
    expect(plain(italian).map(([key]) => key)).toEqual(plain(english).map(([key]) => key));
    const other = new Map(flat(italian));
    for (const [key, text] of plain(english)) expect([key, places(other.get(key)!)]).toEqual([key, places(text)]);
  });
}
