import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CommandBody, Id } from '../api/types';
import { give } from '../mail/act/give';
import { ARCHIVE, INBOX, counted, gone, listed, mailbox, message, minutesBefore, moved, page, thread } from '../testing/rows';
import { FakeServer, problem } from '../testing/server';
import type { Entry } from './entry';
import { Mirror } from './mirror';
import type { Notice } from './outbox';
import { listOf, putAllMailboxes, putConversation, putPages } from './tables';

const TRASH = 'box-trash';
const SILENT = { said: null };
let server: FakeServer;
let mirror: Mirror;
let scope: string;
let notices: Notice[];
/** What the inbox's first row was at every repaint. */
let painted: (Id | undefined)[];

const first = (key = INBOX): Id | undefined => mirror.view.list(key).at(0)?.id;
const unread = (id = INBOX): number => mirror.view.mailbox(id)!.unread_threads;

async function visit(): Promise<Mirror> {
  const opened = new Mirror(scope);
  await opened.start();
  return opened;
}

function fill(): void {
  mirror.tables.seq = server.seq;
  putAllMailboxes(mirror.tables, [
    mailbox({ threads: 300, unread_threads: 5, unread: 7 }), mailbox({ id: ARCHIVE, role: 'archive', threads: 1 }), mailbox({ id: TRASH, role: 'trash' }),
  ]);
  const rows = page(0, 100);
  rows[0] = { ...rows[0]!, unread: 2, count: 2 };
  putPages(mirror.tables, INBOX, [{ position: 0, rows, total: 300, seq: server.seq }]);
  putPages(mirror.tables, ARCHIVE, [{ position: 0, rows: [listed(500, { mailbox_ids: [ARCHIVE] })], total: 1, seq: server.seq }]);
}

const archive = (...threads: Id[]): Entry => give(mirror, { action: 'archive', threads, from_mailbox_id: INBOX }, SILENT)[0]!;
const command = (body: CommandBody): Entry => give(mirror, body, SILENT)[0]!;
/** What the server tells once thread-0 lies in the archive. */
const archived = [
  moved({ ...thread(0, { unread: 2, count: 2, rev: 2 }), mailbox_ids: [ARCHIVE], at: { [ARCHIVE]: minutesBefore(0) } }),
  counted(mailbox({ threads: 299, unread_threads: 4, unread: 5, rev: 2 })),
] as const;

beforeEach(async () => {
  server = new FakeServer();
  await server.start();
  scope = `tenant:${Math.random()}`;
  mirror = await visit();
  fill();
  notices = [];
  painted = [];
  mirror.onNotice((notice) => notices.push(notice));
  mirror.subscribe(`list:${INBOX}`, () => painted.push(first()));
});

