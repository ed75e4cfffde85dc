import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { JournalEvent, Me, ServerFrame } from '../api/types';
import { session } from '../auth/session';
import { account, mailbox, message, thread } from '../testing/rows';
import { Mirror } from './mirror';

const ME: Me = {
  id: 'ada', email: 'ada@example.org', name: 'Ada', locale: 'en', timezone: 'UTC', two_step: false, role: 'owner', tenants: [],
  tenant: { id: 'tenant', slug: 'tenant', name: 'Tenant', plan: 'basic' },
};

/** The server's end: what it answers by path, and the socket it holds. */
const answers = new Map<string, unknown>();
let sockets: FakeSocket[] = [];

class FakeSocket {
  static readonly OPEN = 1;
  readyState = FakeSocket.OPEN;
  sent: { type: string; since?: number | null }[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;
  constructor() {
    sockets.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {}

  say(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function answer(url: string): Response {
  const path = url.replace('/api/v1/', '');
  const found = answers.get(path);
  if (found !== undefined) return new Response(JSON.stringify(found));
  return new Response('{}', { status: 404, headers: { 'Content-Type': 'application/problem+json' } });
}

let mirror: Mirror;

beforeEach(async () => {
  sockets = [];
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', async (url: string) => answer(url));
  answers.clear();
  answers.set('auth/code/verify', { access: 'token', expires_in: 900, me: ME });
  answers.set('accounts', { seq: 7, items: [account()] });
  answers.set('mailboxes', { seq: 7, items: [mailbox()] });
  await session.verifyCode('challenge', '123456');
  mirror = new Mirror(`tenant:${Math.random()}`);
  await mirror.start();
});

afterEach(() => {
  mirror.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('a token that comes while the page starts does not have everything read twice', async () => {
  mirror.stop();
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    return answer(url);
  });
  mirror = new Mirror(`tenant:${Math.random()}`);
  answers.set('auth/code/verify', { access: 'another', expires_in: 900, me: ME });
  const started = mirror.start();
  await session.verifyCode('challenge', '123456');
  await started;
  await vi.waitFor(() => expect(mirror.tables.seq).toBe(7));
  expect(asked.filter((url) => url.endsWith('/accounts'))).toHaveLength(1);
});

it('a reset whose first reading fails is read again, and the journal followed from there', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [socket] = sockets;
  answers.delete('accounts');
  socket!.say({ type: 'reset' });
  await vi.waitFor(() => expect(mirror.load('mailboxes:')).toBe('missing'));
  expect(mirror.tables.seq).toBeNull();
  answers.set('accounts', { seq: 90, items: [account()] });
  answers.set('mailboxes', { seq: 90, items: [mailbox()] });
  await vi.advanceTimersByTimeAsync(5_000);
  await vi.waitFor(() => expect(mirror.tables.seq).toBe(90));
  expect(socket!.sent.at(-1)).toMatchObject({ type: 'hello', since: 90 });
});

it('a conversation that the server does not show any more is not shown from this device', async () => {
  const { at: _, ...row } = thread(1);
  answers.set('threads/thread-1', { seq: 7, thread: row, messages: [message('m1', row.id)] });
  await mirror.openConversation('thread-1');
  expect(mirror.tables.conversations.has('thread-1')).toBe(true);
  answers.delete('threads/thread-1');
  await mirror.openConversation('thread-1', true);
  expect(mirror.tables.conversations.has('thread-1')).toBe(false);
  expect(mirror.load('conversation:thread-1')).toBe('missing');
});

it('a conversation that grows while it is read is read once more', async () => {
  const { at: _, ...row } = thread(1);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  vi.stubGlobal('fetch', async (url: string) => {
    if (!url.includes('threads/')) return answer(url);
    const [first, ...more] = [message('m1', row.id), message('m2', row.id)];
    if (asked++ > 0) return new Response(JSON.stringify({ seq: 8, thread: { ...row, count: 2, rev: row.rev + 1 }, messages: [first, ...more] }));
    await held;
    return new Response(JSON.stringify({ seq: 7, thread: row, messages: [first] }));
  });
  const read = mirror.openConversation('thread-1', true);
  await vi.waitFor(() => expect(asked).toBe(1));
  await mirror.openConversation('thread-1', true);
  release();
  await read;
  expect(mirror.tables.conversations.get('thread-1')).toHaveLength(2);
  expect(asked).toBe(2);
});

it('an account that comes is looked up: what the person is to it stands in the list', async () => {
  const { mine: _, role: __, ...told } = account({ id: 'other' });
  answers.set('accounts', { seq: 8, items: [account(), account({ id: 'other', mine: false, role: 'delegate' })] });
  sockets[0]!.say({ seq: 8, prev: 7, event: 'account:status', account: 'other', at: '2026-03-10T12:00:00Z', data: { account: told, gone: null, progress: false } });
  await vi.waitFor(() => expect(mirror.tables.accounts.get('other')?.role).toBe('delegate'));
});

it('an account that leaves takes its texts along', async () => {
  answers.set('messages/m1/body', { html: '', css: '', text: 'hello' });
  await mirror.openBody('m1');
  expect(mirror.bodies.size).toBe(1);
  const left: JournalEvent = {
    seq: 8, prev: 7, event: 'account:status', account: 'account', at: '2026-03-10T12:00:00Z', data: { account: null, gone: 'account', progress: false },
  };
  sockets[0]!.say(left);
  await vi.waitFor(() => expect(mirror.bodies.size).toBe(0));
  answers.delete('messages/m1/body');
  await mirror.openBody('m1');
  expect(mirror.load('body:m1')).toBe('missing');
});
