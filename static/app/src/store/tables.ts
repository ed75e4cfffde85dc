// The confirmed layer: every row this tab knows, by id. Rows are immutable and replaced whole; a row never goes
// back in `rev`. Whatever changes is named in `touched`, so subscribers of one row or one list hear only of it.
import type { Account, Conversation, Id, Iso, ListedThread, Mailbox, Message, ThreadFilter, ThreadRow } from '../api/types';
import { Alike } from './alike';
import { SparseList } from './sparse';

/** `<mailbox id>` or `<mailbox id>|<filter>`. */
export type ListKey = string;

export class Tables {
  /** Journal number up to which every event is folded in; null until the first page has named one. */
  seq: number | null = null;
  readonly accounts = new Map<Id, Account>();
  readonly mailboxes = new Map<Id, Mailbox>();
  readonly threads = new Map<Id, ThreadRow>();
  readonly alike = new Alike();
  readonly messages = new Map<Id, Message>();
  /** Message ids of each opened conversation, oldest first. */
  readonly conversations = new Map<Id, Id[]>();
  readonly lists = new Map<ListKey, SparseList>();
  /** Threads and messages that the journal said are gone; an older page must not bring them back. */
  readonly gone = new Map<Id, number>();
  /** True when an account has left since this was last looked at: nothing of it may stay on this device. */
  left = false;
  touched = new Set<string>();
  /** Lists whose unknown parts may have moved: the visible part wants a fresh page. */
  stale = new Set<ListKey>();

  touch(kind: TouchKind, id: Id = ''): void {
    this.touched.add(`${kind}:${id}`);
  }
}

export type TouchKind = 'accounts' | 'mailboxes' | 'mailbox' | 'thread' | 'message' | 'conversation' | 'list';

export function listKey(mailbox: Id, filter: ThreadFilter | null): ListKey {
  return filter ? `${mailbox}|${filter}` : mailbox;
}

export function parseListKey(key: ListKey): { mailbox: Id; filter: ThreadFilter | null } {
  const [mailbox = '', filter] = key.split('|');
  return { mailbox, filter: (filter as ThreadFilter | undefined) ?? null };
}

export function matches(filter: ThreadFilter | null, row: ThreadRow): boolean {
  switch (filter) {
    case null: return true;
    case 'unread': return row.unread > 0;
    case 'flagged': return row.flagged;
    case 'attachment': return row.has_attachment;
    case 'snoozed': return isSnoozed(row);
  }
}

const isSnoozed = (row: ThreadRow): boolean => (row.snoozed_until ?? null) !== null;

/** True when a list shows the row. What is put off is in no list but that of what is put off. */
export function belongs(tables: Tables, key: ListKey, row: ThreadRow): boolean {
  const { mailbox, filter } = parseListKey(key);
  if (filter === 'snoozed') return isSnoozed(row) && tables.mailboxes.get(mailbox)?.account_id === row.account_id;
  return row.mailbox_ids.includes(mailbox) && matches(filter, row);
}

export const time = (iso: Iso): number => Date.parse(iso);

export function listOf(tables: Tables, key: ListKey): SparseList {
  let list = tables.lists.get(key);
  if (!list) tables.lists.set(key, (list = new SparseList()));
  return list;
}

/** Keep a thread row unless a newer one is held. True when it was kept. */
export function putThread(tables: Tables, row: ThreadRow): boolean {
  const held = tables.threads.get(row.id);
  if (held && held.rev > row.rev) return false;
  if (held && held.rev === row.rev) return true;
  tables.threads.set(row.id, tables.alike.row(row));
  tables.touch('thread', row.id);
  return true;
}

export function putMessage(tables: Tables, message: Message): void {
  const held = tables.messages.get(message.id);
  if (held && held.rev >= message.rev) return;
  tables.messages.set(message.id, message);
  tables.touch('message', message.id);
}

export function putMailbox(tables: Tables, box: Mailbox): void {
  const held = tables.mailboxes.get(box.id);
  if (held && held.rev >= box.rev) return;
  tables.mailboxes.set(box.id, box);
  tables.touch('mailbox', box.id);
  tables.touch('mailboxes');
}

export function putAccount(tables: Tables, account: Account): void {
  tables.accounts.set(account.id, account);
  tables.touch('accounts');
}

