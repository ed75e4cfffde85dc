// The commands that are under way, from the key press until the journal has shown their effect. They are kept on
// this device and sent again after a reload with the same key, in order where the order matters. All tabs of this
// browser show the same ones; one tab at a time sends.
import { Problem, Unreachable } from '../api/request';
import type { CommandBody, CommandFailure, CommandProgress, CommandResult, Id } from '../api/types';
import { alone } from '../auth/alone';
import { request } from '../auth/session';
import { isWide, touches, type Entry, type Receipt } from './entry';

const AT_ONCE = 4;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
/** Settled commands that can still be taken back or tried again. */
const REMEMBERED = 200;
/** Bodies up to this size may outlive the page (browsers allow 64 kB in all). */
const KEEPALIVE = 8_000;
/** The journal shows an effect with the receipt's number; without it by then (milliseconds) its end is asked for. */
const LATE = 3_000;

/** What the person is told about a command. */
export type Notice =
  | { kind: 'refused'; entry: Entry; sentence: string; code: string }
  | { kind: 'failed'; entry: Entry | null; failure: CommandFailure }
  | { kind: 'progress'; entry: Entry | null; progress: CommandProgress };

export interface OutboxStore {
  commands(): Promise<Entry[]>;
  keepCommand(entry: Entry): Promise<void>;
  dropCommands(keys: string[]): Promise<void>;
}

export interface OutboxEvents {
  /** Other commands are under way now; these conversations and messages may look different. */
  changed(threads: Iterable<Id>, messages: Iterable<Id>, wide: boolean): void;
  /** How many wait for the server has changed. */
  waiting(): void;
  notice(notice: Notice): void;
  /** Journal number that is folded in. */
  seq(): number | null;
  /** The journal is behind a receipt: have its end named. */
  late(): void;
}

type TabNews =
  | { kind: 'made'; entry: Entry }
  | { kind: 'sending'; key: string }
  | { kind: 'receipt'; key: string; receipt: Receipt }
  | { kind: 'dropped'; key: string }
  | { kind: 'refused'; key: string };

export class Outbox {
  /** Under way, in order. */
  entries: Entry[] = [];
  /** Conversations whose last command failed, until the person has seen to it. */
  readonly failures = new Map<Id, { entry: Entry | null; sentence: string }>();
  /** Commands on many rows that the server is still working off, by key. */
  readonly progress = new Map<string, CommandProgress>();

  private readonly events: OutboxEvents;
  private readonly lock: string;
  private readonly tabs: BroadcastChannel;
  private readonly settled = new Map<string, Entry>();
  /** Keys whose request may have reached the server. */
  private readonly tried = new Set<string>();
  /** Settled here, and still kept on the device until the rows that show it are. */
  private readonly unsaved = new Map<string, number>();
  private store: OutboxStore | null = null;
  private numbers = 0;
  private draining = false;
  /** Lets the one who sends look again: there is more. */
  private wake: () => void = () => undefined;
  private stopped = false;
  private failedTries = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private lateness: ReturnType<typeof setTimeout> | undefined;

  constructor(scope: string, events: OutboxEvents) {
    this.events = events;
    this.lock = `pmsync:outbox:${scope}`;
    this.tabs = new BroadcastChannel(this.lock);
    this.tabs.onmessage = ({ data }: MessageEvent<TabNews>) => this.hear(data);
    addEventListener('online', this.hurry);
  }

  /** Take up what an earlier visit left; `seq` is the number that the kept rows stand at. */
  async start(store: OutboxStore | null): Promise<void> {
    this.store = store;
    const kept = (await store?.commands()) ?? [];
    const known = new Set(this.entries.map(({ key }) => key));
    const seq = this.events.seq() ?? -1;
    const shown = kept.filter((entry) => entry.receipt && !entry.receipt.open && entry.receipt.seq <= seq);
    if (shown.length > 0) void store?.dropCommands(shown.map(({ key }) => key));
    const open = kept.filter((entry) => !known.has(entry.key) && !shown.includes(entry));
    if (open.length === 0) return;
    for (const entry of open) this.tried.add(entry.key);
    this.entries = [...open, ...this.entries].toSorted((a, b) => a.made - b.made || a.number - b.number);
    this.numbers = Math.max(this.numbers, ...this.entries.map(({ number }) => number));
    for (const entry of open) this.announce(entry);
    void this.drain();
    void this.lookAfterOpen();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    clearTimeout(this.lateness);
    removeEventListener('online', this.hurry);
    this.tabs.close();
  }

  /** Those that the person sees done over the confirmed rows. */
  shown(): Entry[] {
    const undone = new Set(this.entries.flatMap(({ undoes }) => undoes ?? []));
    // Nothing is known of the rows that a wide command took along: taken back, it simply counts no more.
    return this.entries.filter((entry) => !isWide(entry) || (!undone.has(entry.key) && !entry.undoes));
  }

  /** Those that the server has not answered yet. */
  waiting(): number {
    return this.entries.filter(({ receipt }) => !receipt).length;
  }

