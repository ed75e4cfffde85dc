import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeServer } from '../testing/server';
import { MirrorContext } from './hooks';
import { Mirror } from './mirror';
import { failed, useServer } from './useServer';

let server: FakeServer;

function Shown({ path }: { path: string }) {
  const [loaded, again] = useServer<{ name: string }>(path, () => false);
  return <button onClick={() => void again()}>{loaded === null ? 'nothing' : failed(loaded) ? 'failed' : loaded.name}</button>;
}

function later(): { promise: Promise<unknown>; resolve: (body: unknown) => void } {
  let resolve: (body: unknown) => void = () => undefined;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve: (body) => resolve(body) };
}

const at = (path: string) => <MirrorContext value={new Mirror('test:person')}><Shown path={path} /></MirrorContext>;

beforeEach(async () => {
  server = new FakeServer();
  await server.start();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it('shows what the newest reading found, whichever is answered last', async () => {
  const older = later();
  server.answers.set('thing', older.promise);
  render(at('thing'));
  server.answers.set('thing', { name: 'newer' });
  fireEvent.click(screen.getByRole('button'));
  expect(await screen.findByText('newer')).toBeTruthy();
  await act(async () => older.resolve({ name: 'older' }));
  expect(screen.getByText('newer')).toBeTruthy();
});

it('shows what came first while a newer reading is on its way', async () => {
  const [older, newer] = [later(), later()];
  server.answers.set('thing', older.promise);
  render(at('thing'));
  server.answers.set('thing', newer.promise);
  fireEvent.click(screen.getByRole('button'));
  await act(async () => older.resolve({ name: 'older' }));
  expect(screen.getByText('older')).toBeTruthy();
  await act(async () => newer.resolve({ name: 'newer' }));
  expect(screen.getByText('newer')).toBeTruthy();
});

it('shows nothing of an address that was left', async () => {
  const left = later();
  server.answers.set('first', left.promise);
  server.answers.set('second', { name: 'second' });
  const { rerender } = render(at('first'));
  rerender(at('second'));
  expect(await screen.findByText('second')).toBeTruthy();
  await act(async () => left.resolve({ name: 'first' }));
  expect(screen.getByText('second')).toBeTruthy();
});
