import { describe, expect, it } from 'vitest';
import { SparseList, type Entry } from './sparse';

/** Entry n is the n-th newest: its time falls by one each. */
const entry = (n: number): Entry => ({ id: `t${n}`, at: 1_000_000 - n });
const entries = (from: number, count: number): Entry[] => Array.from({ length: count }, (_, i) => entry(from + i));

function listWith(total: number, ...pages: [number, number][]): SparseList {
  const list = new SparseList();
  list.place(0, [], total);
  for (const [from, count] of pages) list.place(from, entries(from, count), total);
  return list;
}

/** What the list holds, as the server would show it: positions that are known. */
function known(list: SparseList): [number, string][] {
  const found: [number, string][] = [];
  for (let i = 0; i < list.total; i++) {
    const at = list.at(i);
    if (at) found.push([i, at.id]);
  }
  return found;
}

describe('a sparse list', () => {
  it('knows only the pages it was given', () => {
    const list = listWith(100_000, [0, 100], [5_000, 100]);
    expect(list.at(99)?.id).toBe('t99');
    expect(list.at(100)).toBeUndefined();
    expect(list.at(5_050)?.id).toBe('t5050');
    expect(list.covers(0, 100)).toBe(true);
    expect(list.covers(0, 101)).toBe(false);
    expect(list.covers(5_000, 5_100)).toBe(true);
  });

  it('covers a last page that is shorter than asked for', () => {
    const list = listWith(130, [100, 30]);
    expect(list.covers(100, 200)).toBe(true);
  });

  it('takes the server’s word over its own where pages overlap', () => {
    const list = listWith(300, [0, 100]);
    list.place(50, entries(49, 100), 301); // one row arrived above
    expect(list.at(50)?.id).toBe('t49');
    expect(list.at(49)).toBeUndefined(); // t49 was shown elsewhere, so this place is unknown again
    expect(list.at(48)?.id).toBe('t48');
    expect(list.indexOf('t49')).toBe(50);
  });

  it('puts a new row at the top and moves every later run down', () => {
    const list = listWith(1_000, [0, 10], [500, 10]);
    list.insert({ id: 'new', at: 2_000_000 });
    expect(list.at(0)?.id).toBe('new');
    expect(list.at(1)?.id).toBe('t0');
    expect(list.at(501)?.id).toBe('t500');
    expect(list.total).toBe(1_001);
  });

  it('puts a row inside a run by its time', () => {
    const list = listWith(10, [0, 10]);
    list.insert({ id: 'between', at: 1_000_000 - 4.5 });
    expect(list.at(5)?.id).toBe('between');
    expect(list.at(6)?.id).toBe('t5');
  });

  it('orders rows of the same moment by their ids, the greater first, as the server does', () => {
    const list = new SparseList();
    list.place(0, [{ id: 'd', at: 5 }, { id: 'b', at: 5 }], 2);
    list.insert({ id: 'c', at: 5 });
    list.insert({ id: 'a', at: 5 });
    list.insert({ id: 'e', at: 5 });
    expect(known(list).map(([, id]) => id)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(list.remove('c')).toBe(true);
    expect(list.indexOf('b')).toBe(2);
  });

  it('moves only positions when the place lies in an unknown stretch', () => {
    const list = listWith(1_000, [0, 10], [500, 10]);
    list.insert({ id: 'somewhere', at: 1_000_000 - 300 });
    expect(list.has('somewhere')).toBe(false);
    expect(list.at(501)?.id).toBe('t500');
    expect(list.total).toBe(1_001);
  });

  it('appends below the last row when the end is known', () => {
    const list = listWith(3, [0, 3]);
    list.insert({ id: 'oldest', at: 0 });
    expect(known(list).map(([, id]) => id)).toEqual(['t0', 't1', 't2', 'oldest']);
  });

  it('joins two runs that touch without losing the row between them', () => {
    const list = listWith(20, [0, 10], [10, 10]);
    list.insert({ id: 'seam', at: 1_000_000 - 9.5 });
    expect(list.at(10)?.id).toBe('seam');
    expect(list.at(11)?.id).toBe('t10');
    expect(known(list)).toHaveLength(21);
  });

  it('fills an empty list', () => {
    const list = listWith(0);
    list.insert(entry(1));
    expect(known(list)).toEqual([[0, 't1']]);
  });

  it('closes the hole that a removed row leaves', () => {
    const list = listWith(1_000, [0, 10], [500, 10]);
    expect(list.remove('t3')).toBe(true);
    expect(list.at(3)?.id).toBe('t4');
    expect(list.at(499)?.id).toBe('t500');
    expect(list.total).toBe(999);
    expect(list.remove('t3')).toBe(false);
    expect(list.total).toBe(999);
  });

  it('finds rows that share one time', () => {
    const list = new SparseList();
    list.place(0, [{ id: 'a', at: 5 }, { id: 'b', at: 5 }, { id: 'c', at: 5 }], 3);
    expect(['a', 'b', 'c'].map((id) => list.indexOf(id))).toEqual([0, 1, 2]);
  });

  it('forgets what lies past a smaller total', () => {
    const list = listWith(200, [0, 100], [100, 100]);
    list.resize(150);
    expect(list.at(149)?.id).toBe('t149');
    expect(list.at(150)).toBeUndefined();
    expect(list.has('t160')).toBe(false);
  });

  it('agrees with a plain array after any mix of inserts and removals', () => {
    const list = listWith(50, [0, 50]);
    const model = entries(0, 50);
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
    for (let i = 0; i < 2_000; i++) {
      if (random(2) && model.length > 1) {
        const [out] = model.splice(random(model.length), 1);
        list.remove(out!.id);
      } else {
        const fresh = { id: `n${i}`, at: random(2_000_000) };
        const at = model.findIndex((other) => other.at <= fresh.at);
        model.splice(at < 0 ? model.length : at, 0, fresh);
        list.insert(fresh);
      }
    }
    expect(known(list).map(([, id]) => id)).toEqual(model.map(({ id }) => id));
  });

  it('stays quick with 100,000 known rows', () => {
    const list = new SparseList();
    for (let at = 0; at < 100_000; at += 100) list.place(at, entries(at, 100), 100_000);
    const started = performance.now();
    for (let i = 0; i < 1_000; i++) {
      list.remove(`t${i * 97}`);
      list.insert({ id: `t${i * 97}`, at: 2_000_000 + i });
    }
    expect(performance.now() - started).toBeLessThan(400);
    expect(list.at(0)?.id).toBe(`t${999 * 97}`);
  });
});
