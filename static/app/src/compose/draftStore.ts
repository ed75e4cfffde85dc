// Drafts as this device keeps them, in a database of their own: what is typed here outlives a crash, a reload and the
// network, and mail that was only read may be thrown away beside it.
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Attachment, Id, Iso } from '../api/types';
import type { DraftFields, DraftState, Quote, SendOptions } from './types';

export interface LocalDraft {
  id: Id;
  fields: DraftFields;
  attachments: Attachment[];
  /** False for a forward whose files only the server knows yet. */
  filesKnown: boolean;
  quote: Quote | null;
  threadId: Id | null;
  /** The server's version that this one is based on; 0 when it has none. */
  rev: number;
  /** How often the server had changed its state when it last told of it. */
  moves: number;
  /** Counts the person's changes; `pushed` is the count that the server has. */
  edited: number;
  pushed: number;
  /** When the person last changed it, in milliseconds. */
  changedAt: number;
  state: DraftState;
  sendAt: Iso | null;
  error: { code: string; sentence: string } | null;
  /** Thrown away, and not yet told to the server: until then it can come back. */
  discarded: boolean;
  /** To be sent as soon as the server can be reached. */
  sending: SendOptions | null;
}

export interface KeptFile { id: string; draft: Id; file: Blob; name: string; type: string; inline: boolean }

interface Schema extends DBSchema {
  drafts: { key: Id; value: LocalDraft };
  files: { key: string; value: KeptFile; indexes: { draft: Id } };
  kept: { key: string; value: unknown };
}

export interface DraftStore {
  all(): Promise<LocalDraft[]>;
  get(id: Id): Promise<LocalDraft | undefined>;
  /** False when it could not be kept (no storage, no room). */
  put(draft: LocalDraft): Promise<boolean>;
  /** The draft and its files. */
  remove(id: Id): Promise<void>;
  files(draft: Id): Promise<KeptFile[]>;
  putFile(file: KeptFile): Promise<boolean>;
  removeFile(id: string): Promise<void>;
  /** Small lists that writing needs without the server: identities, templates. */
  kept<T>(name: string): Promise<T | undefined>;
  keep(name: string, value: unknown): Promise<void>;
  close(): void;
  /** Delete everything of this person from the device. */
  forget(): Promise<void>;
}

const PREFIX = 'pmsync-drafts:';
const nameOf = (scope: string): string => PREFIX + scope;

/** Storage may be refused, full or closing at any moment: then drafts live in memory and on the server. */
export async function openDraftStore(scope: string): Promise<DraftStore> {
  let db: IDBPDatabase<Schema> | null = null;
  try {
    db = await openDB<Schema>(nameOf(scope), 1, {
      upgrade(fresh) {
        fresh.createObjectStore('drafts', { keyPath: 'id' });
        fresh.createObjectStore('files', { keyPath: 'id' }).createIndex('draft', 'draft');
        fresh.createObjectStore('kept');
      },
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
    });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  const quietly = async <T>(work: (open: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> => {
    if (!db) return undefined;
    try {
      return await work(db);
    } catch (error) {
      if (error instanceof DOMException) return undefined;
      throw error;
    }
  };
  const close = (): void => {
    db?.close();
    db = null;
  };
  return {
    all: async () => (await quietly((open) => open.getAll('drafts'))) ?? [],
    get: (id) => quietly((open) => open.get('drafts', id)),
    put: async (draft) => (await quietly((open) => open.put('drafts', draft))) !== undefined,
    remove: async (id) => {
      await quietly(async (open) => {
        const tx = open.transaction(['drafts', 'files'], 'readwrite');
        void tx.objectStore('drafts').delete(id);
        for (const key of await tx.objectStore('files').index('draft').getAllKeys(id)) void tx.objectStore('files').delete(key);
        await tx.done;
      });
    },
    files: async (draft) => (await quietly((open) => open.getAllFromIndex('files', 'draft', draft))) ?? [],
    putFile: async (file) => (await quietly((open) => open.put('files', file))) !== undefined,
    removeFile: async (id) => {
      await quietly((open) => open.delete('files', id));
    },
    kept: <T>(name: string) => quietly((open) => open.get('kept', name)) as Promise<T | undefined>,
    keep: async (name, value) => {
      await quietly((open) => open.put('kept', value, name));
    },
    close,
    forget: async () => {
      close();
      await deleteDB(nameOf(scope));
    },
  };
}

/** Delete what other people left on this device. */
export async function forgetOtherDrafts(scope: string): Promise<void> {
  if (typeof indexedDB.databases !== 'function') return;
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith(PREFIX) && name !== nameOf(scope)) await deleteDB(name);
  }
}
