import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import { chosen, REPEATS, ruleOf, sentence } from './rule';

/** The first Tuesday of a month. */
const DAY = '2026-03-03';

beforeAll(async () => {
  if (!i18next.isInitialized) await i18next.init({ lng: 'en', interpolation: { escapeValue: false } });
  await import('./words');
});

const none = { kind: 'never', until: '', count: 0 } as const;

describe('rules as people choose them', () => {
  it('come back as they were chosen', () => {
    for (const repeat of REPEATS) {
      const rule = ruleOf({ repeat, ends: none }, DAY, '', 'Europe/Rome');
      expect(chosen(rule, DAY).repeat).toBe(repeat);
    }
  });

  it('are known in other spellings', () => {
    expect(chosen('FREQ=WEEKLY;INTERVAL=1;WKST=MO', DAY).repeat).toBe('weekly');
    expect(chosen('BYDAY=TU;FREQ=WEEKLY;COUNT=4', DAY)).toMatchObject({ repeat: 'weekly', ends: { kind: 'count', count: 4 } });
    expect(chosen('FREQ=MONTHLY', DAY).repeat).toBe('monthly');
    expect(chosen('FREQ=WEEKLY;BYDAY=MO,TU', DAY).repeat).toBe('other');
  });

  it('end as their start asks for', () => {
    const ends = { kind: 'until', until: '2026-06-30', count: 1 } as const;
    expect(ruleOf({ repeat: 'daily', ends }, DAY, '', 'Europe/Rome')).toBe('FREQ=DAILY;UNTIL=20260630T215959Z');
    expect(ruleOf({ repeat: 'daily', ends }, DAY, '', '')).toBe('FREQ=DAILY;UNTIL=20260630T235959');
    expect(ruleOf({ repeat: 'daily', ends }, DAY, '', null)).toBe('FREQ=DAILY;UNTIL=20260630');
    expect(ruleOf({ repeat: 'daily', ends: { ...ends, kind: 'count', count: 3 } }, DAY, '', null)).toBe('FREQ=DAILY;COUNT=3');
  });

  it('that nobody could choose stay as they are', () => {
    const held = 'FREQ=WEEKLY;BYDAY=MO,TU;WKST=SU';
    expect(ruleOf(chosen(held, DAY), DAY, held, null)).toBe(held);
    expect(ruleOf({ ...chosen(held, DAY), ends: { kind: 'count', until: '', count: 2 } }, DAY, held, null)).toBe(`${held};COUNT=2`);
  });

  it('are said in both languages', () => {
    const say = (rule: string, locale: 'en' | 'it'): string => sentence(rule, DAY, i18next.getFixedT(locale, 'calendar'), locale);
    expect(say('FREQ=WEEKLY;BYDAY=TU', 'en')).toBe('Every week on Tuesday');
    expect(say('FREQ=MONTHLY;BYDAY=1TU', 'en')).toBe('Every month on the first Tuesday');
    expect(say('FREQ=MONTHLY;BYDAY=-1TU;COUNT=3', 'it')).toBe('Ogni mese l’ultimo martedì, 3 volte');
    expect(say('FREQ=YEARLY;UNTIL=20300303', 'it')).toBe('Ogni anno il 3 marzo, fino al 3 marzo 2030');
  });
});
