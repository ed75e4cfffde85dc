import { beforeEach, describe, expect, it } from 'vitest';
import type { Mirror } from '../../store/mirror';
import { SparseList } from '../../store/sparse';
import { merged } from '../rows';
import { keywordOf, knownLabels, labelsOf } from './labels';
import { selection } from './selection';
import { fieldInstant, instantOf, presets, wallAt } from './snoozeTimes';
import { thread } from '../../testing/rows';

describe('moments to come back at', () => {
  const ROME = 'Europe/Rome';
  const at = (iso: string): number => Date.parse(iso);
  const named = (now: string): Record<string, string> => Object.fromEntries(presets(at(now), ROME).map(({ id, at: when }) => [id, new Date(when).toISOString()]));

  it('are in the person’s zone', () => {
    expect(named('2026-03-10T09:20:00Z')).toEqual({
      laterToday: '2026-03-10T13:00:00.000Z', thisEvening: '2026-03-10T17:00:00.000Z', tomorrow: '2026-03-11T07:00:00.000Z', weekend: '2026-03-14T08:00:00.000Z',
      nextWeek: '2026-03-16T07:00:00.000Z',
    });
  });

  it('leave out what is over, and what is the same as tomorrow', () => {
    expect(Object.keys(named('2026-03-13T19:00:00Z'))).toEqual(['tomorrow', 'nextWeek']); // a Friday evening
    expect(Object.keys(named('2026-03-15T08:00:00Z'))).toEqual(['laterToday', 'thisEvening', 'tomorrow', 'weekend']); // a Sunday
  });

  it('keep the hour across both changes of the clock', () => {
    expect(named('2026-03-28T12:00:00Z')['tomorrow']).toBe('2026-03-29T06:00:00.000Z');
    expect(named('2026-10-24T12:00:00Z')['tomorrow']).toBe('2026-10-25T07:00:00.000Z');
  });

  it('an hour that the clock skips is the nearest one', () => {
    expect(wallAt(instantOf(2026, 3, 29, 2, 30, ROME), ROME)).toMatchObject({ day: 29, minute: 30 });
  });

  it('a field that holds no date gives none', () => expect(fieldInstant('')).toBeNull());
});

describe('labels', () => {
  it.each([['Clienti 2026', 'clienti_2026'], ['  to-do ', 'to-do'], ['Priorità', 'priorita'], ['a(b', null], ['$Forwarded', null], ['日本', null], ['', null]])('%s becomes %s', (typed, keyword) =>
    expect(keywordOf(typed)).toBe(keyword));

  it('held by all of some rows are those that each has', () => {
    const rows = [thread(1, { keywords: ['a', 'b', '$junk'] }), thread(2, { keywords: ['b', '$junk'] })];
    expect(labelsOf(rows)).toEqual(['b']);
    expect(labelsOf([])).toEqual([]);
  });

  it('are known from the moment that they are set here', () => {
    const mirror = { tables: { threads: new Map([['t', thread(1, { keywords: ['b', '$Forwarded'] })]]) } } as unknown as Mirror;
    expect(knownLabels(mirror, ['a', 'b'])).toEqual(['a', 'b']);
  });
});

describe('the selection', () => {
  const between = (from: string, to: string): string[] => {
    const all = ['a', 'b', 'c', 'd', 'e'];
    const [x, y] = [all.indexOf(from), all.indexOf(to)];
    return all.slice(Math.min(x, y), Math.max(x, y) + 1);
  };
  beforeEach(() => {
    selection.enter('other');
    selection.enter('list');
  });

  it('extends from the row that was chosen last, both ways', () => {
    selection.toggle('c');
    selection.extendTo('e', between);
    selection.extendTo('a', between);
    expect([...selection.ids()].toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('ends when another list comes on screen', () => {
    selection.choose(['a', 'b']);
    selection.chooseEverything();
    selection.enter('another');
    expect(selection.ids().size).toBe(0);
    expect(selection.isEverything()).toBe(false);
  });

  it('forgets rows that left, and means everything no more once none is left', () => {
    selection.choose(['a', 'b']);
    selection.chooseEverything();
    selection.forget((id) => id === 'a');
    expect([...selection.ids()]).toEqual(['b']);
    expect(selection.isEverything()).toBe(true);
    selection.forget(() => true);
    expect(selection.isEverything()).toBe(false);
  });
});

describe('several inboxes as one', () => {
  const list = (total: number, ...ats: number[]): SparseList => {
    const made = new SparseList();
    made.place(0, ats.map((at) => ({ id: `${total}-${at}`, at })), total);
    return made;
  };
  const shown = (all: SparseList): (number | undefined)[] => Array.from({ length: all.total }, (_, i) => all.at(i)?.at);

  it('are in the order of their dates', () => expect(shown(merged([list(2, 9, 5), list(3, 8, 7, 1)]))).toEqual([9, 8, 7, 5, 1]));

  it('show nothing below the place where one of them is not known yet', () => {
    expect(shown(merged([list(5, 9, 5), list(3, 8, 7, 1)]))).toEqual([9, 8, 7, 5, undefined, undefined, undefined, undefined]);
  });

  it('show nothing while one of them is not known at all', () => expect(merged([list(2, 9, 5), new SparseList()]).known).toBe(false));
});
