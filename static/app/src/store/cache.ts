// What this device remembers of one person's mail, in IndexedDB: enough to paint at once and to read offline what
// was read before. Rows and the journal number they stand at are written in one transaction, so a later start can
// follow the journal from there. When the browser gives no storage, everything goes on in memory.
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Account, Body, Conversation, Id, Mailbox, Message, ThreadRow } from '../api/types';
import type { Entry as Command } from './entry';
import type { OutboxStore } from './outbox';
import type { Entry } from './sparse';
import { Tables, listOf, putThread, type ListKey } from './tables';

/** Rows kept of each list, from the top. */
const ROWS = 600;
const LISTS = 24;
const CONVERSATIONS = 500;
const BODIES = 500;
const VERSION = 2;
/** What accounts that an earlier client kept do not have yet. */
const SINCE: Pick<Account, 'surfaces' | 'simulated' | 'by_company'> = { surfaces: [], simulated: false, by_company: false };

interface Head { seq: number; accounts: Account[]; mailboxes: Mailbox[]; savedAt: number }
interface KeptList { total: number; entries: Entry[]; rows: ThreadRow[]; usedAt: number }
interface Kept<T> { value: T; usedAt: number }

interface Schema extends DBSchema {
  head: { key: 'head'; value: Head };
  lists: { key: ListKey; value: KeptList; indexes: { usedAt: number } };
  conversations: { key: Id; value: Kept<Conversation>; indexes: { usedAt: number } };
  bodies: { key: string; value: Kept<Body>; indexes: { usedAt: number } };
  commands: { key: string; value: Command };
}

export interface Cache extends OutboxStore {
  /** Fill empty tables. The moment they were saved (milliseconds), or null when nothing is kept. */
  load(tables: Tables): Promise<number | null>;
  /** Write what the keys in `changed` touch, or everything when it is null. False when nothing was written. */
  save(tables: Tables, changed: ReadonlySet<string> | null): Promise<boolean>;
  conversation(id: Id): Promise<Conversation | undefined>;
  keepConversation(conversation: Conversation): Promise<void>;
  body(key: string): Promise<Body | undefined>;
  keepBody(key: string, body: Body): Promise<void>;
  /** Forget the rows; bodies stay, they never change, and so do commands that are under way. */
  empty(): Promise<void>;
  /** Forget everything, and go on. */
  clear(): Promise<void>;
  /** Delete everything of this person from the device. */
  forget(): Promise<void>;
  close(): void;
}

const nameOf = (scope: string): string => `pmsync:${scope}`;

/** Null when the browser refuses storage (private mode, no quota): callers go on in memory. */
export async function openCache(scope: string): Promise<Cache | null> {
  try {
    const db = await openDB<Schema>(nameOf(scope), VERSION, {
      upgrade(fresh, version) {
        if (version < 1) {
          fresh.createObjectStore('head');
          fresh.createObjectStore('lists').createIndex('usedAt', 'usedAt');
          fresh.createObjectStore('conversations').createIndex('usedAt', 'usedAt');
          fresh.createObjectStore('bodies').createIndex('usedAt', 'usedAt');
        }
        if (version < 2) fresh.createObjectStore('commands');
      },
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
    });
    return new StoredCache(db, scope);
  } catch {
    return null;
  }
}

/** Delete what other people left on this device: their session here is over. */
export async function forgetOthers(scope: string): Promise<void> {
  if (typeof indexedDB.databases !== 'function') return;
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith('pmsync:') && name !== nameOf(scope)) await deleteDB(name);
  }
}

class StoredCache implements Cache {
  private readonly db: IDBPDatabase<Schema>;
  private readonly scope: string;
  private closed = false;

  constructor(db: IDBPDatabase<Schema>, scope: string) {
    this.db = db;
    this.scope = scope;
  }

  async load(tables: Tables): Promise<number | null> {
    return (await this.quietly(async () => {
      const tx = this.db.transaction(['head', 'lists']);
      const [head, keys, lists] = await Promise.all([
        tx.objectStore('head').get('head'),
        tx.objectStore('lists').getAllKeys(),
        tx.objectStore('lists').getAll(),
      ]);
      if (!head) return null;
      tables.seq = head.seq;
      for (const account of head.accounts) tables.accounts.set(account.id, { ...SINCE, ...account });
      for (const box of head.mailboxes) tables.mailboxes.set(box.id, box);
      keys.forEach((key, i) => restoreList(tables, key, lists[i]!));
      return head.savedAt;
    })) ?? null;
  }

  async save(tables: Tables, changed: ReadonlySet<string> | null): Promise<boolean> {
    const { seq } = tables;
    if (seq === null) return false;
    const usedAt = Date.now();
    const head: Head = { seq, accounts: [...tables.accounts.values()], mailboxes: [...tables.mailboxes.values()], savedAt: usedAt };
    const lists = changedLists(tables, changed).map((key) => [key, keptList(tables, key)] as const);
    const conversations = changedConversations(tables, changed).map((id) => [id, keptConversation(tables, id, seq)] as const);
    const written = await this.quietly(async () => {
      const tx = this.db.transaction(['head', 'lists', 'conversations'], 'readwrite');
      const [kept, opened] = [tx.objectStore('lists'), tx.objectStore('conversations')];
      void tx.objectStore('head').put(head, 'head');
      if (!changed) void kept.clear();
      for (const [key, list] of lists) void (list ? kept.put(list, key) : kept.delete(key));
      for (const [id, value] of conversations) void (value ? opened.put({ value, usedAt }, id) : opened.delete(id));
      await tx.done;
      return true;
    });
    return written ?? false;
  }

