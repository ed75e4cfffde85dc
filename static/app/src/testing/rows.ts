// A small cast of rows for tests: one account, one inbox, threads by number, newest first.
import type { Account, JournalEvent, ListedThread, Mailbox, Message, PlacedThread } from '../api/types';

export const INBOX = 'box-inbox';
export const ARCHIVE = 'box-archive';
const NOON = Date.parse('2026-03-10T12:00:00Z');

/** Minute n before noon: a larger n is older. */
export const minutesBefore = (n: number): string => new Date(NOON - n * 60_000).toISOString();

export function thread(n: number, change: Partial<PlacedThread> = {}): PlacedThread {
  return {
    id: `thread-${n}`, account_id: 'account', subject: `Subject ${n}`, snippet: '', participants: [], count: 1, unread: 0, flagged: false,
    has_attachment: false, last_at: minutesBefore(n), mailbox_ids: [INBOX], rev: 1, at: { [INBOX]: minutesBefore(n) }, ...change,
  };
}

export function listed(n: number, change: Partial<ListedThread> = {}): ListedThread {
  const { at: _, ...row } = thread(n);
  return { ...row, at: row.last_at, ...change };
}

export const page = (from: number, count: number): ListedThread[] => Array.from({ length: count }, (_, i) => listed(from + i));

export function mailbox(change: Partial<Mailbox> = {}): Mailbox {
  return {
    id: INBOX, account_id: 'account', name: 'INBOX', path: ['INBOX'], role: 'inbox', parent_id: null, selectable: true, total: 0, unread: 0,
    threads: 0, unread_threads: 0, as_of: null, backfill_remaining: null, rev: 1, ...change,
  };
}

export function account(change: Partial<Account> = {}): Account {
  return {
    id: 'account', address: 'ada@example.org', display_name: '', provider_type: 'imap', status: 'active', status_reason: '', owner_id: 'ada', mine: true,
    role: 'owner', as_of: null, reachable: true, import: null, color: 0, surfaces: ['mail'], simulated: false, by_company: false, ...change,
  };
}

export function message(id: string, threadId: string, change: Partial<Message> = {}): Message {
  return {
    id, thread_id: threadId, account_id: 'account', message_id: `${id}@example.org`, subject: '', from: [], to: [], cc: [], bcc: [], reply_to: [],
    date: minutesBefore(0), date_header: null, received_at: null, snippet: '', flags: [], unread: true, flagged: false, answered: false, draft: false,
    size: 100, mailboxes: [{ id: INBOX, uid: 1 }], attachments: [], list_id: '', can_unsubscribe: false, truncated: [], unreadable: false, rev: 1, ...change,
  };
}

type Bare = Pick<JournalEvent, 'event' | 'data'>;

/** A frame that follows `prev` directly. */
export function frame(seq: number, event: Bare, prev = seq - 1): JournalEvent {
  return { seq, prev, account: 'account', at: minutesBefore(0), ...event } as JournalEvent;
}

export const moved = (...threads: PlacedThread[]): Bare => ({ event: 'email:thread_update', data: { threads, gone: [] } });
export const gone = (...ids: string[]): Bare => ({ event: 'email:thread_update', data: { threads: [], gone: ids } });
export const counted = (box: Mailbox, backfill = false): Bare => ({ event: 'email:unread_count_update', data: { mailboxes: [box], gone: [], backfill } });
