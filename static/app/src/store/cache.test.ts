import { beforeEach, describe, expect, it } from 'vitest';
import type { Body } from '../api/types';
import { INBOX, account, frame, gone, mailbox, message, moved, page, thread } from '../testing/rows';
import { forgetOthers, openCache, type Cache } from './cache';
import { patch } from './patch';
import { Tables, listOf, putAllAccounts, putAllMailboxes, putConversation, putPages } from './tables';

const body: Body = { html: '', css: '', blocked_remote: 0, trackers: 0, text: 'hello', quoted_from: null, from_html: false };
let scope = 0;
let cache: Cache;
let tables: Tables;

async function reopened(): Promise<Tables> {
  cache.close();
  cache = (await openCache(`tenant:${scope}`))!;
  const fresh = new Tables();
  await cache.load(fresh);
  return fresh;
}

beforeEach(async () => {
  cache = (await openCache(`tenant:${++scope}`))!;
  tables = new Tables();
  tables.seq = 42;
  putAllAccounts(tables, [account()]);
  putAllMailboxes(tables, [mailbox({ threads: 5_000 })]);
  putPages(tables, INBOX, [{ position: 0, rows: page(0, 100), total: 5_000, seq: 42 }]);
});

describe('the cache', () => {
  it('is empty at first', async () => expect(await cache.load(new Tables())).toBeNull());

  it('brings back rows together with the journal number they stand at', async () => {
    await cache.save(tables, null);
    const fresh = await reopened();
    expect(fresh.seq).toBe(42);
    expect(fresh.accounts.has('account')).toBe(true);
    expect(fresh.mailboxes.get(INBOX)?.threads).toBe(5_000);
    expect(listOf(fresh, INBOX).total).toBe(5_000);
    expect(listOf(fresh, INBOX).at(99)?.id).toBe('thread-99');
    expect(fresh.threads.get('thread-7')?.subject).toBe('Subject 7');
  });

  it('writes only what changed, and the journal number with it', async () => {
    const other = 'box-other';
    putPages(tables, other, [{ position: 0, rows: page(200, 10).map((row) => ({ ...row, mailbox_ids: [other] })), total: 10, seq: 42 }]);
    await cache.save(tables, null);
    patch(tables, [frame(43, moved(thread(3, { rev: 2, flagged: true })), 42), frame(44, gone('thread-205'), 43)]);
    expect(await cache.save(tables, new Set(['thread:thread-3']))).toBe(true);
    const fresh = await reopened();
    expect(fresh.seq).toBe(44);
    expect(fresh.threads.get('thread-3')?.flagged).toBe(true);
    expect(listOf(fresh, other).total).toBe(10); // not named as changed, so not written
  });

  it('deletes the conversation that is gone', async () => {
    const { at: _, ...row } = thread(1);
    putConversation(tables, { seq: 42, thread: row, messages: [message('m1', row.id)] });
    await cache.save(tables, null);
    patch(tables, [frame(43, gone(row.id))]);
    await cache.save(tables, tables.touched);
    expect(await cache.conversation(row.id)).toBeUndefined();
    expect(listOf(await reopened(), INBOX).indexOf(row.id)).toBe(-1);
  });

  it('deletes the list of a mailbox that is gone', async () => {
    await cache.save(tables, null);
    patch(tables, [frame(43, { event: 'email:unread_count_update', data: { mailboxes: [], gone: [INBOX], backfill: false } })]);
    await cache.save(tables, tables.touched);
    expect((await reopened()).lists.has(INBOX)).toBe(false);
  });

  it('forgets everything and goes on', async () => {
    await cache.save(tables, null);
    await cache.keepBody('m1', body);
    await cache.clear();
    expect(await cache.body('m1')).toBeUndefined();
    expect((await reopened()).seq).toBeNull();
    expect(await cache.save(tables, null)).toBe(true);
  });

  it('does not keep a list in doubt', async () => {
    tables.stale.add(INBOX);
    await cache.save(tables, null);
    expect((await reopened()).lists.has(INBOX)).toBe(false);
  });

  it('keeps no more of a list than its top', async () => {
    for (let at = 100; at < 1_000; at += 100) putPages(tables, INBOX, [{ position: at, rows: page(at, 100), total: 5_000, seq: 42 }]);
    await cache.save(tables, null);
    const list = listOf(await reopened(), INBOX);
    expect(list.at(599)?.id).toBe('thread-599');
    expect(list.at(600)).toBeUndefined();
  });

  it('keeps opened conversations and bodies for reading offline', async () => {
    const { at: _, ...row } = thread(1);
    const conversation = { seq: 42, thread: row, messages: [message('m1', row.id)] };
    putConversation(tables, conversation);
    await cache.keepConversation(conversation);
    await cache.keepBody('m1', body);
    await cache.save(tables, null);
    await reopened();
    expect((await cache.conversation(row.id))?.messages[0]?.id).toBe('m1');
    expect((await cache.body('m1'))?.text).toBe('hello');
  });

  it('drops the bodies that were not looked at for longest', async () => {
    for (let i = 0; i < 505; i++) await cache.keepBody(`m${i}`, body);
    expect(await cache.body('m0')).toBeUndefined();
    expect(await cache.body('m504')).toBeDefined();
  });

  it('forgets a person altogether', async () => {
    await cache.save(tables, null);
    await cache.forget();
    cache = (await openCache(`tenant:${scope}`))!;
    expect(await cache.load(new Tables())).toBeNull();
  });

  it('forgets the others when a person logs in', async () => {
    await cache.save(tables, null);
    cache.close();
    await forgetOthers('tenant:someone-else');
    cache = (await openCache(`tenant:${scope}`))!;
    expect(await cache.load(new Tables())).toBeNull();
  });

  it('answers nothing after it was closed, and raises nothing', async () => {
    cache.close();
    await expect(cache.body('m1')).resolves.toBeUndefined();
    await expect(cache.save(tables, null)).resolves.toBe(false);
  });
});
