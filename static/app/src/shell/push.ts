// Notifications while no page of ours is open: this browser's subscription at its push service, and our server's
// knowledge of it. It belongs to one person: who signs in next on this device does not inherit it.
import { Problem, Unreachable } from '../api/request';
import { request } from '../auth/session';
import { language } from '../i18n';
import { remember, remembered } from './preferences';

export type TurnedOn = 'on' | 'denied' | 'impossible';

export const canPush = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
export const isDenied = (): boolean => 'Notification' in window && Notification.permission === 'denied';
export const isPushed = (person: string): boolean => canPush() && remembered('push') === person && Notification.permission === 'granted';

/** Ask the person's leave, subscribe and tell the server. Raises Problem or Unreachable of our own server. */
export async function turnOn(person: string): Promise<TurnedOn> {
  if (!canPush()) return 'impossible';
  if ((await Notification.requestPermission()) !== 'granted') return 'denied';
  const registration = await worker();
  if (!registration || !(await subscribe(registration))) return 'impossible';
  remember('push', person);
  return 'on';
}

/** The server forgets this browser, and the browser its subscription; the first alone would be enough. */
export async function turnOff(): Promise<void> {
  remember('push', null);
  const subscription = await current();
  if (!subscription) return;
  try {
    await request(`push/subscriptions?endpoint=${encodeURIComponent(subscription.endpoint)}`, { method: 'DELETE' });
  } catch (error) {
    if (!known(error)) throw error; // the push service answers 410 from now on, and the server forgets it then
  }
  await drop(subscription);
}

/** After signing out: the server forgot this browser with the session. */
export async function takeBack(): Promise<void> {
  remember('push', null);
  const subscription = await current();
  if (subscription) await drop(subscription);
}

/** At every start and change of language: the session, the server's key or the browser's endpoint may be another. */
export async function keep(person: string): Promise<void> {
  if (!remembered('push') || !canPush()) return;
  if (!isPushed(person)) return takeBack();
  const registration = await worker();
  if (!registration) return; // not installed yet; the next start finds it
  try {
    await subscribe(registration);
  } catch (error) {
    if (!known(error)) throw error; // the next start tries again
  }
}

/** False when the browser cannot: no push service, or it is not reached. */
async function subscribe(registration: ServiceWorkerRegistration): Promise<boolean> {
  const { key } = await request<{ key: string }>('push');
  let subscription = await registration.pushManager.getSubscription();
  if (subscription && encoded(subscription.options.applicationServerKey) !== key) {
    await drop(subscription);
    subscription = null;
  }
  try {
    subscription ??= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: decoded(key) });
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
  await request('push/subscriptions', { method: 'POST', body: { ...subscription.toJSON(), language: language(), key } });
  return true;
}

async function drop(subscription: PushSubscription): Promise<void> {
  try {
    await subscription.unsubscribe();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // the push service is away: nobody sends to it any more
  }
}

const known = (error: unknown): boolean => error instanceof Problem || error instanceof Unreachable;
const worker = (): Promise<ServiceWorkerRegistration | undefined> => navigator.serviceWorker.getRegistration('/');
const current = async (): Promise<PushSubscription | null> => (canPush() ? ((await (await worker())?.pushManager.getSubscription()) ?? null) : null);

function decoded(key: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

function encoded(bytes: ArrayBuffer | null): string {
  const text = String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer(0)));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
