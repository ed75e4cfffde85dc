// What many rows have alike is held once: their account, their mailboxes, the people in them. Rows come as JSON,
// which makes each of them anew; of a big mailbox whose rows are all known that was a quarter of the memory.
import type { Id, Participant, ThreadRow } from '../api/types';

export class Alike {
  private readonly words = new Map<string, string>();
  private readonly lists = new Map<string, string[]>();
  private readonly people = new Map<string, Participant>();

  /** The same row, sharing what others have alike. */
  row(row: ThreadRow): ThreadRow {
    return {
      ...row,
      account_id: once(this.words, row.account_id, row.account_id),
      mailbox_ids: this.list(row.mailbox_ids),
      participants: row.participants.map((person) => once(this.people, `${person.address}\n${person.name}\n${person.me}`, person)),
      ...(row.keywords && { keywords: this.list(row.keywords) }),
    };
  }

  clear(): void {
    this.words.clear();
    this.lists.clear();
    this.people.clear();
  }

  private list(items: Id[]): Id[] {
    return once(this.lists, items.join('\n'), items);
  }
}

function once<Value>(held: Map<string, Value>, key: string, value: Value): Value {
  const found = held.get(key);
  if (found === undefined) held.set(key, value);
  return found ?? value;
}
