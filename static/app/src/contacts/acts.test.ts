import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { session } from '../auth/session';
import { ME, problem } from '../testing/server';
import { unmerge } from './acts';

let answers: Response[];
let asked: { path: string; key: string | null; body: unknown }[];

beforeEach(async () => {
  vi.useFakeTimers();
  asked = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (path.includes('auth/')) return Response.json({ access: 'token', expires_in: 900, me: ME });
    asked.push({ path, key: new Headers(init.headers).get('Idempotency-Key'), body: JSON.parse(String(init.body)) });
    return (answers.length > 1 ? answers.shift()! : answers[0]!).clone();
  });
  await session.renewNow();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const pending = (): Response => problem(409, 'pending', 'Still being saved.');

describe('a merge is undone', () => {
  it('once the provider is done with it, as one act', async () => {
    answers = [pending(), pending(), Response.json({ id: 'act' })];
    const undone = unmerge('merge');
    await vi.advanceTimersByTimeAsync(2_500);
    expect(await undone).toBe(true);
    expect(asked.map(({ path, body }) => [path, body])).toEqual(Array.from({ length: 3 }, () => ['/api/v1/contacts/merges/merge/undo', { anyway: false }]));
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
  });

  it('not for ever: the person is told what is still being saved', async () => {
    answers = [pending()];
    const undone = unmerge('merge').catch(String);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await undone).toContain('Still being saved.');
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.length).toBeLessThan(40);
  });

  it('not when it was changed since: then the person is asked', async () => {
    answers = [problem(409, 'changed_since', 'It was changed.')];
    expect(await unmerge('merge')).toBe(false);
    expect(asked).toHaveLength(1);
  });
});
