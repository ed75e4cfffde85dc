import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import { dayAndTime, fileSize, listDate, messageDate, setZone } from './format';
import { en } from './en';
import { startLanguages } from './index';
import { it as italian } from './it';

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, path = ''): Map<string, string> {
  return new Map(Object.entries(tree).flatMap(([key, value]) => (typeof value === 'string' ? [[path + key, value] as const] : [...leaves(value, `${path}${key}.`)])));
}

const english = leaves(en);
const both = leaves(italian);
const holes = (text: string): string[] => [...text.matchAll(/\{\{(\w+)/g)].map(([, name]) => name!).toSorted();

beforeAll(async () => {
  await startLanguages();
  setZone('Europe/Rome');
});

describe('languages', () => {
  it('have the same texts', () => expect([...both.keys()].toSorted()).toEqual([...english.keys()].toSorted()));

  it('leave nothing empty', () => {
    for (const texts of [english, both]) expect([...texts].filter(([, text]) => !text.trim())).toEqual([]);
  });

  it('fill the same holes', () => {
    const differing = [...english].filter(([key, text]) => holes(text).join() !== holes(both.get(key) ?? '').join());
    expect(differing.map(([key]) => key)).toEqual([]);
  });

  it('name every plural class: one, many and other', () => {
    const stems = new Set([...english.keys()].flatMap((key) => /^(.*)_(?:one|many|other)$/.exec(key)?.[1] ?? []));
    const missing = [...stems].flatMap((stem) => ['one', 'many', 'other'].map((form) => `${stem}_${form}`).filter((key) => !both.has(key)));
    expect(stems.size).toBeGreaterThan(5);
    expect(missing).toEqual([]);
  });

  it('do not leave English in Italian', () => {
    const allowed = new Set(['Agenda', 'Menu', 'PMSync', 'Password', 'Email', 'Account', 'IMAP', 'Google', 'Microsoft', 'CalDAV / CardDAV', 'TLS', 'STARTTLS', 'Server', 'Cc', 'Message-ID', 'English', 'Italiano']);
    const same = [...english].filter(([key, text]) => both.get(key) === text && !allowed.has(text) && /[a-z]{4}/.test(text.replace(/\{\{.*?\}\}/g, '')));
    expect(same).toEqual([]);
  });

  it('use the class that the number asks for', async () => {
    await i18next.changeLanguage('it');
    expect(i18next.t('list.count', { count: 1 })).toBe('1 conversazione');
    expect(i18next.t('list.count', { count: 12_300 })).toBe('12.300 conversazioni');
    expect(i18next.t('list.count', { count: 1_000_000 })).toBe('1.000.000 conversazioni');
    await i18next.changeLanguage('en');
    expect(i18next.t('list.count', { count: 12_300 })).toBe('12,300 conversations');
  });
});

describe('dates', () => {
  const now = Date.parse('2026-03-12T13:00:00Z'); // a Thursday
  it.each([
    ['2026-03-12T13:05:00Z', '14:05'],
    ['2026-03-12T00:10:00Z', '01:10'],
    ['2026-03-11T22:50:00Z', 'mer'],
    ['2026-03-10T09:00:00Z', 'mar'],
    ['2026-02-01T09:00:00Z', '1 feb'],
    ['2024-03-12T09:00:00Z', '12/03/24'],
  ])('%s is %s in an Italian list', async (iso, wanted) => {
    await i18next.changeLanguage('it');
    expect(listDate(iso, now)).toBe(wanted);
    await i18next.changeLanguage('en');
  });

  it('say the day and the time in a message', async () => {
    await i18next.changeLanguage('it');
    expect(messageDate('2026-03-01T09:30:00Z', now)).toBe('1 mar, 10:30');
    await i18next.changeLanguage('en');
  });

  it('say the year of a moment to come where it is another one', () => {
    expect(dayAndTime(Date.parse('2026-11-02T09:00:00Z'), Date.parse('2026-03-12T13:05:00Z'))).not.toContain('2026');
    expect(dayAndTime(Date.parse('2027-11-02T09:00:00Z'), Date.parse('2026-03-12T13:05:00Z'))).toContain('2027');
  });

  it('keep the browser’s zone when the person’s is unknown', () => {
    setZone('Mars/Olympus');
    expect(listDate('2026-03-12T13:05:00Z', now)).toBe('14:05');
  });
});

describe('sizes', () => {
  it.each([[0, '0 bytes'], [999, '999 bytes'], [1_000, '1 kB'], [48_904, '49 kB'], [2_204_118, '2.2 MB'], [31_000_000, '31 MB']])('%d is %s', (bytes, wanted) => expect(fileSize(bytes)).toBe(wanted));
});
