import 'fake-indexeddb/auto';
import { act, cleanup, render, waitFor } from '@testing-library/react';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { startLanguages } from '../i18n';
import { keyHandler, offer } from '../shell/commands';
import { MirrorContext } from '../store/hooks';
import { Mirror } from '../store/mirror';
import { ComposeHost } from './Host';
import { closeAllComposers, composers, openComposer, type ComposeRequest } from './open';

let mirror: Mirror;

beforeAll(async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }));
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  // jsdom lays nothing out; the editor asks where its cursor is.
  Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
  Range.prototype.getBoundingClientRect = () => new DOMRect();
  await startLanguages();
});
afterEach(() => {
  act(closeAllComposers);
  cleanup();
  mirror.stop();
});

function show(): void {
  mirror = new Mirror('tenant:person');
  render(<MirrorContext value={mirror}><ComposeHost scope="tenant:person" /></MirrorContext>);
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
  show();
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

it('puts the oldest away when a fourth is opened, and brings the same answer forward instead of a second', async () => {
  show();
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
