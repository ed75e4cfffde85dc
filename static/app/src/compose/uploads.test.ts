import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Problem, Unreachable } from '../api/request';
import type { Attachment } from '../api/types';
import type { Calls } from './calls';
import type { DraftStore } from './draftStore';
import { Uploads } from './uploads';

const CHUNK = 4;
let received: number;
let faults: (Error | null)[];
let offsets: number[];
let uploads: Uploads;
let arrived: Attachment[];
let kept: Set<string>;

const problem = (status: number, code: string, more: object = {}): Problem => new Problem({ type: '', title: '', status, detail: 'No.', code, ...more }, null);

beforeEach(() => {
  vi.useFakeTimers();
  received = 0;
  faults = [];
  offsets = [];
  arrived = [];
  kept = new Set();
  const store = {
    putFile: async ({ id }: { id: string }) => Boolean(kept.add(id)), removeFile: async (id: string) => void kept.delete(id), files: async () => [],
  } as unknown as DraftStore;
  const calls = {
    beginUpload: async () => {
      const fault = faults.shift();
      if (fault) throw fault;
      return { id: 'u', chunk_size: CHUNK, received: 0 };
    },
    upload: async (_id: string, offset: number, piece: Blob) => {
      const fault = faults.shift();
      if (fault?.message === 'lost') received = offset + piece.size;
      if (fault) throw fault;
      offsets.push(offset);
      if (offset !== received) throw problem(409, 'wrong_offset', { received });
      received = offset + piece.size;
      return { id: 'u', received, attachment: received === 10 ? ({ id: 'a', filename: 'f' } as Attachment) : null };
    },
    dropUpload: async () => undefined,
  } as unknown as Calls;
  uploads = new Uploads(calls, store);
  uploads.onDone((_transfer, attachment) => arrived.push(attachment));
});
afterEach(() => {
  uploads.stop();
  vi.useRealTimers();
});

const add = () => uploads.add('d', new File(['0123456789'], 'f.txt', { type: 'text/plain' }), 'f.txt', false);

it('goes in pieces and is forgotten here once it is there', async () => {
  add();
  expect(kept.size).toBe(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(offsets).toEqual([0, 4, 8]);
  expect(arrived).toHaveLength(1);
  expect(uploads.of('d')).toEqual([]);
  expect(kept.size).toBe(0);
});

it('goes on where the connection broke', async () => {
  faults = [null, null, new Unreachable('cut')];
  add();
  await vi.advanceTimersByTimeAsync(0);
  expect(uploads.of('d')[0]).toMatchObject({ state: 'running', sent: 4 });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(offsets).toEqual([0, 4, 8]);
  expect(arrived).toHaveLength(1);
});

it('believes the server when the answer to a piece was lost', async () => {
  faults = [null, new Unreachable('lost')];
  add();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(offsets).toEqual([0, 4, 8]);
  expect(arrived).toHaveLength(1);
});

it('stops at what the server refuses, until the person tries again', async () => {
  faults = [problem(422, 'too_big')];
  const { key } = add();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(uploads.of('d')[0]).toMatchObject({ state: 'failed', problem: { code: 'too_big' } });
  uploads.retry(key);
  await vi.advanceTimersByTimeAsync(0);
  expect(arrived).toHaveLength(1);
});

it('waits without a network and takes it up by itself', async () => {
  faults = Array.from({ length: 5 }, () => new Unreachable('away'));
  add();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(uploads.of('d')[0]).toMatchObject({ state: 'failed', problem: null });
  dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(0);
  expect(arrived).toHaveLength(1);
});

it('leaves nothing when it is cancelled', async () => {
  faults = [null, new Unreachable('cut')];
  const { key } = add();
  await vi.advanceTimersByTimeAsync(0);
  uploads.cancel(key);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(uploads.of('d')).toEqual([]);
  expect(arrived).toEqual([]);
  expect(kept.size).toBe(0);
});
