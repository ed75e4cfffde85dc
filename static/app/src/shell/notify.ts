// Notifications of new mail while PMSync is open and another tab or window is looked at.
import i18next from 'i18next';
import type { JournalEvent, Message } from '../api/types';
import { personName } from '../mail/names';
import type { Mirror } from '../store/mirror';
import { remembered } from './preferences';

/** More at once than this are told as one, as the server does (apps/realtime/push/notices.py). */
const MOST = 3;
const ICON = '/static/dist/icon-192.png';

export const canNotify = (): boolean => 'Notification' in window;
export const wantsNotifications = (): boolean => canNotify() && remembered('notify') === 'on' && Notification.permission === 'granted';

export async function askToNotify(): Promise<boolean> {
  if (!canNotify()) return false;
  return (await Notification.requestPermission()) === 'granted';
}

/** Tell of unread mail that arrives in an inbox; a click leads to it. Returns how to stop. */
export function notifyOf(mirror: Mirror, open: (path: string) => void): () => void {
  const arrived: Message[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function hear(frame: JournalEvent): void {
    if (frame.event !== 'email:new' || document.visibilityState === 'visible' || !mirror.leads() || !wantsNotifications()) return;
    const { message } = frame.data;
    if (!message.unread || !inboxOf(message)) return;
    arrived.push(message);
    timer ??= setTimeout(tell, 400);
  }

  const inboxOf = (message: Message): string | undefined => message.mailboxes.find(({ id }) => mirror.tables.mailboxes.get(id)?.role === 'inbox')?.id;

  function tell(): void {
    timer = undefined;
    const news = arrived.splice(0);
    if (news.length > MOST) return show(i18next.t('list.pill', { count: news.length }), '', 'many', null);
    for (const message of news) {
      const sender = message.from[0] ? personName(message.from[0]) : i18next.t('list.noSender');
      show(i18next.t('list.newMail', { name: sender }), message.subject || i18next.t('list.noSubject'), message.id, message);
    }
  }

  const address = (message: Message | null): string => (message ? `/mail/${inboxOf(message)}/${message.thread_id}` : '/');

  function show(title: string, body: string, tag: string, message: Message | null): void {
    const options = { body, tag, icon: ICON };
    // A push tells of the same message: shown by the worker as well, one takes the other's place by its tag.
    if (remembered('push')) return void showByWorker(title, { ...options, data: { url: address(message) } });
    const note = new Notification(title, options);
    note.addEventListener('click', () => {
      window.focus();
      note.close();
      if (message) open(address(message));
    });
  }

  const stop = mirror.onFrame(hear);
  return () => {
    clearTimeout(timer);
    stop();
  };
}

async function showByWorker(title: string, options: NotificationOptions): Promise<void> {
  await (await navigator.serviceWorker.getRegistration('/'))?.showNotification(title, options);
}

/** Go where a notification's click leads (shell/pushWorker.ts). Returns how to stop. */
export function followClicks(open: (path: string) => void): () => void {
  if (!('serviceWorker' in navigator)) return () => undefined;
  const hear = ({ data }: MessageEvent<{ type?: unknown; url?: unknown } | null>): void => {
    if (data?.type === 'open' && typeof data.url === 'string' && /^\/(?!\/)/.test(data.url)) open(data.url);
  };
  navigator.serviceWorker.addEventListener('message', hear);
  return () => navigator.serviceWorker.removeEventListener('message', hear);
}
