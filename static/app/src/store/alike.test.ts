import { describe, expect, it } from 'vitest';
import { thread } from '../testing/rows';
import { Tables, putThread, reset } from './tables';

const PERSON = { name: 'Giulia', address: 'giulia@x.example', me: false };
/** As they come: every row of JSON of its own. */
const fresh = (number: number, name = PERSON.name) => {
  const { at: _, ...row } = thread(number, { participants: [{ ...PERSON, name }], keywords: ['offers'] });
  return JSON.parse(JSON.stringify(row)) as typeof row;
};

describe('what rows have alike', () => {
  it('is held once, and each row says what it said', () => {
    const tables = new Tables();
    const rows = [fresh(1), fresh(2), fresh(3, 'Giulia F.')];
    for (const row of rows) putThread(tables, row);
    const [one, two, three] = rows.map(({ id }) => tables.threads.get(id)!);
    expect([one, two, three]).toEqual(rows);
    expect(two!.participants[0]).toBe(one!.participants[0]);
    expect(two!.mailbox_ids).toBe(one!.mailbox_ids);
    expect(two!.keywords).toBe(one!.keywords);
    expect(three!.participants[0]).not.toBe(one!.participants[0]);
  });

  it('is let go with the rows', () => {
    const tables = new Tables();
    putThread(tables, fresh(1));
    const before = tables.threads.get(fresh(1).id)!.participants[0];
    reset(tables);
    putThread(tables, fresh(1));
    expect(tables.threads.get(fresh(1).id)!.participants[0]).not.toBe(before);
  });
});
