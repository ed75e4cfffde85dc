// Pushes while no page is open: subscribing here and at the server, and what the worker does with them.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { session } from '../auth/session';
import { startLanguages } from '../i18n';
import { FakeServer, ME } from '../testing/server';
import { followClicks } from './notify';
import { leave } from './personal';
import { canPush, isPushed, keep, takeBack, turnOff, turnOn } from './push';
import { serve, type Clicked, type Page, type Pushed, type Scope } from './pushWorker';
import { remember, remembered } from './preferences';

const KEY = 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4';
const OTHER = `${KEY.slice(0, -1)}8`;

const text = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString('base64url');

/** A browser's push manager: one subscription at a time, made for one key. */
class FakeBrowser extends EventTarget {
  held: { endpoint: string; options: { applicationServerKey: ArrayBuffer }; toJSON: () => object; unsubscribe: () => Promise<boolean> } | null = null;
  permission: NotificationPermission = 'granted';
  broken = false;
  made = 0;

  start(): void {
    const pushManager = { getSubscription: async () => this.held, subscribe: (options: { userVisibleOnly: boolean; applicationServerKey: Uint8Array<ArrayBuffer> }) => this.subscribe(options) };
    const serviceWorker = Object.assign(this, { getRegistration: async () => ({ pushManager }) });
    vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { serviceWorker, locks: undefined }));
    vi.stubGlobal('PushManager', {});
    const permission = () => this.permission;
    vi.stubGlobal('Notification', { get permission() { return permission(); }, requestPermission: async () => permission() });
  }

  private async subscribe(options: { userVisibleOnly: boolean; applicationServerKey: Uint8Array<ArrayBuffer> }) {
    if (this.broken) throw new DOMException('push service not available', 'AbortError');
    if (!options.userVisibleOnly) throw new DOMException('pushes must be seen', 'NotAllowedError');
    const endpoint = `https://push.example/${++this.made}`;
    const keys = { p256dh: 'p', auth: 'a' };
    this.held = {
      endpoint, options: { applicationServerKey: options.applicationServerKey.buffer }, toJSON: () => ({ endpoint, expirationTime: null, keys }),
      unsubscribe: async () => { this.held = null; return true; },
    };
    return this.held;
  }
}

let browser: FakeBrowser;
let server: FakeServer;
let asked: { method: string; path: string; body: Record<string, unknown> | null }[];
let key: string;

beforeEach(async () => {
  await startLanguages();
  browser = new FakeBrowser();
  browser.start();
  server = new FakeServer();
  await server.start();
  key = KEY;
  asked = [];
  const rest = globalThis.fetch;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const path = url.replace('/api/v1/', '');
    if (!path.startsWith('push') && path !== 'auth/logout') return rest(url, init);
    if (!server.online) throw new TypeError('network');
    asked.push({ method: init.method ?? 'GET', path, body: init.body ? JSON.parse(String(init.body)) : null });
    return path === 'push' ? Response.json({ key }) : new Response(null, { status: 204 });
  });
});

afterEach(() => {
  remember('push', null);
  vi.unstubAllGlobals();
});

const posted = () => asked.filter(({ method, path }) => method === 'POST' && path === 'push/subscriptions').map(({ body }) => body);

describe('pushes', () => {
  it('are subscribed to with the server’s key, which is told the browser’s keys and the language', async () => {
    expect(await turnOn(ME.id)).toBe('on');
    expect(text(browser.held!.options.applicationServerKey)).toBe(KEY);
    expect(posted()).toEqual([{ endpoint: 'https://push.example/1', expirationTime: null, keys: { p256dh: 'p', auth: 'a' }, language: 'en', key: KEY }]);
    expect(isPushed(ME.id)).toBe(true);
    expect(isPushed('somebody else')).toBe(false);
  });

  it('stay off without permission, and where the browser has no push service', async () => {
    browser.permission = 'denied';
    expect(await turnOn(ME.id)).toBe('denied');
    browser.permission = 'granted';
    browser.broken = true;
    expect(await turnOn(ME.id)).toBe('impossible');
    expect(isPushed(ME.id)).toBe(false);
    expect(posted()).toEqual([]);
  });

  it('are impossible where the browser knows none', async () => {
    vi.stubGlobal('navigator', Object.create(Object.prototype));
    expect(canPush()).toBe(false);
    expect(await turnOn(ME.id)).toBe('impossible');
    await keep(ME.id);
    await takeBack();
  });

  it('are told to the server again at each start, and subscribed to anew when its key has changed', async () => {
    await turnOn(ME.id);
    await keep(ME.id);
    expect(browser.made).toBe(1);
    key = OTHER;
    await keep(ME.id);
    expect(browser.made).toBe(2);
    expect(text(browser.held!.options.applicationServerKey)).toBe(OTHER);
    expect(posted().map((body) => body?.['key'])).toEqual([KEY, KEY, OTHER]);
  });

  it('wait for the next start when the server is away', async () => {
    await turnOn(ME.id);
    server.online = false;
    await keep(ME.id);
    expect(isPushed(ME.id)).toBe(true);
  });

  it('end when they are turned off, at the server first', async () => {
    await turnOn(ME.id);
    await turnOff();
    expect(asked.at(-1)).toMatchObject({ method: 'DELETE', path: 'push/subscriptions?endpoint=https%3A%2F%2Fpush.example%2F1' });
    expect(browser.held).toBeNull();
    expect(isPushed(ME.id)).toBe(false);
  });

  it('are taken back on signing out', async () => {
    await turnOn(ME.id);
    await leave('failed');
    expect(session.state()).toMatchObject({ status: 'out' });
    expect(browser.held).toBeNull();
    expect(remembered('push')).toBeNull();
  });

  it('are not inherited by who signs in next, nor kept without permission', async () => {
    await turnOn('ada');
    await keep('luca');
    expect(browser.held).toBeNull();
    await turnOn('ada');
    browser.permission = 'denied';
    await keep('ada');
    expect(browser.held).toBeNull();
    expect(posted()).toHaveLength(2);
  });

  it('lead a click to the page, and to our own addresses only', () => {
    const opened: string[] = [];
    const stop = followClicks((path) => opened.push(path));
    for (const url of ['/mail/box/thread', '//evil.example/', 'https://evil.example/', 7]) browser.dispatchEvent(new MessageEvent('message', { data: { type: 'open', url } }));
    stop();
    browser.dispatchEvent(new MessageEvent('message', { data: { type: 'open', url: '/late' } }));
    expect(opened).toEqual(['/mail/box/thread']);
  });
});

