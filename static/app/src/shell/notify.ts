// Notifications of new mail while PMSync is open and another tab or window is looked at.
import i18next from 'i18next';
import type { JournalEvent, Message } from '../api/types';
import { personName } from '../mail/names';
import type { Mirror } from '../store/mirror';
import { remembered } from './preferences';

/** More at once than this are told as one. */
const MOST = 3;

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

  function show(title: string, body: string, tag: string, message: Message | null): void {
    const note = new Notification(title, { body, tag, icon: '/static/dist/icon-192.png' });
    note.addEventListener('click', () => {
      window.focus();
      note.close();
      if (message) open(`/mail/${inboxOf(message)}/${message.thread_id}`);
    });
  }

  const stop = mirror.onFrame(hear);
  return () => {
    clearTimeout(timer);
    stop();
  };
}
