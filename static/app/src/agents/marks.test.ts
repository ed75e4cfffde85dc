import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { JournalEvent } from '../api/types';
import type { Mirror } from '../store/mirror';
import { FakeServer } from '../testing/server';
import { marks } from './marks';

let server: FakeServer;
beforeEach(async () => {
  server = new FakeServer();
  await server.start();
});
afterEach(() => vi.unstubAllGlobals());

it('keeps what an event told while the row was asked about', async () => {
  let hear: (frame: JournalEvent) => void = () => undefined;
  const mirror = { onStartOver: () => undefined, onFrame: (listener: typeof hear) => (hear = listener) } as unknown as Mirror;
  let answer: (body: unknown) => void = () => undefined;
  server.answers.set('assistant/marks?threads=t1,t2', new Promise((resolve) => (answer = resolve)));
  marks.want(mirror, 't1');
  marks.want(mirror, 't2');
  await new Promise((resume) => setTimeout(resume, 100));
  const told = { importance: 'high' };
  hear({ event: 'ai:classification_done', data: { thread_id: 't1', ai: told } } as unknown as JournalEvent);
  answer({ on: true, items: { t2: { importance: 'low' } } });
  await vi.waitFor(() => expect(marks.of('t2')).toEqual({ importance: 'low' }));
  expect(marks.of('t1')).toEqual(told);
});
