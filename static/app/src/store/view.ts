// What the person sees: the commands that are under way, over the confirmed rows. Everything is computed when it is
// read and kept until something changes, so nothing under way costs nothing.
import type { Id, Mailbox, Message, ThreadRow } from '../api/types';
import { MOVES, changedMessage, changedThread } from './effect';
import { isWide, type Entry } from './entry';
import type { SparseList } from './sparse';
import { belongs, listOf, matches, parseListKey, time, type ListKey, type Tables } from './tables';

interface Counts { threads: number; unread_threads: number; unread: number }

/** Sets a list's version apart from that of the confirmed list below it. */
const APART = 2 ** 24;

export class View {
  private readonly tables: Tables;
  private entries: readonly Entry[] = [];
  private wide: Entry[] = [];
  private byThread = new Map<Id, Entry[]>();
  /** Grows whenever a command or a row below one changed. */
  private stamp = 0;
  private readonly threads = new Map<Id, ThreadRow>();
  private readonly messages = new Map<Id, Message>();
  private readonly lists = new Map<ListKey, { base: SparseList; version: number; list: SparseList }>();
  private readonly boxes = new Map<Id, { base: Mailbox; seen: Mailbox }>();
  private counts: Map<Id, Counts> | null = null;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  /** The commands under way, in order. */
  show(entries: readonly Entry[]): void {
    this.entries = entries;
    this.wide = entries.filter((entry) => isWide(entry));
    this.byThread = new Map();
    for (const entry of entries) {
      for (const id of entry.threads) {
        const held = this.byThread.get(id);
        if (held) held.push(entry);
        else this.byThread.set(id, [entry]);
      }
    }
    this.refresh();
  }

  /** Rows below have changed. */
  refresh(): void {
    this.stamp++;
    this.threads.clear();
    this.messages.clear();
    this.lists.clear();
    this.counts = null;
  }

  /** True when nothing is under way: what is seen is what is confirmed. */
  get clear(): boolean {
    return this.entries.length === 0;
  }

  thread(id: Id): ThreadRow | undefined {
    const base = this.tables.threads.get(id);
    if (!base || this.clear) return base;
    let seen = this.threads.get(id);
    if (!seen) this.threads.set(id, (seen = this.threadOver(base)));
    return seen;
  }

  message(id: Id): Message | undefined {
    const base = this.tables.messages.get(id);
    if (!base || this.clear) return base;
    let seen = this.messages.get(id);
    if (!seen) {
      seen = base;
      for (const entry of this.concerning(base.thread_id)) {
        if (concernsMessage(entry, base)) seen = changedMessage(seen, entry, this.tables.mailboxes);
      }
      this.messages.set(id, seen);
    }
    return seen;
  }

  /** Messages of an opened conversation, oldest first; those deleted for good are not among them. */
  conversation(id: Id): Message[] | undefined {
    return this.tables.conversations.get(id)?.flatMap((message) => {
      const seen = this.message(message);
      return seen && (this.clear || !this.deleted(seen)) ? seen : [];
    });
  }

  mailbox(id: Id): Mailbox | undefined {
    const base = this.tables.mailboxes.get(id);
    if (!base || this.clear) return base;
    const change = this.changes().get(id);
    if (!change) return base;
    const seen: Mailbox = {
      ...base,
      threads: Math.max(0, base.threads + change.threads),
      unread_threads: Math.max(0, base.unread_threads + change.unread_threads),
      unread: Math.max(0, base.unread + change.unread),
    };
    const held = this.boxes.get(id);
    if (held?.base === base && sameCounts(held.seen, seen)) return held.seen;
    this.boxes.set(id, { base, seen });
    return seen;
  }

  mailboxes(): Mailbox[] {
    return [...this.tables.mailboxes.values()].map((box) => this.mailbox(box.id) ?? box);
  }

  list(key: ListKey): SparseList {
    const base = listOf(this.tables, key);
    if (this.clear || !base.known) return base;
    const held = this.lists.get(key);
    if (held?.base === base && held.version === base.version) return held.list;
    const list = this.listOver(key, base);
    this.lists.set(key, { base, version: base.version, list });
    return list;
  }

  /** How many more confirmed rows of a list must be known than are shown. */
  hidden(key: ListKey): number {
    return this.clear ? 0 : Math.max(0, listOf(this.tables, key).total - this.list(key).total);
  }

  /** The mailboxes whose counters something under way changes. */
  counted(): Iterable<Id> {
    return this.clear ? [] : this.changes().keys();
  }

  private concerning(thread: Id): readonly Entry[] {
    const own = this.byThread.get(thread) ?? NONE;
    if (this.wide.length === 0) return own;
    const row = this.tables.threads.get(thread);
    const wide = row ? this.wide.filter((entry) => !own.includes(entry) && takesIn(entry, row)) : NONE;
    return wide.length === 0 ? own : [...own, ...wide].toSorted((a, b) => a.number - b.number);
  }

  private threadOver(base: ThreadRow): ThreadRow {
    let seen = base;
    let single = false;
    for (const entry of this.concerning(base.id)) {
      if (entry.body.messages) single = true;
      else seen = changedThread(seen, entry, this.tables.mailboxes);
    }
    return single ? this.fromMessages(base, seen) : seen;
  }

