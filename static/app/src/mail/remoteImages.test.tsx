// Remote images are shown when the person asks, once or for a sender; nothing is asked of the server before.
import { cleanup, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Body, Message } from '../api/types';
import { session } from '../auth/session';
import { show } from '../testing/view';
import { RemoteImages } from './RemoteImages';

const message = { id: 'm1', from: [{ name: 'Shop', address: 'News@Shop.example' }] } as Message;
const body = (change: Partial<Body> = {}): Body => ({
  html: '<img>', css: '', blocked_remote: 2, trackers: 1, images: false, images_waiting: 2, text: '', quoted_from: null, from_html: true, ...change,
});

let calls: string[] = [];
let listed: string[] = [];

function answer(path: string, init: RequestInit = {}): Response {
  calls.push(`${init.method ?? 'GET'} ${path}`);
  if (path.includes('auth/refresh')) {
    return Response.json({ access: 'token', expires_in: 900, me: { id: crypto.randomUUID(), tenant: { id: 't' } } });
  }
  if (path.includes('image-senders')) {
    if (init.method === 'POST') listed.push((JSON.parse(String(init.body)) as { address: string }).address.toLowerCase());
    return init.method === 'POST' ? new Response(null, { status: 204 }) : Response.json({ items: listed });
  }
  return Response.json(body({ images: true, images_waiting: 0 }));
}

beforeEach(async () => {
  calls = [];
  listed = [];
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => Promise.resolve(answer(path, init)));
  await session.renewNow();
  calls = [];
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test('images are asked for when the person says so, and only then', async () => {
  const { mirror } = await show(<RemoteImages message={message} body={body()} />);
  expect(screen.getByText(/2 remote images are not loaded/)).toBeTruthy();
  expect(calls.filter((call) => call.includes('messages/'))).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'Show images' }));
  await waitFor(() => expect(mirror.bodies.get('m1')?.images).toBe(true));
  expect(calls.at(-1)).toBe('GET /api/v1/messages/m1/body?images=1');
});

test('a sender is put on the list, and their images are there from then on', async () => {
  const { mirror } = await show(<RemoteImages message={message} body={body()} />);
  await userEvent.click(screen.getByRole('button', { name: 'Always show from this sender' }));
  await waitFor(() => expect(mirror.bodies.get('m1')?.images).toBe(true));
  expect(listed).toEqual(['news@shop.example']);
  expect(calls).toContain('GET /api/v1/messages/m1/body');
});

test('what this device kept of a listed sender is read anew without asking', async () => {
  listed = ['news@shop.example'];
  const { mirror } = await show(<RemoteImages message={message} body={body()} />);
  await waitFor(() => expect(mirror.bodies.get('m1')?.images).toBe(true));
  expect(screen.queryByRole('button', { name: 'Show images' })).toBeNull();
});

test('trackers alone offer nothing: they are never shown', async () => {
  await show(<RemoteImages message={message} body={body({ blocked_remote: 0, images_waiting: 0 })} />);
  expect(screen.getByText(/1 tracker blocked/)).toBeTruthy();
  expect(screen.queryByRole('button')).toBeNull();
  expect(calls).toEqual([]);
});

test('a failure is said and the question stays', async () => {
  await show(<RemoteImages message={message} body={body()} />);
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  await userEvent.click(screen.getByRole('button', { name: 'Show images' }));
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Show images' }).disabled).toBe(false);
});
