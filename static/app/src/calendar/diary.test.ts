import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { JournalEvent } from '../api/types';
import { FakeServer } from '../testing/server';
import { Diary } from './diary';
import { HERE } from './times';

const SPAN = ['2026-03-01T00:00:00Z', '2026-03-08T00:00:00Z'] as const;
const CHANGED = { event: 'calendar:event_new', data: {} } as unknown as JournalEvent;

let server: FakeServer;
beforeEach(async () => {
  server = new FakeServer();
  await server.start();
});
afterEach(() => vi.unstubAllGlobals());

it('keeps what is told of a calendar while all of them are being read', async () => {
  const [from, to] = SPAN;
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

/** A diary whose every reading is answered when the test says so. */
async function slowDiary(): Promise<{ diary: Diary; answers: ((...ids: string[]) => void)[]; shown: () => string[] }> {
  const answers: ((...ids: string[]) => void)[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.includes('calendars')) return Response.json({ items: [{ id: 'c1', name: 'Home', rev: 1 }] });
    return new Promise((resolve) => answers.push((...ids) => resolve(Response.json({ items: ids.map((id) => ({ id })) }))));
  });
  const diary = new Diary();
  diary.look(...SPAN);
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  return { diary, answers, shown: () => diary.instances.map(({ id }) => id) };
}

it('shows what it reads also while changes come faster than answers, and nothing older than what is shown', async () => {
  const { diary, answers, shown } = await slowDiary();
  for (const count of [2, 3]) {
    diary.hear(CHANGED);
    await vi.waitFor(() => expect(answers).toHaveLength(count));
  }
  answers[1]!('second');
  await vi.waitFor(() => expect(shown()).toEqual(['second']));
  answers[0]!('first');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(shown()).toEqual(['second']);
  answers[2]!('third');
  await vi.waitFor(() => expect(shown()).toEqual(['third']));
});

it('shows nothing that was read before an act of the person, nor after it has gone', async () => {
  const { diary, answers, shown } = await slowDiary();
  const done = diary.now();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[0]!('before');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(shown()).toEqual([]);
  answers[1]!('after');
  await done;
  expect(shown()).toEqual(['after']);
  diary.hear(CHANGED);
  await vi.waitFor(() => expect(answers).toHaveLength(3));
  diary.stop();
  answers[2]!('later');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(shown()).toEqual(['after']);
});
