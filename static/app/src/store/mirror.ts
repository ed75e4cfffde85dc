// One signed-in person's mail on this device: the tables, who listens to them, what is being fetched, the event
// link and the cache. Components select rows and say what they look at; nothing else fetches mail.
import { Problem, Unreachable } from '../api/request';
import type { Account, Body, Conversation, Id, JournalEvent, Mailbox, SearchPage } from '../api/types';
import { request, session } from '../auth/session';
import { openLink, type Link } from '../live/link';
import { announceVersion } from '../live/version';
import { openCache, type Cache } from './cache';
import { Outbox, type Notice } from './outbox';
import { patch } from './patch';
import { Tables, dropConversation, putAllAccounts, putAllMailboxes, putConversation, putThread, reset, type ListKey } from './tables';
import { View } from './view';
import { ListViews } from './views';

const SEARCH_PAGE = 50;
const BODIES_HELD = 60;
/** Larger messages (bytes) are read when they are opened, not before. */
const PREFETCH_LIMIT = 500_000;
const HIDDEN_FLUSH = 250;
const SAVE_AFTER = 1_500;
const RETRY_AFTER = 4_000;

export type Load = 'idle' | 'loading' | 'missing' | 'away' | { reason: string };

/** Connection as the person experiences it. `since` is when it last changed, in milliseconds. */
export interface Connection { online: boolean; since: number }

export class Mirror {
  /** What is confirmed. Components read `view`. */
  readonly tables = new Tables();
  /** What the person sees: what is under way, over what is confirmed. */
  readonly view = new View(this.tables);
  readonly outbox: Outbox;
  readonly bodies = new Map<Id, Body>();
  connection: Connection = { online: false, since: Date.now() };
  /** When what is shown was last known to be in step with the server; null when that was never. */
  freshAt: number | null = null;
  /** False until mailboxes are known, from the cache or the server. */
  ready = false;

  private readonly listeners = new Map<string, Set<() => void>>();
  private readonly made = new Map<string, unknown>();
  private readonly loads = new Map<string, Load>();
  /** Conversations that are to be read once more: the reading under way began too early to tell. */
  private readonly outdated = new Set<Id>();
  private readonly views = new ListViews(this.tables, (key, work) => this.fetching(key, work));
  private readonly scope: string;
  private readonly untoken: () => void;
  private cache: Cache | null = null;
  private link: Link | null = null;
  private waiting: JournalEvent[] = [];
  private flushing = false;
  private gap = false;
  private saving: ReturnType<typeof setTimeout> | undefined;
  private lastToken = session.token();
  private refreshed = false;
  private stopped = false;
  /** Keys touched since the last save; null until the first one as leader, which writes everything. */
  private unsaved: Set<string> | null = null;
  private readonly notices = new Set<(notice: Notice) => void>();
  private readonly restarts = new Set<() => void>();
  private readonly frames = new Set<(frame: JournalEvent) => void>();

  /** `scope` names tenant and person, and with them what this device keeps. */
  constructor(scope: string) {
    this.scope = scope;
    this.outbox = new Outbox(scope, {
      changed: (threads, messages, wide) => this.commandsChanged(threads, messages, wide),
      waiting: () => this.emit(['waiting:']),
      notice: (notice) => this.tellNotice(notice),
      seq: () => this.tables.seq,
      late: () => this.tables.seq !== null && this.link?.want(this.tables.seq),
    });
    this.untoken = session.onToken((token) => {
      if (token === this.lastToken) return;
      this.lastToken = token;
      this.link?.renew(token);
      void this.refreshOnce();
    });
  }

  // What components use ---------------------------------------------------------------------------------------