const CHROMIUM = 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36';
const SAFARI = 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';

/** A worker's surroundings; `push` and `click` wait for the work to end. */
function worker(pages: Page[], userAgent = CHROMIUM) {
  const listeners = new Map<string, (event: never) => void>();
  const shown: { title: string; options: NotificationOptions; closed: boolean }[] = [];
  const opened: string[] = [];
  serve({
    navigator: { userAgent }, location: { origin: 'https://pmsync.example' },
    clients: { matchAll: async () => pages, openWindow: async (url) => opened.push(url) },
    registration: {
      showNotification: async (title, options) => void shown.push({ title, options, closed: false }),
      getNotifications: async ({ tag }) => shown.filter(({ options }) => options.tag === tag).map((note) => ({ close: () => (note.closed = true) })),
    },
    addEventListener: (name: string, listener: (event: never) => void) => listeners.set(name, listener),
  } as Scope);
  const run = async (name: string, event: object): Promise<void> => {
    let work: Promise<unknown> = Promise.resolve();
    listeners.get(name)!({ ...event, waitUntil: (given: Promise<unknown>) => (work = given) } as never);
    await work;
  };
  return {
    shown, opened,
    push: (data: Pushed['data']) => run('push', { data }),
    click: (url: unknown) => run('notificationclick', { notification: { data: { url }, close: () => undefined } } satisfies Omit<Clicked, 'waitUntil'>),
  };
}

function page(visibilityState: string): Page & { heard: unknown[]; focused: boolean } {
  const made = { visibilityState, heard: [] as unknown[], focused: false, focus: async () => (made.focused = true), postMessage: (news: unknown) => made.heard.push(news) };
  return made;
}

const TOLD = { title: 'New mail from Bob', body: 'Offer', tag: 'message-1', url: '/mail/box/thread' };
const data = { json: () => TOLD };

describe('the worker', () => {
  it('shows what it is told, also beside a page that nobody looks at', async () => {
    const { push, shown } = worker([page('hidden')]);
    await push(data);
    expect(shown).toMatchObject([{ title: TOLD.title, options: { body: 'Offer', tag: 'message-1', data: { url: TOLD.url } }, closed: false }]);
  });

  it('shows nothing while a page is seen, but where the browser insists', async () => {
    const quiet = worker([page('visible')]);
    await quiet.push(data);
    expect(quiet.shown).toEqual([]);
    const strict = worker([page('visible')], SAFARI);
    await strict.push(data);
    expect(strict.shown).toMatchObject([{ options: { silent: true }, closed: true }]);
  });

  it('shows something for a push that it cannot read', async () => {
    const { push, shown } = worker([]);
    await push(null);
    await push({ json: () => { throw new SyntaxError('no JSON'); } });
    expect(shown.map(({ title }) => title)).toEqual(['PMSync', 'PMSync']);
  });

  it('leads a click to an open page without loading it anew, else opens one', async () => {
    const seen = page('visible');
    await worker([page('hidden'), seen]).click(TOLD.url);
    expect(seen).toMatchObject({ focused: true, heard: [{ type: 'open', url: TOLD.url }] });
    const alone = worker([]);
    for (const url of [TOLD.url, 'https://evil.example/x', '//evil.example/x', undefined]) await alone.click(url);
    expect(alone.opened).toEqual([TOLD.url, '/', '/', '/']);
  });
});