  /** By key: under way, or settled not long ago. */
  find(key: string): Entry | undefined {
    return this.entries.find((entry) => entry.key === key) ?? this.settled.get(key);
  }

  add(body: CommandBody, concerned: Pick<Entry, 'threads' | 'messages' | 'before'>, undoes: string | null = null): Entry {
    const entry: Entry = { key: crypto.randomUUID(), number: ++this.numbers, made: Date.now(), body, undoes, receipt: null, ...concerned };
    this.entries.push(entry);
    for (const id of entry.threads) this.failures.delete(id);
    void this.store?.keepCommand(entry);
    this.tell({ kind: 'made', entry });
    this.announce(entry);
    void this.drain();
    return entry;
  }

  /**
   * Take a command back. One that never left this device is forgotten; any other is undone by the server, which
   * restores everything it did. False when it is unknown here, was refused, or cannot be undone.
   */
  undo(key: string): boolean {
    const entry = this.find(key);
    if (!entry || entry.undoes || entry.receipt?.undoable === false) return false;
    if (this.entries.some(({ undoes }) => undoes === key)) return false;
    const queued = this.entries.includes(entry) && !this.tried.has(key);
    if (queued) {
      this.drop(entry);
      this.tell({ kind: 'dropped', key });
    } else {
      this.add(entry.body, { threads: entry.threads, messages: entry.messages, before: entry.before }, key);
    }
    return true;
  }

  /** Do a refused or failed command once more, as a new one. */
  again(entry: Entry): Entry {
    return this.add(entry.body, { threads: entry.threads, messages: entry.messages, before: entry.before });
  }

  dismissFailure(thread: Id): void {
    const failure = this.failures.get(thread);
    if (!failure) return;
    const same = [...this.failures].filter(([, other]) => other === failure || (failure.entry && other.entry === failure.entry)).map(([id]) => id);
    for (const id of same) this.failures.delete(id);
    this.events.changed(same, [], false);
  }

  /** The journal says that a command could not be done; its rows have gone back already. */
  failed(failure: CommandFailure): void {
    const entry = this.find(failure.key) ?? null;
    const threads = failure.threads ?? entry?.threads ?? [];
    for (const id of threads) this.failures.set(id, { entry, sentence: failure.sentence });
    if (entry) this.drop(entry);
    this.progress.delete(failure.key);
    this.events.changed(threads, failure.messages ?? [], false);
    this.events.notice({ kind: 'failed', entry, failure });
  }

  progressed(progress: CommandProgress & { seq?: number }): void {
    const entry = this.find(progress.key) ?? null;
    if (progress.state === 'done') this.progress.delete(progress.key);
    else this.progress.set(progress.key, progress);
    if (entry?.receipt?.open && progress.state === 'done') {
      entry.receipt = { ...entry.receipt, open: false, seq: progress.seq ?? this.events.seq() ?? entry.receipt.seq, total: progress.total };
    }
    this.events.notice({ kind: 'progress', entry, progress });
  }

  /** The journal stands at a new number: what it has shown is under way no more. */
  settle(): void {
    const seq = this.events.seq();
    if (seq === null || this.entries.length === 0) return;
    const shown = this.entries.filter(({ receipt }) => receipt && !receipt.open && receipt.seq <= seq);
    for (const entry of shown) {
      this.unsaved.set(entry.key, entry.receipt!.seq);
      this.drop(entry, true);
    }
  }

  /** The rows on this device stand at `seq` now: what they show needs no keeping. */
  saved(seq: number): void {
    const keys = [...this.unsaved].filter(([, at]) => at <= seq).map(([key]) => key);
    for (const key of keys) this.unsaved.delete(key);
    if (keys.length > 0) void this.store?.dropCommands(keys);
  }

  /** The connection is back: do not wait for the next try. */
  readonly hurry = (): void => {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.failedTries = 0;
    void this.drain();
    void this.lookAfterOpen();
  };

  private announce({ threads, messages, body }: Entry): void {
    this.events.changed(threads, messages, body.all_in !== undefined);
    this.events.waiting();
  }

  private drop(entry: Entry, keepOnDevice = false): void {
    this.entries = this.entries.filter((other) => other !== entry);
    if (entry.receipt) this.remember(entry);
    if (!keepOnDevice) void this.store?.dropCommands([entry.key]);
    this.announce(entry);
  }

  private remember(entry: Entry): void {
    this.settled.set(entry.key, entry);
    if (this.settled.size > REMEMBERED) this.settled.delete(this.settled.keys().next().value!);
  }

  private tell(news: TabNews): void {
    if (!this.stopped) this.tabs.postMessage(news);
  }

  private hear(news: TabNews): void {
    if (news.kind === 'made') {
      if (this.find(news.entry.key)) return;
      this.numbers = Math.max(this.numbers, news.entry.number);
      this.entries.push(news.entry);
      return this.announce(news.entry);
    }
    const entry = this.entries.find(({ key }) => key === news.key);
    if (!entry) return;
    switch (news.kind) {
      case 'sending':
        this.tried.add(news.key);
        return;
      case 'receipt': return this.accept(entry, news.receipt);
      case 'refused': return this.drop(entry);
      case 'dropped':
        // It was taken back in another tab in the very moment in which it was sent from here.
        if (this.tried.has(news.key)) this.undo(news.key);
        else this.drop(entry);
    }
  }

