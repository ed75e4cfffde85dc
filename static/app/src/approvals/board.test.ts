import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JournalEvent } from '../api/types';
import { FakeServer } from '../testing/server';
import { Board } from './board';
import type { Approval } from './types';

const approval = (id: string, state: Approval['state'] = 'open', title = id): Approval => ({
  id, action_id: id, account_id: 'account', origin: 'content', agent: 'helper', kind: 'email.send', title, risk: 'high', recipients: [], state, digest: id.repeat(64).slice(0, 64),
  second: false, first_by: null, delegated_to: null, decided_by: null, decided_at: null, reason: '', created_at: `2026-11-0${id}T00:00:00Z`, expires_at: '',
  done: 'proposed', done_at: null, error: null, undoable: false,
});
const frame = (event: string, data: object): JournalEvent => ({ seq: 1, prev: 0, account: 'account', at: '', event, data }) as unknown as JournalEvent;

describe('the list of approvals', () => {
  let server: FakeServer;
  let board: Board;
  const holds = (shown: string, ...items: Approval[]): void => void server.answers.set(`approvals?state=${shown}`, { seq: 1, items, next: null, waiting: 2 });
  const titles = (): string[] => board.items.map(({ title }) => title);

  beforeEach(async () => {
    server = new FakeServer();
    await server.start();
    board = new Board();
    holds('open', approval('2'), approval('1'));
    holds('decided', approval('3', 'approved'));
    board.show('open');
    await vi.waitUntil(() => board.state === 'known');
  });
  afterEach(() => {
    board.stop();
    vi.unstubAllGlobals();
  });

  it('takes what is asked for to the top, and what is decided away', () => {
    board.hear(frame('hitl:approval_required', { approval: approval('4') }));
    expect(titles()).toEqual(['4', '2', '1']);
    expect(board.waiting).toBe(3);
    board.hear(frame('hitl:approval_decided', { approval: approval('2', 'rejected') }));
    expect(titles()).toEqual(['4', '1']);
    expect(board.waiting).toBe(2);
  });

  it('shows once what is told twice', () => {
    for (let times = 0; times < 2; times++) board.hear(frame('hitl:approval_required', { approval: approval('1', 'open', 'changed') }));
    expect(titles()).toEqual(['2', 'changed']);
    expect(board.waiting).toBe(2);
  });

  it('keeps what it hears while a page is on its way that does not know of it', async () => {
    let answer: (page: unknown) => void = () => undefined;
    server.answers.set('approvals?state=open', new Promise((given) => (answer = given)));
    const read = board.read();
    board.hear(frame('hitl:approval_required', { approval: approval('4') }));
    board.hear(frame('hitl:approval_decided', { approval: approval('2', 'rejected') }));
    answer({ seq: 1, items: [approval('2'), approval('1')], next: null, waiting: 2 });
    await read;
    expect(titles()).toEqual(['4', '1']);
    expect(board.waiting).toBe(2);
  });

  it('shows what is decided, and hears of it there', async () => {
    board.show('decided');
    await vi.waitUntil(() => board.state === 'known');
    board.hear(frame('hitl:approval_decided', { approval: approval('2', 'rejected') }));
    expect(titles()).toEqual(['3', '2']);
    expect(board.waiting).toBe(1);
  });

  it('steps to the next one, and begins at the first', () => {
    expect(board.after('2', 1)?.id).toBe('1');
    expect(board.after('1', 1)).toBeUndefined();
    expect(board.after(undefined, 1)?.id).toBe('2');
  });
});
