import { beforeEach, describe, expect, it } from 'vitest';
import { ARCHIVE, INBOX, account, counted, frame, gone, mailbox, message, minutesBefore, moved, page, thread } from '../testing/rows';
import { judge, patch } from './patch';
import { Tables, listKey, listOf, putAccount, putAllAccounts, putAllMailboxes, putConversation, putPages, reset } from './tables';

let tables: Tables;
const shown = (key = INBOX, count = 5): (string | undefined)[] => Array.from({ length: count }, (_, i) => listOf(tables, key).at(i)?.id);
const total = (key = INBOX): number => listOf(tables, key).total;

beforeEach(() => {
  tables = new Tables();
  tables.seq = 10;
  putAllAccounts(tables, [account()]);
  putAllMailboxes(tables, [mailbox({ threads: 300 }), mailbox({ id: ARCHIVE, role: 'archive', threads: 0 })]);
  putPages(tables, INBOX, [{ position: 0, rows: page(0, 100), total: 300, seq: 10 }]);
  tables.touched.clear();
});

describe('the order of frames', () => {
  it('drops a frame that is not newer than what is folded in', () => {
    expect(judge(10, { seq: 10, prev: 9 })).toBe('drop');
    expect(judge(10, { seq: 4, prev: 3 })).toBe('drop');
  });

  it('applies across holes that other people’s events leave in the numbers', () => {
    expect(judge(10, { seq: 17, prev: 10 })).toBe('apply');
    expect(judge(10, { seq: 17, prev: 6 })).toBe('apply');
  });

  it('calls a frame whose predecessor is unknown a gap', () => {
    expect(judge(10, { seq: 17, prev: 12 })).toBe('gap');
  });

  it('stops at a gap, keeps the number before it, and takes the rest from the replay', () => {
    const first = frame(11, moved(thread(-1)));
    const missed = frame(12, moved(thread(-2)));
    const late = frame(13, moved(thread(-3)));
    expect(patch(tables, [first, late])).toBe(true);
    expect(tables.seq).toBe(11);
    expect(shown(INBOX, 2)).toEqual(['thread--1', 'thread-0']);
    expect(patch(tables, [missed, late])).toBe(false);
    expect(tables.seq).toBe(13);
    expect(shown(INBOX, 3)).toEqual(['thread--3', 'thread--2', 'thread--1']);
  });

  it('folds a frame that comes twice once', () => {
    const arrival = frame(11, moved(thread(-1)));
    patch(tables, [arrival, arrival]);
    patch(tables, [arrival]);
    expect(total()).toBe(301);
    expect(shown(INBOX, 2)).toEqual(['thread--1', 'thread-0']);
  });

  it('ignores frames until a first page has named a number', () => {
    const empty = new Tables();
    expect(patch(empty, [frame(11, moved(thread(1)))])).toBe(false);
    expect(empty.seq).toBeNull();
    expect(empty.threads.size).toBe(0);
  });
});

describe('rows', () => {
  it('never go back in revision', () => {
    patch(tables, [frame(11, moved(thread(3, { rev: 5, subject: 'newer' })))]);
    patch(tables, [frame(12, moved(thread(3, { rev: 4, subject: 'older', at: { [INBOX]: minutesBefore(-50) } })))]);
    expect(tables.threads.get('thread-3')?.subject).toBe('newer');
    expect(listOf(tables, INBOX).indexOf('thread-3')).toBe(3);
  });

  it('take in what the assistant says, beside their revision', () => {
    patch(tables, [frame(11, { event: 'email:new', data: { message: message('m', 'thread-3', { rev: 7 }), thread: thread(3, { rev: 5 }) } })]);
    const ai = { category: 'billing', urgency: 'high', needs_reply: true, important: false } as const;
    patch(tables, [frame(12, { event: 'ai:classification_done', data: { message_id: 'm', thread_id: 'thread-3', ai } })]);
    expect(tables.messages.get('m')).toMatchObject({ rev: 7, ai });
    patch(tables, [frame(13, { event: 'ai:classification_done', data: { message_id: 'unknown', thread_id: 'thread-3', ai } })]);
    expect(tables.messages.has('unknown')).toBe(false);
  });

  it('from an older page do not undo an event', () => {
    patch(tables, [frame(11, moved(thread(3, { rev: 5, subject: 'newer' })))]);
    putPages(tables, listKey(INBOX, 'flagged'), [{ position: 0, rows: [{ ...page(3, 1)[0]!, rev: 1 }], total: 1, seq: 11 }]);
    expect(tables.threads.get('thread-3')?.subject).toBe('newer');
  });

  it('tell only the subscribers they touch', () => {
    patch(tables, [frame(11, moved(thread(3, { rev: 2, flagged: true })))]);
    expect(tables.touched).toContain('thread:thread-3');
    expect(tables.touched).not.toContain(`list:${INBOX}`);
  });
});