  subscribe(key: string, listener: () => void): () => void {
    const set = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.listeners.get(key) === set) this.listeners.delete(key);
    };
  }

  /** A value made from the rows of `key`, the same object until those rows change. */
  derived<T>(key: string, make: () => T): T {
    if (!this.made.has(key)) this.made.set(key, make());
    return this.made.get(key) as T;
  }

  /** Hear what becomes of commands. */
  onNotice(listener: (notice: Notice) => void): () => void {
    this.notices.add(listener);
    return () => this.notices.delete(listener);
  }

  /** True in the one tab of this browser that speaks with the server for all. */
  leads(): boolean {
    return this.link?.leads() ?? false;
  }

  /** Hear every event of the journal, once it is folded in. */
  onFrame(listener: (frame: JournalEvent) => void): () => void {
    this.frames.add(listener);
    return () => this.frames.delete(listener);
  }

  /** Hear when events were missed for good: whatever is shown is in doubt. */
  onStartOver(listener: () => void): () => void {
    this.restarts.add(listener);
    return () => this.restarts.delete(listener);
  }

  load(key: string): Load {
    return this.loads.get(key) ?? 'idle';
  }

  /** The rows [first, last] of a list are on screen or about to be. */
  look(key: ListKey, first: number, last: number): void {
    this.views.look(key, first, last + this.view.hidden(key));
  }

  unlook(key: ListKey): void {
    this.views.unlook(key);
  }

  async openConversation(id: Id, force = false): Promise<void> {
    const key = `conversation:${id}`;
    if (this.load(key) === 'loading') {
      if (force) this.outdated.add(id);
      return;
    }
    if (!force && this.tables.conversations.has(id)) return;
    if (!this.tables.conversations.has(id)) {
      const kept = await this.cache?.conversation(id);
      if (kept && !this.tables.conversations.has(id)) {
        putConversation(this.tables, kept);
        this.publish();
      }
    }
    await this.fetching(key, async () => {
      const answer = await request<Conversation>(`threads/${id}`);
      if (putConversation(this.tables, answer)) void this.cache?.keepConversation(answer);
    });
    if (this.load(key) === 'missing') {
      dropConversation(this.tables, id);
      this.publish();
    }
    if (this.outdated.delete(id)) await this.openConversation(id, true);
  }

  async openBody(message: Id): Promise<void> {
    const held = this.bodies.get(message);
    if ((held && !imagesLapsed(held)) || this.load(`body:${message}`) === 'loading') return;
    const kept = held ?? (await this.cache?.body(message));
    // One whose images have lapsed is shown all the same until it has been read anew.
    if (kept && kept !== held) this.holdBody(message, kept);
    if (kept && !imagesLapsed(kept)) return;
    const read = await this.fetching(`body:${message}`, () => this.readBody(message, false));
    if (!read && kept) this.setLoad(`body:${message}`, 'idle');
  }

  /** Read a text anew, with its remote images or as the person's list of senders says. Raises as `request` does. */
  async readBody(message: Id, images: boolean): Promise<void> {
    const body = await request<Body>(`messages/${message}/body${images ? '?images=1' : ''}`);
    this.holdBody(message, body);
    // Images that were asked for once are asked for again by the next visit.
    if (!images) void this.cache?.keepBody(message, body);
  }

  /** Have a conversation and the text it opens at ready before it is asked for. */
  async prefetch(thread: Id): Promise<void> {
    await this.openConversation(thread);
    const messages = this.view.conversation(thread) ?? [];
    const opensAt = messages.find((message) => message.unread) ?? messages.at(-1);
    if (opensAt && opensAt.size < PREFETCH_LIMIT) await this.openBody(opensAt.id);
  }

  /** One page of results; their rows join the tables, so events keep them right. Raises as `request` does. */
  async search(query: string, cursor: string | null, signal: AbortSignal): Promise<SearchPage> {
    const params = new URLSearchParams({ q: query, limit: String(SEARCH_PAGE) });
    if (cursor) params.set('cursor', cursor);
    const page = await request<SearchPage>(`search?${params}`, { signal });
    for (const { match: _, ...row } of page.items) putThread(this.tables, row);
    this.publish();
    return page;
  }

  // Life ------------------------------------------------------------------------------------------------------

  async start(): Promise<void> {
    this.cache = await openCache(this.scope);
    if (this.stopped) return this.leaveCache();
    const savedAt = await this.cache?.load(this.tables);
    if (savedAt) {
      this.freshAt = savedAt;
      this.ready = true;
      this.tables.touch('accounts');
      this.tables.touch('mailboxes');
      this.publish();
    }
    await this.outbox.start(this.cache);
    await this.refreshOnce();
    document.addEventListener('visibilitychange', this.onHide);
  }

  /** Leave. When the session itself is over, what this device keeps of it is deleted. */
  stop(): void {
    this.stopped = true;
    this.untoken();
    this.link?.stop();
    this.outbox.stop();
    clearTimeout(this.saving);
    document.removeEventListener('visibilitychange', this.onHide);
    this.views.stop();
    this.leaveCache();
  }

  private leaveCache(): void {
    if (session.state().status === 'out') void this.cache?.forget();
    else this.cache?.close();
  }

  /** The first reading: begun with this page or with its token, whichever is there first, and not by both. */
  private async refreshOnce(): Promise<void> {
    if (!this.refreshed && this.load('mailboxes:') !== 'loading') await this.refresh();
  }

  /** Read accounts and mailboxes anew, then follow the journal from there. */
  async refresh(): Promise<void> {
    await this.fetching('mailboxes:', async () => {
      const [accounts, boxes] = await Promise.all([
        request<{ seq: number; items: Account[] }>('accounts'),
        request<{ seq: number; items: Mailbox[] }>('mailboxes'),
      ]);
      putAllAccounts(this.tables, accounts.items);
      putAllMailboxes(this.tables, boxes.items);
      const from = this.tables.seq;
      this.tables.seq ??= Math.min(accounts.seq, boxes.seq);
      this.ready = true;
      this.refreshed = true;
      this.freshAt = Date.now();
      if (this.link && from === null) this.link.want(this.tables.seq); // after a reset
      this.outbox.settle();
      this.follow();
    });
    if (!this.refreshed && !this.stopped) setTimeout(() => !this.refreshed && !this.stopped && void this.refresh(), RETRY_AFTER);
  }

  private follow(): void {
    if (this.link || this.stopped) return;
    this.link = openLink(
      this.scope,
      { token: session.token, since: () => this.tables.seq },
      {
        frame: (frame) => this.queue(frame),
        caughtUp: (seq) => this.caughtUp(seq),
        reset: () => this.startOver(),
        online: (online) => this.setOnline(online),
        newBuild: announceVersion,
        unknownToken: () => void session.renewNow(),
      },
    );
  }

  // Journal ---------------------------------------------------------------------------------------------------

  private queue(frame: JournalEvent): void {
    this.waiting.push(frame);
    if (this.flushing) return;
    this.flushing = true;
    // A burst is folded and painted once; a hidden tab gets no animation frames.
    if (document.visibilityState === 'visible') requestAnimationFrame(() => this.flush());
    else setTimeout(() => this.flush(), HIDDEN_FLUSH);
  }

  private flush(): void {
    this.flushing = false;
    const frames = this.waiting;
    this.waiting = [];
    const before = this.tables.seq;
    const known = new Set(this.tables.accounts.keys());
    const gap = patch(this.tables, frames);
    const folded = frames.filter(({ seq }) => before !== null && seq > before && seq <= (this.tables.seq ?? -1));
    if (gap && !this.gap && this.tables.seq !== null) this.link?.want(this.tables.seq);
    this.gap = gap;
    this.freshAt = Date.now();
    this.hearCommands(folded);
    this.outbox.settle();
    this.publish();
    if (folded.some(({ event, data }) => event === 'account:status' && data.account && !known.has(data.account.id))) void this.refresh();
    for (const frame of folded) for (const listener of this.frames) listener(frame);
  }

  private hearCommands(frames: JournalEvent[]): void {
    for (const frame of frames) {
      if (frame.event === 'command:failed') this.outbox.failed(frame.data);
      else if (frame.event === 'command:update') this.outbox.progressed(frame.data);
    }
  }

  private commandsChanged(threads: Iterable<Id>, messages: Iterable<Id>, wide: boolean): void {
    this.view.show(this.outbox.shown());
    for (const id of threads) {
      this.tables.touch('thread', id);
      if (this.tables.conversations.has(id)) this.touchConversation(id);
    }
    for (const id of messages) this.tables.touch('message', id);
    if (wide) for (const id of this.tables.threads.keys()) this.tables.touch('thread', id);
    for (const id of this.tables.mailboxes.keys()) this.tables.touch('mailbox', id);
    this.tables.touch('mailboxes');
    for (const key of this.tables.lists.keys()) this.tables.touch('list', key);
    this.publish();
  }

  private touchConversation(id: Id): void {
    this.tables.touch('conversation', id);
    for (const message of this.tables.conversations.get(id) ?? []) this.tables.touch('message', message);
  }

  private tellNotice(notice: Notice): void {
    for (const listener of this.notices) listener(notice);
  }

  private caughtUp(seq: number): void {
    if (this.flushing) this.flush();
    if (!this.gap && this.tables.seq !== null && seq > this.tables.seq) this.tables.seq = seq;
    this.gap = false;
    this.freshAt = Date.now();
    this.outbox.settle();
    this.save();
  }

  private startOver(): void {
    this.waiting = [];
    this.gap = false;
    this.refreshed = false;
    reset(this.tables);
    void this.cache?.empty();
    this.publish();
    void this.refresh();
    for (const key of this.openedConversations()) void this.openConversation(key, true);
    for (const listener of this.restarts) listener();
  }

  private openedConversations(): Id[] {
    return [...this.listeners.keys()]
      .filter((key) => key.startsWith('conversation:'))
      .map((key) => key.slice('conversation:'.length));
  }

  private setOnline(online: boolean): void {
    if (online === this.connection.online) return;
    this.connection = { online, since: Date.now() };
    this.emit(['connection:']);
    if (!online) return;
    this.views.refill();
    this.outbox.hurry();
  }

  // Fetching ---------------------------------------------------------------------------------------------------

  /**
   * Run one fetch under a load key and publish what it put. True when it succeeded; what went
   * wrong otherwise becomes the key's state.
   */
  private async fetching(key: string, work: () => Promise<void>): Promise<boolean> {
    this.setLoad(key, 'loading');
    let done = false;
    try {
      await work();
      this.setLoad(key, 'idle');
      done = true;
    } catch (error) {
      if (error instanceof Unreachable) this.setLoad(key, 'away');
      else if (error instanceof Problem) this.setLoad(key, error.status === 404 ? 'missing' : { reason: error.message });
      else if (error instanceof DOMException && error.name === 'AbortError') this.setLoad(key, 'idle');
      else throw error;
    }
    this.publish();
    return done;
  }

  private setLoad(key: string, load: Load): void {
    if (load === 'idle') this.loads.delete(key);
    else this.loads.set(key, load);
    this.emit([`load:${key}`]);
  }

  private holdBody(message: Id, body: Body): void {
    this.bodies.set(message, body);
    if (this.bodies.size > BODIES_HELD) {
      const oldest = this.bodies.keys().next().value;
      if (oldest !== undefined) this.bodies.delete(oldest);
    }
    this.emit([`body:${message}`]);
  }

  // Telling ---------------------------------------------------------------------------------------------------

  /** Tell subscribers what the last writes touched, and fetch again what those writes put in doubt. */
  private publish(): void {
    const touched = this.tables.touched;
    if (touched.size === 0) return;
    if (this.tables.left) this.forgetLeft();
    this.tables.touched = new Set();
    for (const key of touched) this.unsaved?.add(key);
    if (!this.view.clear) this.followBelow(touched);
    this.emit(touched);
    this.views.refillStale();
    this.save();
  }

  /** Confirmed rows have changed below commands that are under way: counters and lists are made of both. */
  private followBelow(touched: Set<string>): void {
    this.view.refresh();
    for (const id of this.view.counted()) touched.add(`mailbox:${id}`);
    touched.add('mailboxes:');
    for (const key of this.tables.lists.keys()) touched.add(`list:${key}`);
    for (const key of [...touched]) {
      const message = key.startsWith('message:') ? this.tables.messages.get(key.slice('message:'.length)) : undefined;
      if (message) touched.add(`thread:${message.thread_id}`);
    }
  }

  /** An account has left, or its owner has taken back what was shared: this device keeps nothing of it. */
  private forgetLeft(): void {
    this.tables.left = false;
    this.bodies.clear();
    this.unsaved = null; // the next save writes what is left anew
    void this.cache?.clear();
  }

  private emit(keys: Iterable<string>): void {
    for (const key of keys) {
      this.made.delete(key);
      for (const listener of [...(this.listeners.get(key) ?? [])]) listener();
    }
  }

  private save(): void {
    this.saving ??= setTimeout(() => this.saveNow(), SAVE_AFTER);
  }

  private saveNow(): void {
    clearTimeout(this.saving);
    this.saving = undefined;
    // One writer per browser: rows and their journal number always come from the same tab.
    if (!this.link?.leads() || this.gap) return;
    const changed = this.unsaved;
    this.unsaved = new Set();
    const { seq } = this.tables;
    void this.cache?.save(this.tables, changed).then((saved) => {
      if (!saved) this.unsaved = null; // the next save writes everything anew
      else if (seq !== null) this.outbox.saved(seq);
    });
  }

  private readonly onHide = (): void => {
    if (document.visibilityState === 'hidden') this.saveNow();
  };
}

/** True when the links to a text's images are no longer good. */
const imagesLapsed = ({ images_until }: Body): boolean => !!images_until && Date.parse(images_until) < Date.now();