  // Sending ---------------------------------------------------------------------------------------------------

  private async drain(): Promise<void> {
    this.wake();
    if (this.draining || this.stopped || this.retry !== undefined || this.waiting() === 0) return;
    this.draining = true;
    try {
      await alone(this.lock, () => this.sendAll());
    } finally {
      this.draining = false;
    }
    if (this.next(new Set())) void this.drain();
  }

  private async sendAll(): Promise<void> {
    const flying = new Map<Entry, Promise<void>>();
    for (;;) {
      const entry = flying.size < AT_ONCE && !this.stopped && this.retry === undefined ? this.next(new Set(flying.keys())) : undefined;
      if (entry) flying.set(entry, this.send(entry).finally(() => flying.delete(entry)));
      else if (flying.size === 0) return;
      else await Promise.race([...flying.values(), new Promise<void>((resolve) => (this.wake = resolve))]);
    }
  }

  /** The first that may go now: nothing that shares a row with it is unanswered before it. */
  private next(flying: ReadonlySet<Entry>): Entry | undefined {
    const before: Entry[] = [];
    for (const entry of this.entries) {
      if (entry.receipt) continue;
      if (!flying.has(entry) && !before.some((other) => touches(other, entry))) return entry;
      before.push(entry);
    }
    return undefined;
  }

  private async send(entry: Entry): Promise<void> {
    this.tried.add(entry.key);
    this.tell({ kind: 'sending', key: entry.key });
    try {
      const result = await this.post(entry);
      this.failedTries = 0;
      if (!this.entries.includes(entry)) return; // its failure has overtaken the receipt
      const open = isWide(entry) && result.state === 'open';
      const receipt: Receipt = { id: result.id, seq: result.seq, open, undoable: result.undoable, total: result.total };
      this.accept(entry, receipt);
      void this.store?.keepCommand(entry);
      this.tell({ kind: 'receipt', key: entry.key, receipt });
    } catch (error) {
      this.fault(entry, error);
    }
  }

  private async post(entry: Entry): Promise<CommandResult> {
    if (!entry.undoes) {
      const keepalive = entry.threads.length * 40 < KEEPALIVE;
      return request<CommandResult>('commands', { method: 'POST', body: entry.body, key: entry.key, keepalive });
    }
    const undone = this.find(entry.undoes);
    if (!undone?.receipt) throw new Nothing('the command was refused itself');
    return request<CommandResult>(`commands/${undone.receipt.id}/undo`, { method: 'POST', key: entry.key, keepalive: true });
  }

  private accept(entry: Entry, receipt: Receipt): void {
    entry.receipt = receipt;
    this.remember(entry);
    this.events.waiting();
    this.settle();
    this.watchLateness();
  }

  /** The number may belong to an event that is not ours to see: then only the journal's end tells that it has passed. */
  private watchLateness(): void {
    if (this.lateness !== undefined || !this.entries.some(({ receipt }) => receipt && !receipt.open)) return;
    this.lateness = setTimeout(() => {
      this.lateness = undefined;
      if (!this.entries.some(({ receipt }) => receipt && !receipt.open)) return;
      this.events.late();
      this.watchLateness();
    }, LATE);
  }

  private fault(entry: Entry, error: unknown): void {
    if (error instanceof Nothing) {
      this.drop(entry);
    } else if (error instanceof Unreachable) {
      this.pause(null);
    } else if (error instanceof Problem) {
      if (error.status === 429 || error.status >= 500) this.pause(error.retryAfter);
      else if (error.status === 401) this.pause(LONGEST_WAIT / 1000); // the session renews, or is over and takes all this along
      else this.refuse(entry, error);
    } else {
      throw error;
    }
  }

  private refuse(entry: Entry, problem: Problem): void {
    for (const id of entry.undoes ? [] : entry.threads) this.failures.set(id, { entry, sentence: problem.message });
    this.drop(entry);
    this.tell({ kind: 'refused', key: entry.key });
    this.events.notice({ kind: 'refused', entry, sentence: problem.message, code: problem.code });
  }

  private pause(seconds: number | null): void {
    if (this.retry !== undefined || this.stopped) return;
    const wait = seconds !== null ? seconds * 1000 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failedTries++);
    this.retry = setTimeout(() => {
      this.retry = undefined;
      void this.drain();
    }, wait);
    this.events.waiting();
  }

  /** The end of a wide command may have been told while this tab was away. */
  private async lookAfterOpen(): Promise<void> {
    for (const entry of this.entries.filter(({ receipt }) => receipt?.open)) {
      try {
        this.progressed(await request<CommandResult>(`commands/${entry.receipt!.id}`));
      } catch (error) {
        if (error instanceof Problem && error.status === 404) this.drop(entry);
        else if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      }
    }
    this.settle();
  }
}

/** There is nothing to ask the server for any more. */
class Nothing extends Error {}