describe('a mailbox list', () => {
  it('moves an answered thread to the top without growing', () => {
    patch(tables, [frame(11, moved(thread(40, { rev: 2, count: 2, at: { [INBOX]: minutesBefore(-1) } })))]);
    expect(shown(INBOX, 2)).toEqual(['thread-40', 'thread-0']);
    expect(total()).toBe(300);
    expect(listOf(tables, INBOX).at(40)?.id).toBe('thread-39');
  });

  it('loses a thread that moved to another mailbox and shows it there', () => {
    putPages(tables, ARCHIVE, [{ position: 0, rows: [], total: 0, seq: 10 }]);
    patch(tables, [frame(11, moved(thread(2, { rev: 2, mailbox_ids: [ARCHIVE], at: { [ARCHIVE]: minutesBefore(2) } })))]);
    expect(shown(INBOX, 3)).toEqual(['thread-0', 'thread-1', 'thread-3']);
    expect(total()).toBe(299);
    expect(shown(ARCHIVE, 1)).toEqual(['thread-2']);
  });

  it('counts an arrival once, though three events speak of it', () => {
    const fresh = thread(-1, { unread: 1 });
    const note = message('m1', fresh.id);
    patch(tables, [
      frame(11, { event: 'email:new', data: { message: note, thread: fresh } }),
      frame(12, moved(fresh)),
      frame(13, counted(mailbox({ threads: 301, unread: 1, rev: 2 }))),
    ]);
    expect(total()).toBe(301);
    expect(shown(INBOX, 2)).toEqual(['thread--1', 'thread-0']);
    expect(tables.stale.has(INBOX)).toBe(false);
  });

  it('places an arrival by its message when the row names no times', () => {
    const { at: _, ...bare } = thread(-1);
    patch(tables, [frame(11, { event: 'email:new', data: { message: message('m1', bare.id, { date: minutesBefore(-1) }), thread: bare } })]);
    expect(shown(INBOX, 1)).toEqual(['thread--1']);
  });

  it('is in doubt, not wrong, when a thread rises from a part that was never read', () => {
    patch(tables, [
      frame(11, moved(thread(250, { rev: 2, at: { [INBOX]: minutesBefore(-1) } }))),
      frame(12, counted(mailbox({ threads: 300, rev: 2 }))),
    ]);
    expect(shown(INBOX, 1)).toEqual(['thread-250']);
    expect(tables.stale.has(INBOX)).toBe(true);
  });

  it('keeps nothing but the fresh pages once it was in doubt', () => {
    putPages(tables, INBOX, [{ position: 200, rows: page(200, 100), total: 300, seq: 10 }]);
    tables.stale.add(INBOX);
    expect(putPages(tables, INBOX, [{ position: 0, rows: page(0, 100), total: 300, seq: 10 }])).toBe(true);
    expect(listOf(tables, INBOX).at(250)).toBeUndefined();
    expect(listOf(tables, INBOX).at(50)?.id).toBe('thread-50');
    expect(tables.stale.has(INBOX)).toBe(false);
  });

  it('refuses a page that was read before an event moved the list', () => {
    patch(tables, [frame(11, moved(thread(-1)))]);
    expect(putPages(tables, INBOX, [{ position: 0, rows: page(0, 100), total: 300, seq: 10 }])).toBe(false);
    expect(shown(INBOX, 1)).toEqual(['thread--1']);
    expect(putPages(tables, INBOX, [{ position: 100, rows: page(99, 100), total: 301, seq: 11 }])).toBe(true);
  });

  it('grows below, and asks again, while older mail is imported', () => {
    patch(tables, [frame(11, counted(mailbox({ threads: 900, rev: 2 }), true))]);
    expect(total()).toBe(900);
    expect(shown(INBOX, 1)).toEqual(['thread-0']);
    expect(tables.stale.has(INBOX)).toBe(true);
  });

  it('with a filter holds only what matches it', () => {
    const unread = listKey(INBOX, 'unread');
    putPages(tables, unread, [{ position: 0, rows: [], total: 0, seq: 10 }]);
    patch(tables, [frame(11, moved(thread(5, { rev: 2, unread: 1 })))]);
    expect(shown(unread, 1)).toEqual(['thread-5']);
    patch(tables, [frame(12, moved(thread(5, { rev: 3, unread: 0 })))]);
    expect(total(unread)).toBe(0);
    expect(total()).toBe(300);
  });

  it('loses deleted threads, seen or not', () => {
    patch(tables, [frame(11, gone('thread-1'))]);
    expect(shown(INBOX, 2)).toEqual(['thread-0', 'thread-2']);
    expect(total()).toBe(299);
  });

  it('takes bursts of 1,000 events', () => {
    for (const from of [0, 1_000, 2_000, 3_000]) {
      patch(tables, Array.from({ length: 1_000 }, (_, i) => frame(11 + from + i, moved(thread(-1 - from - i, { unread: 1 })))));
    }
    expect(total()).toBe(4_300);
    expect(shown(INBOX, 1)).toEqual(['thread--4000']);
  });
});

