// A list of which only parts are known: the server's total and runs of entries by position. Rows are never
// materialised for the unknown parts, so a mailbox of 100,000 threads costs what was looked at.
import type { Id } from '../api/types';

export interface Entry {
  id: Id;
  /** What orders the list, newest first, as milliseconds; of two alike the greater id comes first, as on the server. */
  at: number;
}

interface Run {
  start: number;
  entries: Entry[];
}

export class SparseList {
  total = 0;
  /** Grows with every change; what subscribers compare. */
  version = 0;
  /** True once the server has named the total. */
  known = false;
  /** Journal number of the last event that moved something here: a page read before it is out of date. */
  movedAt = 0;
  private runs: Run[] = [];
  private readonly times = new Map<Id, number>();

  at(position: number): Entry | undefined {
    const run = this.runs[this.runBefore(position)];
    return run?.entries[position - run.start];
  }

  has(id: Id): boolean {
    return this.times.has(id);
  }

  /** The time an entry is listed by, or undefined when the entry is not known. */
  timeOf(id: Id): number | undefined {
    return this.times.get(id);
  }

  /** Position of a known entry, or -1. */
  indexOf(id: Id): number {
    const at = this.times.get(id);
    if (at === undefined) return -1;
    const near = this.runs[this.firstRunReaching({ id, at })];
    const place = near ? firstNotAbove(near.entries, { id, at }) : 0;
    if (near?.entries[place]?.id === id) return near.start + place;
    // Runs read at different moments may be out of order for a while: look everywhere before saying no.
    for (const run of this.runs) {
      const i = run.entries.findIndex((entry) => entry.id === id);
      if (i >= 0) return run.start + i;
    }
    return -1;
  }

  /** True when every position in [from, to) that exists is known. */
  covers(from: number, to: number): boolean {
    const end = Math.min(to, this.total);
    for (let position = from; position < end; ) {
      const run = this.runs[this.runBefore(position)];
      if (!run || position >= run.start + run.entries.length) return false;
      position = run.start + run.entries.length;
    }
    return true;
  }

  /** Known entries of [from, to), in order. */
  slice(from: number, to: number): Entry[] {
    const found: Entry[] = [];
    for (const run of this.runs) {
      if (run.start >= to || run.start + run.entries.length <= from) continue;
      found.push(...run.entries.slice(Math.max(0, from - run.start), to - run.start));
    }
    return found;
  }

  /** What the server says stands at `position`. Its word replaces ours, there and wherever else those rows were. */
  place(position: number, entries: Entry[], total: number): void {
    const fresh = new Set(entries.map((entry) => entry.id));
    this.cut(position, position + entries.length);
    for (const id of fresh) if (this.times.has(id)) this.forget(id);
    if (entries.length) {
      this.runs.splice(this.runBefore(position) + 1, 0, { start: position, entries: [...entries] });
      for (const entry of entries) this.times.set(entry.id, entry.at);
    }
    this.cut(total, Infinity);
    this.total = total;
    this.known = true;
    this.version++;
  }

  /** Add one row where its time puts it. In an unknown stretch only the positions move. */
  insert(entry: Entry): void {
    const index = this.firstRunReaching(entry);
    const run = this.runs[index];
    const before = this.runs[index - 1];
    const inside = run ? firstNotAbove(run.entries, entry) : 0;
    if (run && inside > 0) {
      run.entries.splice(inside, 0, entry);
      this.times.set(entry.id, entry.at);
      this.shift(index + 1, 1);
    } else if (touches(before, run, this.total)) {
      const position = before ? before.start + before.entries.length : 0;
      this.runs.splice(index, 0, { start: position, entries: [entry] });
      this.times.set(entry.id, entry.at);
      this.shift(index + 1, 1);
    } else {
      this.shift(index, 1);
    }
    this.total++;
    this.version++;
  }

  /** Take one row out; everything below moves up. False when the row was not known here. */
  remove(id: Id): boolean {
    const position = this.indexOf(id);
    if (position < 0) return false;
    const index = this.runBefore(position);
    const run = this.runs[index]!;
    run.entries.splice(position - run.start, 1);
    this.times.delete(id);
    this.shift(index + 1, -1);
    if (run.entries.length === 0) this.runs.splice(index, 1);
    this.total = Math.max(0, this.total - 1);
    this.version++;
    return true;
  }

  /** The total changed by rows whose place is unknown (older mail imported below, a row from an unknown stretch). */
  resize(total: number): void {
    if (total === this.total) return;
    this.cut(total, Infinity);
    this.total = total;
    this.version++;
  }

  /** Forget every row but keep the size, so that the view keeps its geometry while pages come anew. */
  clear(): void {
    this.runs = [];
    this.times.clear();
    this.version++;
  }

  /** The same rows, to be changed apart from this list. */
  copy(): SparseList {
    const twin = new SparseList();
    twin.total = this.total;
    twin.version = this.version;
    twin.known = this.known;
    twin.movedAt = this.movedAt;
    twin.runs = this.runs.map(({ start, entries }) => ({ start, entries: [...entries] }));
    for (const [id, at] of this.times) twin.times.set(id, at);
    return twin;
  }

  private shift(fromRun: number, by: number): void {
    for (let i = fromRun; i < this.runs.length; i++) this.runs[i]!.start += by;
  }

  /** Index of the last run that starts at or before `position`; -1 when there is none. */
  private runBefore(position: number): number {
    let low = 0;
    let high = this.runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.runs[middle]!.start <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Index of the first run that reaches down to an entry's place or further; runs are in order and never empty. */
  private firstRunReaching(entry: Entry): number {
    let low = 0;
    let high = this.runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { entries } = this.runs[middle]!;
      if (above(entries[entries.length - 1]!, entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Make [from, to) unknown. */
  private cut(from: number, to: number): void {
    const kept: Run[] = [];
    for (const run of this.runs) {
      const end = run.start + run.entries.length;
      if (end <= from || run.start >= to) {
        kept.push(run);
        continue;
      }
      const head = run.entries.slice(0, Math.max(0, from - run.start));
      const tail = end > to ? run.entries.slice(to - run.start) : [];
      for (const entry of run.entries.slice(head.length, run.entries.length - tail.length)) this.times.delete(entry.id);
      if (head.length) kept.push({ start: run.start, entries: head });
      if (tail.length) kept.push({ start: to, entries: tail });
    }
    this.runs = kept;
  }

  /** Make one row's position unknown without moving the others: the server has shown it elsewhere. */
  private forget(id: Id): void {
    const position = this.indexOf(id);
    if (position >= 0) this.cut(position, position + 1);
    this.times.delete(id);
  }
}

/** True when `a` stands above `b`. */
export const above = (a: Entry, b: Entry): boolean => a.at > b.at || (a.at === b.at && a.id > b.id);

/** Index of the first entry that does not stand above `entry`. */
function firstNotAbove(entries: Entry[], entry: Entry): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (above(entries[middle]!, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** True when nothing unknown lies between two neighbouring runs, so a row between them has a certain place. */
function touches(before: Run | undefined, after: Run | undefined, total: number): boolean {
  const end = before ? before.start + before.entries.length : 0;
  return (after ? after.start : total) === end;
}
