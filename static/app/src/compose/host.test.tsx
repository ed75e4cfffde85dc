import 'fake-indexeddb/auto';
import { act, cleanup, render, waitFor } from '@testing-library/react';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Account } from '../api/types';
import { startLanguages } from '../i18n';
import { keyHandler, offer } from '../shell/commands';
import { MirrorContext } from '../store/hooks';
import { Mirror } from '../store/mirror';
import { account } from '../testing/rows';
import { FakeServer } from '../testing/server';
import { ComposeHost } from './Host';
import { closeAllComposers, composers, openComposer, type ComposeRequest } from './open';

const server = new FakeServer();
let mirror: Mirror;

beforeAll(async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }));
  // jsdom lays nothing out; the editor asks where its cursor is.
  Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
  Range.prototype.getBoundingClientRect = () => new DOMRect();
  await startLanguages();
  await server.start();
});
afterEach(() => {
  act(closeAllComposers);
  cleanup();
  mirror.stop();
});

/** The page of somebody with these accounts; null when the server has not said yet. */
async function show(accounts: Account[] | null = [account()]): Promise<void> {
  mirror = new Mirror('tenant:person');
  if (accounts) await know(accounts);
  render(<MirrorContext value={mirror}><ComposeHost scope="tenant:person" /></MirrorContext>);
}

async function know(items: Account[]): Promise<void> {
  server.answers.set('accounts', { seq: server.seq, items });
  await mirror.refresh();
}

function type(text: string): void {
  for (const key of text) {
    const field = document.activeElement as HTMLTextAreaElement;
    if (field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))) field.value += key;
  }
}

it('has the focus in the task that opened it, and hands over what was typed before the editor was there', async () => {
  const archived = vi.fn<() => void>();
  const unoffer = offer('mail.archive', archived);
  const handler = keyHandler();
  addEventListener('keydown', handler);
  await show();
  act(() => void openComposer({ mode: 'new', to: 'anna@example.org', subject: 'Hello' }));
  expect(document.activeElement?.tagName).toBe('TEXTAREA'); // the editor is still being loaded
  type('edge');
  await waitFor(() => expect(document.querySelector('.ProseMirror')?.textContent).toBe('edge'), { timeout: 30_000 });
  expect(document.activeElement).toBe(document.querySelector('.ProseMirror'));
  expect(document.querySelector('textarea')).toBeNull();
  expect(archived).not.toHaveBeenCalled();
  removeEventListener('keydown', handler);
  unoffer();
}, 60_000);

it('waits for the accounts of a page just opened, with what is typed meanwhile', async () => {
  await show(null);
  act(() => void openComposer({ mode: 'new', to: 'anna@example.org' }));
  type('early');
  await waitFor(() => expect(document.body.textContent).toContain('Loading the draft'), { timeout: 30_000 });
  type(' words');
  await act(() => know([account()]));
  await waitFor(() => expect(document.querySelector('.ProseMirror')?.textContent).toBe('early words'), { timeout: 30_000 });
}, 60_000);

it('says that there is no account to write from', async () => {
  await show([account({ role: 'reader' })]);
  act(() => void openComposer({ mode: 'new' }));
  await waitFor(() => expect(document.querySelector('a')?.textContent).toBe('Connect an account'), { timeout: 30_000 });
  expect(document.body.textContent).toContain('There is no account here that you can write from.');
  expect(document.querySelector('textarea')).toBeNull();
  act(() => void document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true })));
  expect(composers()).toEqual([]);
}, 60_000);

it('puts the oldest away when a fourth is opened, and brings the same answer forward instead of a second', async () => {
  await show();
  const opened: string[] = [];
  const open = (request: ComposeRequest): void => act(() => {
    opened.push(openComposer(request));
  });
  for (const subject of ['a', 'b', 'c']) open({ mode: 'new', subject });
  open({ mode: 'reply', messageId: 'm' });
  expect(composers().map(({ id }) => id)).toEqual(opened.slice(1));
  open({ mode: 'reply', messageId: 'm' });
  expect(opened[4]).toBe(opened[3]);
  expect(composers()).toHaveLength(3);
});
