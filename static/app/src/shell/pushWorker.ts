// The part of the service worker that hears pushes: shows them and leads a click to the page. Knows no mail; what is
// said comes from the server, in the person's language (apps/realtime/push).

interface Told { title: string; body: string; tag: string; url: string }
interface Extended { waitUntil: (work: Promise<unknown>) => void }
export interface Pushed extends Extended { data: { json: () => unknown } | null }
export interface Clicked extends Extended { notification: { data: unknown; close: () => void } }
export interface Page { visibilityState: string; focus: () => Promise<unknown>; postMessage: (news: unknown) => void }

/** Of ServiceWorkerGlobalScope what is used here: TypeScript cannot know it beside the page's own globals. */
export interface Scope {
  navigator: { userAgent: string };
  location: { origin: string };
  clients: { matchAll: (which: { type: 'window'; includeUncontrolled: true }) => Promise<readonly Page[]>; openWindow: (url: string) => Promise<unknown> };
  registration: {
    showNotification: (title: string, options: NotificationOptions) => Promise<void>;
    getNotifications: (which: { tag: string }) => Promise<readonly { close: () => void }[]>;
  };
  addEventListener: {
    (name: 'push', listener: (event: Pushed) => void): void;
    (name: 'notificationclick', listener: (event: Clicked) => void): void;
  };
}

const ICON = '/static/dist/icon-192.png';

export function serve(scope: Scope): void {
  scope.addEventListener('push', (event) => event.waitUntil(show(scope, read(event))));
  scope.addEventListener('notificationclick', (event) => event.waitUntil(lead(scope, event)));
}

function read(event: Pushed): Told {
  let said: Partial<Told> = {};
  try {
    said = (event.data?.json() ?? {}) as Partial<Told>;
  } catch {
    // Not ours; but a push that shows nothing costs the person's permission.
  }
  return { title: said.title || 'PMSync', body: said.body ?? '', tag: said.tag ?? '', url: said.url ?? '/' };
}

async function show(scope: Scope, { title, body, tag, url }: Told): Promise<void> {
  const seen = (await pages(scope)).some(({ visibilityState }) => visibilityState === 'visible');
  // Chromium and Firefox ask for no notification while a page is seen, which shows the mail itself. WebKit always does,
  // and takes the permission back from who stays silent: there it is shown and closed again.
  if (seen && !mustAlwaysShow(scope)) return;
  await scope.registration.showNotification(title, { body, tag, icon: ICON, data: { url }, silent: seen ? true : null });
  if (seen) for (const note of await scope.registration.getNotifications({ tag })) note.close();
}

const mustAlwaysShow = ({ navigator }: Scope): boolean => /AppleWebKit\//.test(navigator.userAgent) && !/Chrom(?:e|ium)\//.test(navigator.userAgent);
const pages = ({ clients }: Scope): Promise<readonly Page[]> => clients.matchAll({ type: 'window', includeUncontrolled: true });

/** An open page goes there by itself: navigating it from here would load it anew, and lose what is being written. */
async function lead(scope: Scope, { notification }: Clicked): Promise<unknown> {
  notification.close();
  const url = ours(scope, (notification.data as { url?: unknown } | null)?.url);
  const open = await pages(scope);
  const page = open.find(({ visibilityState }) => visibilityState === 'visible') ?? open[0];
  if (!page) return scope.clients.openWindow(url);
  page.postMessage({ type: 'open', url });
  return page.focus();
}

/** An address of our own, whatever a notification holds. */
function ours({ location }: Scope, url: unknown): string {
  if (typeof url !== 'string' || !URL.canParse(url, location.origin)) return '/';
  const asked = new URL(url, location.origin);
  return asked.origin === location.origin ? asked.pathname + asked.search : '/';
}
