// Folds journal events into the confirmed layer, in order and each once. Pure over its tables: no network, no React.
import type { Id, JournalEvent, Mailbox, Message, PlacedThread, ThreadRow, ToldAccount } from '../api/types';
import type { SparseList } from './sparse';
import { belongs, bury, dropAccount, dropConversation, dropMailbox, parseListKey, putAccount, putMailbox, putMessage, putThread, time, type ListKey, type Tables } from './tables';

export type Verdict = 'drop' | 'apply' | 'gap';

/** What to do with one frame when everything up to `last` is already folded in. */
export function judge(last: number, frame: { seq: number; prev: number }): Verdict {
  if (frame.seq <= last) return 'drop';
  return frame.prev <= last ? 'apply' : 'gap';
}

/**
 * Fold frames in order, up to the first gap. Returns true when there was one: the caller says hello again from
 * `tables.seq`, and the server sends the rest anew, so what follows the gap is not kept.
 */
export function patch(tables: Tables, frames: JournalEvent[]): boolean {
  const boxes = new Set<Id>();
  let gap = false;
  for (const frame of frames) {
    if (tables.seq === null) break; // nothing paged in yet: pages will be newer than this frame
    const verdict = judge(tables.seq, frame);
    if (verdict === 'drop') continue;
    if (verdict === 'gap') {
      gap = true;
      break;
    }
    fold(tables, frame, boxes);
    tables.seq = frame.seq;
  }
  doubtDriftedLists(tables, boxes);
  return gap;
}

/** Fold one event whatever its number. Repeating it changes nothing. */
export function fold(tables: Tables, frame: JournalEvent, boxes: Set<Id> = new Set()): void {
  switch (frame.event) {
    case 'email:new': return foldNew(tables, frame.data.message, frame.data.thread, frame.seq);
    case 'email:update': {
      const held = tables.messages.get(frame.data.message.id);
      if (held) putMessage(tables, { ...held, ...frame.data.message });
      return;
    }
    case 'ai:classification_done': {
      const { message_id: id, ai } = frame.data;
      const held = tables.messages.get(id);
      if (!held) return;
      tables.messages.set(id, { ...held, ai }); // beside its revision, which counts what the mailbox says
      tables.touch('message', id);
      return;
    }
    case 'email:delete': return dropMessage(tables, frame.data.id, frame.data.thread_id, frame.seq);
    case 'email:thread_update': {
      for (const row of frame.data.threads) placeThread(tables, row, frame.seq);
      for (const id of frame.data.gone) dropThread(tables, id, frame.seq);
      return;
    }
    case 'email:unread_count_update': {
      for (const box of frame.data.mailboxes) {
        putMailbox(tables, box);
        boxes.add(box.id);
        if (frame.data.backfill) growBelow(tables, box);
      }
      for (const id of frame.data.gone) dropMailbox(tables, id);
      return;
    }
    case 'account:status': {
      if (frame.data.account) retellAccount(tables, frame.data.account);
      if (frame.data.gone) dropAccount(tables, frame.data.gone);
      return;
    }
    // What becomes of commands and drafts is told to those who keep them (mirror.ts); it is no row.
    case 'command:failed': case 'command:update': case 'draft:update': case 'draft:delete': return;
    // Contacts, events, approvals, reports and follow-ups are kept by the pages that show them.
    case 'calendar:event_new': case 'calendar:event_update': case 'calendar:event_delete':
    case 'contacts:new': case 'contacts:update': case 'contacts:delete':
    case 'report:ready': case 'alert:new': case 'ai:followup_update':
    case 'hitl:approval_required': case 'hitl:approval_decided': return;
    default: return unknownEvent(frame);
  }
}

/** What the person is to an account that they have just been let into is not known before the list is read. */
function retellAccount(tables: Tables, told: ToldAccount): void {
  const { mine, role } = tables.accounts.get(told.id) ?? { mine: false, role: 'reader' as const };
  putAccount(tables, { ...told, mine, role });
}