  conversation(id: Id): Promise<Conversation | undefined> {
    return this.quietly(async () => (await this.db.get('conversations', id))?.value);
  }

  async keepConversation(value: Conversation): Promise<void> {
    await this.quietly(() => this.db.put('conversations', { value, usedAt: Date.now() }, value.thread.id));
    await this.trim('conversations', CONVERSATIONS);
  }

  body(key: string): Promise<Body | undefined> {
    return this.quietly(async () => {
      const kept = await this.db.get('bodies', key);
      if (kept) void this.quietly(() => this.db.put('bodies', { ...kept, usedAt: Date.now() }, key));
      return kept?.value;
    });
  }

  async keepBody(key: string, value: Body): Promise<void> {
    await this.quietly(() => this.db.put('bodies', { value, usedAt: Date.now() }, key));
    await this.trim('bodies', BODIES);
  }

  async commands(): Promise<Command[]> {
    return (await this.quietly(() => this.db.getAll('commands'))) ?? [];
  }

  async keepCommand(entry: Command): Promise<void> {
    await this.quietly(() => this.db.put('commands', entry, entry.key));
  }

  async dropCommands(keys: string[]): Promise<void> {
    await this.quietly(async () => {
      const tx = this.db.transaction('commands', 'readwrite');
      for (const key of keys) void tx.store.delete(key);
      await tx.done;
    });
  }

  async empty(): Promise<void> {
    await this.quietly(async () => {
      const tx = this.db.transaction(['head', 'lists', 'conversations'], 'readwrite');
      void tx.objectStore('head').clear();
      void tx.objectStore('lists').clear();
      void tx.objectStore('conversations').clear();
      await tx.done;
    });
  }

  async clear(): Promise<void> {
    await this.empty();
    await this.quietly(() => this.db.clear('bodies'));
  }

  async forget(): Promise<void> {
    this.close();
    await deleteDB(nameOf(this.scope));
  }

  close(): void {
    this.closed = true;
    this.db.close();
  }

  private async trim(store: 'bodies' | 'conversations', limit: number): Promise<void> {
    await this.quietly(async () => {
      const tx = this.db.transaction(store, 'readwrite');
      let over = (await tx.store.count()) - limit;
      for (let cursor = await tx.store.index('usedAt').openCursor(); cursor && over > 0; over--) {
        await cursor.delete();
        cursor = await cursor.continue();
      }
      await tx.done;
    });
  }

  /** Storage may be full, evicted or closing at any moment; the mail on screen does not depend on it. */
  private async quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.closed) return undefined;
    try {
      return await work();
    } catch (error) {
      if (error instanceof DOMException) return undefined;
      throw error;
    }
  }
}

function keptList(tables: Tables, key: ListKey): KeptList | null {
  const list = tables.lists.get(key);
  if (!list?.known || tables.stale.has(key) || !list.at(0)) return null;
  const entries: Entry[] = [];
  for (let position = 0; position < ROWS; position++) {
    const entry = list.at(position);
    if (!entry) break;
    entries.push({ ...entry });
  }
  const rows = entries.flatMap(({ id }) => tables.threads.get(id) ?? []);
  return { total: list.total, entries, rows, usedAt: Date.now() };
}

function keptConversation(tables: Tables, id: Id, seq: number): Conversation | null {
  const thread = tables.threads.get(id);
  const messages = (tables.conversations.get(id) ?? []).flatMap((message): Message | Message[] => tables.messages.get(message) ?? []);
  return thread && messages.length ? { seq, thread, messages } : null;
}

/** The lists to write: those that changed themselves or went, and those that show a changed row. */
function changedLists(tables: Tables, changed: ReadonlySet<string> | null): ListKey[] {
  const newest = [...tables.lists.keys()].slice(-LISTS);
  if (!changed) return newest;
  const rows = touchedIds(changed, 'thread:');
  const went = touchedIds(changed, 'list:').filter((key) => !tables.lists.has(key));
  return [...went, ...newest.filter((key) => changed.has(`list:${key}`) || rows.some((id) => listOf(tables, key).has(id)))];
}

function changedConversations(tables: Tables, changed: ReadonlySet<string> | null): Id[] {
  if (!changed) return [...tables.conversations.keys()];
  const ofMessages = touchedIds(changed, 'message:').flatMap((id) => tables.messages.get(id)?.thread_id ?? []);
  const ofThreads = touchedIds(changed, 'thread:').filter((id) => tables.conversations.has(id));
  return [...new Set([...touchedIds(changed, 'conversation:'), ...ofMessages, ...ofThreads])];
}

function touchedIds(changed: ReadonlySet<string>, kind: string): Id[] {
  return [...changed].filter((key) => key.startsWith(kind)).map((key) => key.slice(kind.length));
}

function restoreList(tables: Tables, key: ListKey, kept: KeptList): void {
  for (const row of kept.rows) putThread(tables, row);
  listOf(tables, key).place(0, kept.entries, kept.total);
}

