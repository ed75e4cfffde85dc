import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { JournalEvent } from '../api/types';
import { FakeServer } from '../testing/server';
import { Diary } from './diary';
import { HERE } from './times';

let server: FakeServer;
beforeEach(async () => {
  server = new FakeServer();
  await server.start();
});
afterEach(() => vi.unstubAllGlobals());

it('keeps what is told of a calendar while all of them are being read', async () => {
  const [from, to] = ['2026-03-01T00:00:00Z', '2026-03-08T00:00:00Z'];
  server.answers.set(`events?${new URLSearchParams({ from, to, zone: HERE })}`, { items: [] });
  let answer: (body: unknown) => void = () => undefined;
  server.answers.set('calendars', new Promise((resolve) => (answer = resolve)));
  const diary = new Diary();
  diary.look(from, to);
  diary.hear({ event: 'calendar:event_update', data: { collections: [{ id: 'c1', name: 'New name', rev: 2 }], gone: [], backfill: false } } as unknown as JournalEvent);
  answer({ items: [{ id: 'c1', name: 'Old name', rev: 1 }, { id: 'c2', name: 'Other', rev: 1 }] });
  await vi.waitFor(() => expect(diary.state).toBe('known'));
  expect(diary.calendars.map(({ name }) => name)).toEqual(['New name', 'Other']);
});