function foldNew(tables: Tables, message: Message, thread: PlacedThread, seq: number): void {
  putMessage(tables, message);
  const ids = tables.conversations.get(thread.id);
  if (ids && !ids.includes(message.id)) {
    const known = [...ids, message.id].toSorted((a, b) => sentAt(tables, a) - sentAt(tables, b) || (a < b ? -1 : 1));
    tables.conversations.set(thread.id, known);
    tables.touch('conversation', thread.id);
  }
  if (thread.at && typeof thread.at !== 'string') return placeThread(tables, thread, seq);
  const at = Object.fromEntries(message.mailboxes.map((box) => [box.id, message.date]));
  placeThread(tables, { ...thread, at }, seq);
}

const sentAt = (tables: Tables, id: Id): number => {
  const message = tables.messages.get(id);
  return message ? time(message.date) : 0;
};

/** Keep a complete row and move it to where it now belongs in every list this tab holds. */
function placeThread(tables: Tables, placed: PlacedThread, seq: number): void {
  const { at, ...row } = placed;
  const before = tables.threads.get(row.id);
  if (!putThread(tables, row)) return;
  tables.gone.delete(row.id);
  for (const [key, list] of tables.lists) {
    const { mailbox, filter } = parseListKey(key);
    const belongsNow = belongs(tables, key, row);
    const belonged = list.has(row.id) || (before !== undefined && belongs(tables, key, before));
    if (!belongsNow && !belonged) continue;
    list.movedAt = seq;
    const when = typeof at === 'string' || filter === 'snoozed' ? undefined : at?.[mailbox];
    if (movedInList(tables, key, list, row, belongsNow, belonged, typeof at === 'string' ? at : when)) tables.touch('list', key);
  }
}

/** True when the list changed. */
function movedInList(
  tables: Tables, key: ListKey, list: SparseList, row: ThreadRow, belongsNow: boolean, belonged: boolean, when: string | undefined,
): boolean {
  if (!list.known) return false;
  const listed = list.timeOf(row.id);
  if (belongsNow && listed !== undefined && (when === undefined || listed === time(when))) return false;
  const total = list.total;
  if (listed !== undefined) list.remove(row.id);
  // It stood, or will stand, in a stretch that was never paged in: only a fresh page knows the positions there.
  if (listed === undefined && belonged) tables.stale.add(key);
  if (!belongsNow) {
    if (listed === undefined) list.resize(Math.max(0, total - 1));
    return true;
  }
  if (when === undefined) {
    tables.stale.add(key);
    return true;
  }
  list.insert({ id: row.id, at: time(when) });
  if (belonged) list.total = total;
  return true;
}

function dropThread(tables: Tables, id: Id, seq: number): void {
  const before = tables.threads.get(id);
  bury(tables, id, seq);
  for (const [key, list] of tables.lists) {
    if (list.remove(id)) {
      list.movedAt = seq;
      tables.touch('list', key);
    } else if (list.known && before && belongs(tables, key, before)) {
      list.movedAt = seq;
      list.resize(Math.max(0, list.total - 1));
      tables.stale.add(key);
      tables.touch('list', key);
    }
  }
  dropConversation(tables, id);
  tables.threads.delete(id);
  tables.touch('thread', id);
}

function dropMessage(tables: Tables, id: Id, thread: Id, seq: number): void {
  bury(tables, id, seq);
  tables.messages.delete(id);
  tables.touch('message', id);
  const ids = tables.conversations.get(thread);
  if (!ids?.includes(id)) return;
  tables.conversations.set(thread, ids.filter((other) => other !== id));
  tables.touch('conversation', thread);
}

function growBelow(tables: Tables, box: Mailbox): void {
  const list = tables.lists.get(box.id);
  if (!list?.known) return;
  list.resize(box.threads);
  tables.stale.add(box.id);
  tables.touch('list', box.id);
}

/** A list whose size disagrees with its mailbox's own count has rows we do not know of: ask for a fresh page. */
function doubtDriftedLists(tables: Tables, boxes: Set<Id>): void {
  for (const id of boxes) {
    const box = tables.mailboxes.get(id);
    const list = tables.lists.get(id);
    if (box && list?.known && list.total !== box.threads) {
      tables.stale.add(id);
      tables.touch('list', id);
    }
  }
}

/** An event of a later version: the compiler keeps the switch complete, an older client passes over it. */
function unknownEvent(_frame: never): void {}