afterEach(() => {
  server.cut();
  mirror.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Time for what is under way in memory and in storage. */
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
const settled = (): Promise<void> => vi.waitFor(() => expect(mirror.outbox.entries).toEqual([]));

describe('an archived conversation', () => {
  it('leaves the list and the counters at once, and joins the archive', () => {
    archive('thread-0');
    expect(first()).toBe('thread-1');
    expect(mirror.view.list(INBOX).total).toBe(299);
    expect(first(ARCHIVE)).toBe('thread-0');
    expect(unread()).toBe(4);
    expect(mirror.view.mailbox(INBOX)!.threads).toBe(299);
    expect(mirror.view.mailbox(ARCHIVE)!.unread_threads).toBe(1);
    expect(listOf(mirror.tables, INBOX).at(0)?.id).toBe('thread-0'); // the confirmed rows are as they were
  });

  it('does not come back when the receipt is there before the echo', async () => {
    server.reply = (posted) => server.receipt(posted, { seq: server.seq + 2 });
    archive('thread-0');
    await vi.waitFor(() => expect(mirror.outbox.waiting()).toBe(0));
    expect(mirror.outbox.entries).toHaveLength(1);
    server.tell(...archived);
    await settled();
    expect(first()).toBe('thread-1');
    expect([unread(), mirror.view.list(INBOX).total]).toEqual([4, 299]);
    expect(painted).not.toContain('thread-0');
  });

  it('does not come back, and is not counted twice, when the echo is there before the receipt', async () => {
    archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    server.tell(...archived);
    await vi.waitFor(() => expect(mirror.tables.seq).toBe(12));
    expect([first(), unread(), mirror.view.list(INBOX).total]).toEqual(['thread-1', 4, 299]);
    server.release();
    await settled();
    expect([first(), unread(), mirror.view.list(INBOX).total]).toEqual(['thread-1', 4, 299]);
    expect(painted).not.toContain('thread-0');
  });

  it('comes back with the reason when the server refuses, and can be tried again', async () => {
    archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    server.release(problem(409, 'conflict', 'The mailbox is being renamed.'));
    await vi.waitFor(() => expect(notices).toHaveLength(1));
    expect([first(), unread()]).toEqual(['thread-0', 5]);
    expect(mirror.outbox.failures.get('thread-0')?.sentence).toBe('The mailbox is being renamed.');
    const [notice] = notices;
    if (notice?.kind !== 'refused') throw new Error('not told');
    const again = mirror.outbox.again(notice.entry);
    expect(again.key).not.toBe(notice.entry.key);
    expect(mirror.outbox.failures.size).toBe(0);
    expect(first()).toBe('thread-1');
  });

  it('comes back when the provider says no after the echo', async () => {
    server.reply = (posted) => server.receipt(posted, { seq: server.seq + 2 });
    const { key } = archive('thread-0');
    await vi.waitFor(() => expect(mirror.outbox.waiting()).toBe(0));
    server.tell(...archived);
    await settled();
    server.tell(
      moved(thread(0, { unread: 2, count: 2, rev: 3 })),
      counted(mailbox({ threads: 300, unread_threads: 5, unread: 7, rev: 3 })),
      { event: 'command:failed', data: { id: 'c', key, action: 'archive', code: 'rejected', sentence: 'The server has no room.', messages: [], threads: ['thread-0'] } },
    );
    await vi.waitFor(() => expect(notices).toHaveLength(1));
    expect(notices[0]).toMatchObject({ kind: 'failed', entry: { key } });
    expect([first(), unread()]).toEqual(['thread-0', 5]);
    expect(mirror.outbox.failures.get('thread-0')?.sentence).toBe('The server has no room.');
  });

  it('whose failure overtakes the receipt is not under way any more', async () => {
    const { key } = archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    server.tell({ event: 'command:failed', data: { id: 'c', key, action: 'archive', code: 'rejected', sentence: 'No.', threads: ['thread-0'] } });
    await settled();
    server.release();
    await soon();
    expect(mirror.outbox.entries).toEqual([]);
    expect(first()).toBe('thread-0');
  });

  it('is taken from the shown list only once when it had been merged into another meanwhile', async () => {
    archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    server.tell(moved(thread(1, { rev: 2, count: 3, unread: 2 })), gone('thread-0'));
    await vi.waitFor(() => expect(mirror.tables.seq).toBe(12));
    expect(first()).toBe('thread-1');
    expect(mirror.view.list(INBOX).total).toBe(299);
    server.release();
    await settled();
    expect(mirror.view.list(INBOX).total).toBe(299);
  });

  it('that is not in the part that was paged in still counts', () => {
    const { at: _, ...far } = thread(250, { unread: 1 });
    mirror.tables.threads.set(far.id, far);
    archive(far.id);
    expect(mirror.view.list(INBOX).total).toBe(299);
    expect(unread()).toBe(4);
  });
});

describe('several commands', () => {
  it('on one row are shown together, sent in order, and fall back one by one', async () => {
    command({ action: 'star', threads: ['thread-0'] });
    archive('thread-0');
    expect(mirror.view.thread('thread-0')).toMatchObject({ flagged: true, mailbox_ids: [ARCHIVE] });
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    expect(server.posted.map(({ body }) => body?.action)).toEqual(['star']);
    server.release(problem(403, 'forbidden', 'Not yours.'));
    await vi.waitFor(() => expect(server.posted).toHaveLength(2));
    expect(mirror.view.thread('thread-0')).toMatchObject({ flagged: false, mailbox_ids: [ARCHIVE] });
  });

  it('on different rows go side by side', async () => {
    for (let n = 0; n < 10; n++) archive(`thread-${n}`);
    expect(first()).toBe('thread-10');
    await vi.waitFor(() => expect(server.waiting).toBe(4));
    while (server.posted.length < 10) {
      server.release();
      await vi.waitFor(() => expect(server.waiting).toBeGreaterThan(0));
    }
    expect(new Set(server.posted.map(({ key }) => key)).size).toBe(10);
  });

  it('on messages show in the row of their conversation', () => {
    const { at: _, ...row } = thread(0, { unread: 2, count: 2, rev: 2 });
    putConversation(mirror.tables, { seq: 10, thread: row, messages: [message('m1', row.id), message('m2', row.id)] });
    command({ action: 'read', messages: ['m1'] });
    expect(mirror.view.message('m1')!.unread).toBe(false);
    expect(mirror.view.thread(row.id)!.unread).toBe(1);
    command({ action: 'read', messages: ['m2'] });
    expect(mirror.view.thread(row.id)!.unread).toBe(0);
    expect(unread()).toBe(4);
    command({ action: 'star', messages: ['m2'] });
    expect(mirror.view.thread(row.id)!.flagged).toBe(true);
    command({ action: 'delete', messages: ['m1'] });
    expect(mirror.view.conversation(row.id)!.map(({ id }) => id)).toEqual(['m2']);
  });

  it('on a filtered list take and bring rows', () => {
    putPages(mirror.tables, `${INBOX}|unread`, [{ position: 0, rows: [listed(0, { unread: 2 })], total: 1, seq: 10 }]);
    command({ action: 'read', threads: ['thread-0'] });
    expect(mirror.view.list(`${INBOX}|unread`).total).toBe(0);
    command({ action: 'unread', threads: ['thread-3'] });
    expect(mirror.view.list(`${INBOX}|unread`).at(0)?.id).toBe('thread-3');
  });
});

describe('without a connection', () => {
  it('actions wait, are counted, and go in order when it is back', async () => {
    server.online = false;
    archive('thread-0');
    command({ action: 'star', threads: ['thread-1'] });
    command({ action: 'unstar', threads: ['thread-1'] });
    expect(mirror.outbox.waiting()).toBe(3);
    await soon();
    expect(server.posted).toEqual([]);
    server.online = true;
    server.reply = (posted) => server.receipt(posted);
    dispatchEvent(new Event('online'));
    await settled();
    expect(server.posted.map(({ body }) => body?.action)).toEqual(['archive', 'star', 'unstar']);
  });

  it('one whose answer was lost is sent again with the same key', async () => {
    const { key } = archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    server.cut();
    await soon();
    mirror.outbox.hurry();
    await vi.waitFor(() => expect(server.posted).toHaveLength(2));
    expect(server.posted.map((posted) => posted.key)).toEqual([key, key]);
    expect(first()).toBe('thread-1');
  });

  it('a busy server is asked again, not taken for a refusal', async () => {
    archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    server.release(problem(503, 'busy', 'Later.'));
    await vi.waitFor(() => expect(server.waiting).toBe(0));
    expect(notices).toEqual([]);
    expect(first()).toBe('thread-1');
    await soon();
    mirror.outbox.hurry();
    await vi.waitFor(() => expect(server.posted).toHaveLength(2));
  });

  it('survives a reload: what was not answered is shown again and sent with the same key', async () => {
    server.online = false;
    const { key } = archive('thread-0');
    await soon();
    mirror.stop();
    server.online = true;
    mirror = await visit();
    fill();
    await vi.waitFor(() => expect(server.posted.map((posted) => posted.key)).toEqual([key]));
    mirror.view.refresh();
    expect(first()).toBe('thread-1');
    server.release();
    await settled();
    mirror.stop();
    mirror = await visit();
    await settled();
    expect(server.posted).toHaveLength(1);
  });

  it('one that is answered stays until the kept rows show it', async () => {
    server.reply = (posted) => server.receipt(posted, { seq: server.seq + 2 });
    archive('thread-0');
    await vi.waitFor(() => expect(mirror.outbox.waiting()).toBe(0));
    await soon();
    mirror.stop();
    mirror = await visit();
    fill();
    mirror.view.refresh();
    expect(first()).toBe('thread-1');
    expect(server.posted).toHaveLength(1); // answered already
  });
});

describe('undo', () => {
  it('of what never left this device asks nothing of the server', async () => {
    server.online = false;
    const { key } = archive('thread-3');
    await soon();
    const queued = archive('thread-4');
    expect(mirror.outbox.undo(queued.key)).toBe(true);
    expect(mirror.outbox.entries.map((entry) => entry.key)).toEqual([key]);
    expect(mirror.view.list(INBOX).has('thread-4')).toBe(true);
  });

  it('of what is being sent waits for its number, and shows at once', async () => {
    const { key } = archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    mirror.outbox.undo(key);
    expect([first(), unread()]).toEqual(['thread-0', 5]);
    server.release();
    await vi.waitFor(() => expect(server.posted).toHaveLength(2));
    expect(server.posted[1]!.path).toBe(`commands/id-${key}/undo`);
    server.release();
    await settled();
    expect(first()).toBe('thread-0');
    expect(mirror.outbox.undo(key)).toBe(true); // the receipts are equal; the server decides
  });

  it('of what is long done brings the row back before the server answers', async () => {
    server.reply = (posted) => server.receipt(posted, { seq: server.seq + 2 });
    const { key } = archive('thread-0');
    await vi.waitFor(() => expect(mirror.outbox.waiting()).toBe(0));
    server.tell(...archived);
    await settled();
    expect(mirror.outbox.undo(key)).toBe(true);
    expect([first(), unread(), mirror.view.list(INBOX).total]).toEqual(['thread-0', 5, 300]);
    expect(mirror.outbox.undo(key)).toBe(false); // once
  });

  it('restores each conversation as it was', async () => {
    server.online = false;
    const [entry] = give(mirror, { action: 'read', threads: ['thread-0', 'thread-1'] }, SILENT);
    await soon(); // tried: it may have arrived
    mirror.outbox.undo(entry!.key);
    expect([mirror.view.thread('thread-0')!.unread, mirror.view.thread('thread-1')!.unread]).toEqual([2, 0]);
  });

  it('of a refused command asks nothing', async () => {
    const { key } = archive('thread-0');
    await vi.waitFor(() => expect(server.waiting).toBe(1));
    mirror.outbox.undo(key);
    server.release(problem(403, 'forbidden', 'Not yours.'));
    await settled();
    expect(server.posted).toHaveLength(1);
    expect(first()).toBe('thread-0');
  });

  it('that is refused leaves what was done', async () => {
    server.reply = (posted) => (posted.path === 'commands' ? server.receipt(posted, { seq: server.seq + 2 }) : problem(409, 'not_undoable', 'It is too late.'));
    const { key } = archive('thread-0');
    await vi.waitFor(() => expect(mirror.outbox.waiting()).toBe(0));
    server.tell(...archived);
    await settled();
    mirror.outbox.undo(key);
    await vi.waitFor(() => expect(notices.map((notice) => notice.kind)).toEqual(['refused']));
    expect(first()).toBe('thread-1');
    expect(mirror.outbox.failures.size).toBe(0);
  });
});

describe('a command on a whole mailbox', () => {
  it('empties the list and its counters at once, keeps what is newer, and ends with the server’s word', async () => {
    server.reply = (posted) => server.receipt(posted, { state: 'open', total: 300, done: 0 });
    const { key } = give(mirror, { action: 'archive', all_in: INBOX, from_mailbox_id: INBOX }, SILENT, ['thread-0', 'thread-1'])[0]!;
    expect(mirror.view.list(INBOX).total).toBe(0);
    expect([unread(), mirror.view.mailbox(INBOX)!.threads]).toEqual([0, 0]);
    server.tell(moved(thread(-1, { last_at: new Date(Date.now() + 60_000).toISOString(), at: { [INBOX]: new Date(Date.now() + 60_000).toISOString() } })));
    await vi.waitFor(() => expect(mirror.tables.seq).toBe(11));
    expect(mirror.view.list(INBOX).slice(0, 300).map(({ id }) => id)).toEqual(['thread--1']);
    server.tell({ event: 'command:update', data: { id: 'c', key, action: 'archive', state: 'open', total: 300, done: 100, failed: 0 } });
    await vi.waitFor(() => expect(mirror.outbox.progress.get(key)?.done).toBe(100));
    expect(mirror.outbox.entries).toHaveLength(1);
    server.tell({ event: 'command:update', data: { id: 'c', key, action: 'archive', state: 'done', total: 300, done: 300, failed: 0 } });
    await settled();
    expect(notices.at(-1)).toMatchObject({ kind: 'progress', progress: { done: 300 } });
  });

  it('that is taken back shows its rows again', async () => {
    server.reply = (posted) => server.receipt(posted, { state: 'open', total: 300, seq: 99 });
    const { key } = give(mirror, { action: 'archive', all_in: INBOX, from_mailbox_id: INBOX }, SILENT)[0]!;
    await vi.waitFor(() => expect(mirror.outbox.waiting()).toBe(0));
    mirror.outbox.undo(key);
    expect(first()).toBe('thread-0');
    expect(unread()).toBe(5);
  });
});

describe('the end of the journal', () => {
  it('is asked for when the receipt’s number belongs to nobody here', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    server.reply = (posted) => server.receipt(posted, { seq: server.seq + 5 });
    archive('thread-0');
    await vi.waitFor(() => expect(mirror.outbox.waiting()).toBe(0));
    const before = server.hellos().length;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(server.hellos().length).toBeGreaterThan(before);
    server.say({ type: 'caught_up', seq: 15 });
    expect(mirror.outbox.entries).toEqual([]);
  });
});

describe('many at once', () => {
  it('a thousand events come in below two hundred commands', async () => {
    server.online = false;
    for (let n = 0; n < 100; n++) archive(`thread-${n}`);
    for (let n = 0; n < 1_000; n++) server.tell(moved(thread(-n - 1)));
    await vi.waitFor(() => expect(mirror.tables.seq).toBe(1_010));
    expect(first()).toBe('thread--1000');
    mirror.view.refresh();
    expect(mirror.view.list(INBOX).total).toBe(1_200);
  });

  it('commands on a long list are seen one after the other', () => {
    putPages(mirror.tables, INBOX, Array.from({ length: 30 }, (_, n) => ({ position: n * 100, rows: page(n * 100, 100), total: 100_000, seq: 10 })));
    server.online = false;
    for (let n = 0; n < 10; n++) {
      archive(`thread-${n}`);
      expect(first()).toBe(`thread-${n + 1}`);
    }
  });
});