describe('an opened conversation', () => {
  beforeEach(() => {
    const { at: _, ...row } = thread(1, { count: 2 });
    putConversation(tables, { seq: 10, thread: row, messages: [message('m1', row.id, { date: minutesBefore(9) }), message('m2', row.id, { date: minutesBefore(1) })] });
  });

  it('shows a new message in its place', () => {
    const arrival = message('m3', 'thread-1', { date: minutesBefore(5) });
    patch(tables, [frame(11, { event: 'email:new', data: { message: arrival, thread: thread(1, { rev: 2, count: 3 }) } })]);
    expect(tables.conversations.get('thread-1')).toEqual(['m1', 'm3', 'm2']);
  });

  it('follows flags that another client sets', () => {
    const { id, thread_id, flags, answered, draft, mailboxes } = message('m1', 'thread-1');
    patch(tables, [frame(11, { event: 'email:update', data: { message: { id, thread_id, flags: [...flags, '\\seen'], unread: false, flagged: true, answered, draft, mailboxes, rev: 2 } } })]);
    expect(tables.messages.get('m1')).toMatchObject({ unread: false, flagged: true, size: 100 });
  });

  it('loses a deleted message, and an answer read before does not bring it back', () => {
    patch(tables, [frame(11, { event: 'email:delete', data: { id: 'm1', thread_id: 'thread-1' } })]);
    expect(tables.conversations.get('thread-1')).toEqual(['m2']);
    const { at: _, ...row } = thread(1, { count: 2 });
    putConversation(tables, { seq: 10, thread: row, messages: [message('m1', row.id), message('m2', row.id)] });
    expect(tables.conversations.get('thread-1')).toEqual(['m2']);
  });

  it('that was read before it went does not come back', () => {
    patch(tables, [frame(11, gone('thread-1'))]);
    const { at: _, ...row } = thread(1);
    expect(putConversation(tables, { seq: 10, thread: row, messages: [message('m1', row.id)] })).toBe(false);
    expect(tables.threads.has('thread-1')).toBe(false);
    expect(tables.conversations.has('thread-1')).toBe(false);
  });

  it('is gone with its thread, and says so', () => {
    patch(tables, [frame(11, gone('thread-1'))]);
    expect(tables.conversations.has('thread-1')).toBe(false);
    expect(tables.messages.has('m1')).toBe(false);
    expect(tables.touched).toContain('conversation:thread-1');
    expect(tables.gone.has('thread-1')).toBe(true);
  });
});

describe('accounts and mailboxes', () => {
  it('that the server does not list any more leave nothing behind', () => {
    const { at: _, ...row } = thread(1);
    putConversation(tables, { seq: 10, thread: row, messages: [message('m1', row.id)] });
    putAllAccounts(tables, [account({ id: 'other' })]);
    expect(tables.left).toBe(true);
    for (const rows of [tables.threads, tables.messages, tables.conversations, tables.mailboxes, tables.lists]) expect(rows.size).toBe(0);
    expect([...tables.accounts.keys()]).toEqual(['other']);
  });

  it('follow their status', () => {
    patch(tables, [frame(11, { event: 'account:status', data: { account: account({ status: 'needs_reconnect' }), gone: null, progress: false } })]);
    expect(tables.accounts.get('account')?.status).toBe('needs_reconnect');
  });

  it('stay what they are to the person, of which events say nothing', () => {
    putAccount(tables, account({ role: 'delegate', mine: false }));
    const { mine: _, role: __, ...told } = account({ reachable: false });
    patch(tables, [frame(11, { event: 'account:status', data: { account: told, gone: null, progress: false } })]);
    expect(tables.accounts.get('account')).toMatchObject({ reachable: false, role: 'delegate', mine: false });
  });

  it('a disconnected account takes its mailboxes, lists and threads along', () => {
    patch(tables, [frame(11, { event: 'account:status', data: { account: null, gone: 'account', progress: false } })]);
    expect(tables.accounts.size + tables.mailboxes.size + tables.threads.size + tables.lists.size).toBe(0);
  });

  it('counters never go back', () => {
    patch(tables, [frame(11, counted(mailbox({ unread: 7, threads: 300, rev: 3 }))), frame(12, counted(mailbox({ unread: 2, threads: 300, rev: 2 })))]);
    expect(tables.mailboxes.get(INBOX)?.unread).toBe(7);
  });
});

describe('reset', () => {
  it('drops what is known but keeps the geometry, until pages come anew', () => {
    reset(tables);
    expect(tables.seq).toBeNull();
    expect(tables.threads.size).toBe(0);
    expect(total()).toBe(300);
    expect(shown(INBOX, 1)).toEqual([undefined]);
    tables.seq = 900;
    putPages(tables, INBOX, [{ position: 0, rows: page(0, 100).map((row) => ({ ...row, rev: 0 })), total: 280, seq: 900 }]);
    expect(shown(INBOX, 1)).toEqual(['thread-0']);
    expect(total()).toBe(280);
    putAllMailboxes(tables, [mailbox({ threads: 280, rev: 0 })]); // a restored server may count its revisions anew
    expect(tables.mailboxes.get(INBOX)?.threads).toBe(280);
  });
});