/** The whole set as the server lists it, in its order; what is not in it is gone. */
export function putAllMailboxes(tables: Tables, boxes: Mailbox[]): void {
  const rows = boxes.map((box) => {
    const held = tables.mailboxes.get(box.id);
    return held && held.rev > box.rev ? held : box;
  });
  tables.mailboxes.clear();
  for (const row of rows) {
    tables.mailboxes.set(row.id, row);
    tables.touch('mailbox', row.id);
  }
  tables.touch('mailboxes');
}

export function putAllAccounts(tables: Tables, accounts: Account[]): void {
  const listed = new Set(accounts.map(({ id }) => id));
  for (const id of [...tables.accounts.keys()]) if (!listed.has(id)) dropAccount(tables, id);
  tables.accounts.clear();
  for (const account of accounts) putAccount(tables, account);
  tables.touch('accounts');
}

export function dropMailbox(tables: Tables, id: Id): void {
  tables.mailboxes.delete(id);
  for (const key of [...tables.lists.keys()]) {
    if (parseListKey(key).mailbox !== id) continue;
    tables.lists.delete(key);
    tables.touch('list', key);
  }
  tables.touch('mailbox', id);
  tables.touch('mailboxes');
}

/** Everything of an account goes. */
export function dropAccount(tables: Tables, id: Id): void {
  tables.left ||= tables.accounts.delete(id);
  tables.touch('accounts');
  for (const box of [...tables.mailboxes.values()]) if (box.account_id === id) dropMailbox(tables, box.id);
  for (const row of [...tables.threads.values()]) {
    if (row.account_id !== id) continue;
    dropConversation(tables, row.id);
    tables.threads.delete(row.id);
    tables.touch('thread', row.id);
  }
  tables.alike.clear();
}

/** Forget the messages of a conversation; its row stays. */
export function dropConversation(tables: Tables, id: Id): void {
  for (const message of tables.conversations.get(id) ?? []) tables.messages.delete(message);
  tables.conversations.delete(id);
  tables.touch('conversation', id);
}

export interface ListPage {
  position: number;
  rows: ListedThread[];
  total: number;
  /** Journal number the page is at least as new as. */
  seq: number;
}

/**
 * Pages of one list. False, and nothing placed, when an event has moved the list since one of them was read: ask
 * again. A list in doubt keeps nothing but these pages; the rest comes anew when it is looked at.
 */
export function putPages(tables: Tables, key: ListKey, pages: ListPage[]): boolean {
  const list = listOf(tables, key);
  if (pages.some((page) => page.seq < list.movedAt)) return false;
  if (tables.stale.delete(key)) list.clear();
  for (const page of pages) {
    for (const { at: _, ...thread } of page.rows) putThread(tables, thread);
    const entries = page.rows.map((row) => ({ id: row.id, at: time(row.at) }));
    list.place(page.position, entries, page.total);
  }
  tables.touch('list', key);
  return true;
}

/** Remember that a row or message is gone, so that an answer read before does not bring it back. */
export function bury(tables: Tables, id: Id, seq: number): void {
  tables.gone.delete(id);
  tables.gone.set(id, seq);
  if (tables.gone.size <= GRAVES) return;
  for (const oldest of tables.gone.keys()) {
    tables.gone.delete(oldest);
    return;
  }
}

/** Far more than can be deleted while one request is under way. */
const GRAVES = 5_000;

/** False, and nothing kept, when the conversation was read before an event said that it is gone. */
export function putConversation(tables: Tables, { thread, messages, seq }: Conversation): boolean {
  if ((tables.gone.get(thread.id) ?? -1) > seq) return false;
  putThread(tables, thread);
  const alive = messages.filter((message) => (tables.gone.get(message.id) ?? -1) <= seq);
  for (const message of alive) putMessage(tables, message);
  tables.conversations.set(thread.id, alive.map((message) => message.id));
  tables.touch('conversation', thread.id);
  return true;
}

/** Everything known is in doubt (the server keeps no events that far back): start from nothing. */
export function reset(tables: Tables): void {
  tables.seq = null;
  for (const id of tables.threads.keys()) tables.touch('thread', id);
  for (const id of tables.conversations.keys()) tables.touch('conversation', id);
  // The sidebar stays as it is until the server has named its mailboxes again, whatever their revision then is.
  for (const [id, box] of tables.mailboxes) tables.mailboxes.set(id, { ...box, rev: -1 });
  tables.threads.clear();
  tables.alike.clear();
  tables.messages.clear();
  tables.conversations.clear();
  tables.gone.clear();
  for (const [key, list] of tables.lists) {
    list.clear();
    tables.stale.add(key);
    tables.touch('list', key);
  }
}