  /** A command on some messages of a conversation shows in its row as far as those messages are known. */
  private fromMessages(base: ThreadRow, seen: ThreadRow): ThreadRow {
    const ids = this.tables.conversations.get(base.id);
    const before = ids?.flatMap((id) => this.tables.messages.get(id) ?? []);
    if (!before || before.length === 0) return seen;
    const after = before.map((message) => this.message(message.id) ?? message);
    const unread = (messages: Message[]): number => messages.filter((message) => message.unread).length;
    const places = (messages: Message[]): Set<Id> => new Set(messages.flatMap(({ mailboxes }) => mailboxes.map(({ id }) => id)));
    const [was, now] = [places(before), places(after)];
    const kept = seen.mailbox_ids.filter((id) => !was.has(id) || now.has(id));
    return {
      ...seen,
      unread: Math.max(0, base.unread + unread(after) - unread(before)),
      flagged: after.some((message) => message.flagged),
      mailbox_ids: [...kept, ...[...now].filter((id) => !kept.includes(id) && !was.has(id))],
    };
  }

  private deleted(message: Message): boolean {
    let gone = false;
    for (const entry of this.concerning(message.thread_id)) {
      if (entry.body.action === 'delete' && concernsMessage(entry, message)) gone = entry.undoes === null;
    }
    return gone;
  }

  private listOver(key: ListKey, base: SparseList): SparseList {
    const { mailbox, filter } = parseListKey(key);
    const { tables } = this;
    let list: SparseList | null = null;
    const change = (): SparseList => (list ??= base.copy());
    const consider = (before: ThreadRow): void => {
      const after = this.thread(before.id) ?? before;
      const listed = base.has(before.id);
      const belonged = listed || belongs(tables, key, before);
      const belongsNow = belongs(tables, key, after);
      if (belongsNow === belonged) return;
      if (belongsNow) change().insert({ id: before.id, at: time(after.last_at) });
      else if (!change().remove(before.id)) change().resize(Math.max(0, change().total - 1));
    };
    for (const id of this.byThread.keys()) {
      const row = this.tables.threads.get(id);
      if (row) consider(row);
    }
    for (const entry of this.wide) {
      if (entry.body.all_in !== mailbox || entry.undoes) continue;
      const listed = base.slice(0, base.total).flatMap(({ id }) => this.tables.threads.get(id) ?? []);
      for (const row of listed) if (!this.byThread.has(row.id)) consider(row);
      // Whatever was never paged in went with the rest.
      if (MOVES.has(entry.body.action) && (entry.body.filter ?? null) === filter) change().resize(change().slice(0, base.total).length);
    }
    const made = list as SparseList | null;
    if (made) made.version = base.version + (this.stamp + 1) * APART;
    return made ?? base;
  }

  private changes(): Map<Id, Counts> {
    if (this.counts) return this.counts;
    const counts = new Map<Id, Counts>();
    const add = (id: Id, threads: number, unreadThreads: number, unread: number): void => {
      const held = counts.get(id) ?? { threads: 0, unread_threads: 0, unread: 0 };
      counts.set(id, { threads: held.threads + threads, unread_threads: held.unread_threads + unreadThreads, unread: held.unread + unread });
    };
    for (const id of this.byThread.keys()) {
      const before = this.tables.threads.get(id);
      const after = before && this.thread(id);
      if (!before || !after || before === after) continue;
      for (const box of before.mailbox_ids) add(box, -1, before.unread > 0 ? -1 : 0, -before.unread);
      for (const box of after.mailbox_ids) add(box, 1, after.unread > 0 ? 1 : 0, after.unread);
    }
    for (const entry of this.wide) this.countWide(entry, counts, add);
    for (const [id, change] of counts) if (!change.threads && !change.unread_threads && !change.unread) counts.delete(id);
    return (this.counts = counts);
  }

  /** A command on a whole mailbox takes its counters along, known rows or not. */
  private countWide(entry: Entry, counts: Map<Id, Counts>, add: (id: Id, threads: number, unreadThreads: number, unread: number) => void): void {
    const box = entry.body.all_in ? this.tables.mailboxes.get(entry.body.all_in) : undefined;
    if (!box || entry.undoes || entry.body.filter === 'flagged' || entry.body.filter === 'attachment') return;
    const moves = MOVES.has(entry.body.action);
    if (!moves && entry.body.action !== 'read') return;
    const seen = counts.get(box.id) ?? { threads: 0, unread_threads: 0, unread: 0 };
    const threads = !moves ? 0 : entry.body.filter === 'unread' ? -box.unread_threads : -box.threads;
    add(box.id, threads - seen.threads, -box.unread_threads - seen.unread_threads, -box.unread - seen.unread);
  }
}

const NONE: readonly Entry[] = [];

/** True when a command on a whole mailbox takes this row in: it lay there, and is no newer than the command. */
function takesIn({ body, made }: Entry, row: ThreadRow): boolean {
  return body.all_in !== undefined && row.mailbox_ids.includes(body.all_in) && matches(body.filter ?? null, row) && time(row.last_at) <= made;
}

function concernsMessage({ body, messages }: Entry, message: Message): boolean {
  return body.messages ? messages.includes(message.id) : true;
}

const sameCounts = (a: Mailbox, b: Mailbox): boolean => a.threads === b.threads && a.unread_threads === b.unread_threads && a.unread === b.unread;
