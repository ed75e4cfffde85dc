// Printing opens its window at once, fills it with the server's page and closes it again when there is none.
import { afterEach, beforeEach, expect, test, vi, type Mock } from 'vitest';
import type { Body } from '../api/types';
import { session } from '../auth/session';
import { Mirror } from '../store/mirror';
import { PopupBlocked, print } from './print';

const page = { opener: 'us', closed: false, location: { pathname: 'blank', replace: vi.fn<(url: string) => void>() }, document: { readyState: 'complete' }, print: vi.fn<() => void>(), close: vi.fn<() => void>() };
const posted: { path: string; body: unknown }[] = [];
let open: Mock<() => typeof page | null>;
let status = 200;

beforeEach(async () => {
  vi.clearAllMocks();
  posted.length = 0;
  status = 200;
  page.location.pathname = 'blank';
  page.location.replace = vi.fn<(url: string) => void>((url) => void (page.location.pathname = url));
  vi.stubGlobal('fetch', (path: string, init: RequestInit = {}) => {
    if (path.includes('auth/refresh')) return Promise.resolve(Response.json({ access: 'token', expires_in: 900, me: { id: 'p', tenant: { id: 't' } } }));
    posted.push({ path, body: JSON.parse(String(init.body)) });
    return Promise.resolve(Response.json({ url: '/mail/print/token', detail: 'no' }, { status }));
  });
  await session.renewNow();
  open = vi.fn<() => typeof page | null>(() => page);
  vi.stubGlobal('open', open);
});
afterEach(() => vi.unstubAllGlobals());

test('a conversation is printed with the images that are shown', async () => {
  const mirror = new Mirror('test:person');
  mirror.bodies.set('a', { images: true } as Body);
  mirror.bodies.set('b', { images: false } as Body);
  const printed = print(mirror, { thread: 't', messages: ['a', 'b', 'c'] });
  expect(open).toHaveBeenCalledOnce(); // before any answer, or the browser would block it
  await printed;
  expect(posted).toEqual([{ path: '/api/v1/threads/t/print', body: { images: ['a'] } }]);
  expect(page.opener).toBeNull();
  expect(page.location.replace).toHaveBeenCalledWith('/mail/print/token');
  expect(page.print).toHaveBeenCalledOnce();
});

test('a window that the browser blocks is said to be blocked', async () => {
  open.mockReturnValue(null);
  await expect(print(new Mirror('test:person'), { message: 'a' })).rejects.toThrow(PopupBlocked);
  expect(posted).toEqual([]);
});

test('a refusal closes the window', async () => {
  status = 404;
  await expect(print(new Mirror('test:person'), { message: 'a' })).rejects.toThrow('no');
  expect(page.close).toHaveBeenCalledOnce();
  expect(page.print).not.toHaveBeenCalled();
});

test('a window that the person is closing is left alone, whatever realm its error is of', async () => {
  page.print.mockImplementationOnce(() => {
    throw { name: 'Error', message: 'The provided callback is no longer runnable.' };
  });
  await expect(print(new Mirror('test:person'), { message: 'a' })).resolves.toBeUndefined();
  expect(page.print).toHaveBeenCalledOnce();
});
