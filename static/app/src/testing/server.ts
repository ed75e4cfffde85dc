// A server in miniature for tests: answers by path, commands with receipts that the test gives when it wants, and the
// event socket.
import { vi } from 'vitest';
import type { CommandBody, CommandResult, JournalEvent, Me, ServerFrame } from '../api/types';
import { session } from '../auth/session';
import { account, mailbox } from './rows';

export const ME: Me = {
  id: 'ada', email: 'ada@example.org', name: 'Ada', locale: 'en', timezone: 'UTC', two_step: false, role: 'owner', tenants: [],
  tenant: { id: 'tenant', slug: 'tenant', name: 'Tenant', plan: 'basic' },
};

export interface Posted { path: string; key: string; body: CommandBody | undefined }

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = FakeSocket.OPEN;
  sent: { type: string; since?: number | null }[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;
  constructor() {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {}
}

export class FakeServer {
  seq = 10;
  /** By path; a promise is an answer that takes its time. */
  readonly answers = new Map<string, unknown>();
  /** Every command that came, repeated ones too. */
  readonly posted: Posted[] = [];
  online = true;
  /** How a command is answered; null leaves it waiting until `release`. */
  reply: ((posted: Posted) => Response | null) = () => null;
  private readonly held: { posted: Posted; answer: (response: Response) => void; fail: (error: Error) => void }[] = [];

  async start(): Promise<void> {
    FakeSocket.all = [];
    vi.stubGlobal('WebSocket', FakeSocket);
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => this.fetch(url, init));
    this.answers.set('auth/code/verify', { access: 'token', expires_in: 900, me: ME });
    this.answers.set('accounts', { seq: this.seq, items: [account()] });
    this.answers.set('mailboxes', { seq: this.seq, items: [mailbox()] });
    await session.verifyCode('challenge', '123456');
  }

  private fetch(url: string, init: RequestInit): Promise<Response> {
    const path = url.replace('/api/v1/', '');
    if (!this.online) return Promise.reject(new TypeError('network'));
    if (init.method === 'POST' && path.startsWith('commands')) {
      const posted: Posted = { path, key: new Headers(init.headers).get('Idempotency-Key') ?? '', body: init.body ? (JSON.parse(String(init.body)) as CommandBody) : undefined };
      this.posted.push(posted);
      const answer = this.reply(posted);
      if (answer) return Promise.resolve(answer);
      return new Promise((resolve, reject) => this.held.push({ posted, answer: resolve, fail: reject }));
    }
    const found = this.answers.get(path);
    if (found !== undefined) return Promise.resolve(found).then((body) => Response.json(body));
    return Promise.resolve(problem(404, 'not_found', 'It is gone.'));
  }

  /** Answer the oldest command that waits. */
  release(response?: Response): Posted {
    const next = this.held.shift();
    if (!next) throw new Error('no command waits');
    next.answer(response ?? this.receipt(next.posted));
    return next.posted;
  }

  cut(): void {
    for (const { fail } of this.held.splice(0)) fail(new TypeError('network'));
  }

  get waiting(): number {
    return this.held.length;
  }

  receipt(posted: Posted, change: Partial<CommandResult> = {}): Response {
    const result: CommandResult = {
      id: `id-${posted.key}`, key: posted.key, action: posted.body?.action ?? 'undo', state: 'done', total: 1, done: 1, failed: 0, seq: this.seq, undoable: true, ...change,
    };
    return Response.json(result, { status: 202 });
  }

  say(frame: ServerFrame): void {
    if ('seq' in frame) this.seq = Math.max(this.seq, frame.seq);
    FakeSocket.all.at(-1)?.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** Events that follow one another from where the journal stands. */
  tell(...events: Pick<JournalEvent, 'event' | 'data'>[]): void {
    for (const event of events) {
      const prev = this.seq;
      this.say({ seq: prev + 1, prev, account: 'account', at: '2026-03-10T12:00:00Z', ...event } as JournalEvent);
    }
  }

  hellos(): (number | null | undefined)[] {
    return FakeSocket.all.at(-1)?.sent.filter(({ type }) => type === 'hello').map(({ since }) => since) ?? [];
  }
}

export function problem(status: number, code: string, detail: string): Response {
  return new Response(JSON.stringify({ type: 'about:blank', title: code, status, code, detail }), { status, headers: { 'Content-Type': 'application/problem+json' } });
}
