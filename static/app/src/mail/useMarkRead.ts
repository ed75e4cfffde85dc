// A message counts as read once its text was on screen for a second. What the person marks unread stays so.
import { useEffect, useRef, type RefObject } from 'react';
import type { Message } from '../api/types';
import { markRead } from '../shell/preferences';
import { useBodyHere, useMirror } from '../store/hooks';
import { giveQuietly } from './act/give';

const LOOKED = 1_000;

export function useMarkRead(message: Message | undefined, open: boolean, card: RefObject<HTMLElement | null>): void {
  const mirror = useMirror();
  const id = message?.id ?? '';
  const unread = message?.unread ?? false;
  const mine = mirror.tables.accounts.get(message?.account_id ?? '')?.role !== 'reader';
  const here = useBodyHere(id) || message?.unreadable === true;
  const settled = useRef(!unread);
  useEffect(() => {
    const node = card.current;
    if (!unread || !open || !here || !mine || !node || settled.current || markRead() === 'never') return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let inView = false;
    const watch = (): void => {
      clearTimeout(timer);
      if (!inView || document.visibilityState !== 'visible') return;
      timer = setTimeout(() => {
        settled.current = true;
        giveQuietly(mirror, { action: 'read', messages: [id] });
      }, LOOKED);
    };
    const observer = new IntersectionObserver((entries) => {
      inView = entries.at(-1)?.isIntersecting ?? false;
      watch();
    });
    observer.observe(node);
    document.addEventListener('visibilitychange', watch);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      document.removeEventListener('visibilitychange', watch);
    };
  }, [mirror, id, unread, open, here, mine, card]);
}
