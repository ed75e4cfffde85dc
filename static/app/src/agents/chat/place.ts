// Where something that was cited, or found, is shown.
import { zoneName } from '../../i18n/format';
import type { Hit } from './types';

/** A day as `2026-03-02`, where the person is. */
export function dayOf(at: string): string {
  if (at.length === '2026-03-02'.length) return at;
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zoneName(), dateStyle: 'short' }).format(new Date(at));
}

export function placeOf({ type, id, thread_id: thread, at, key }: Hit): string | null {
  switch (type) {
    case 'message': return thread ? `/inboxes/${thread}` : null;
    case 'event': return at ? `/calendar/day/${dayOf(at)}?event=${encodeURIComponent(key || id)}` : '/calendar';
    case 'contact': return `/contacts/${id}`;
  }
}
