// The last person on this device, so that their cached mail shows before the server has answered. No secret in here.
import type { Me } from '../api/types';
import { remember } from '../shell/preferences';

const KEY = 'pmsync.me';

export function rememberedPerson(): Me | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as Me | null;
  } catch {
    return null;
  }
}

export function rememberPerson(me: Me): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(me));
  } catch {
    // Storage is full or forbidden (private mode): the next start just waits for the server.
  }
}

/** Also what they searched for: the next person on this device must not see it. */
export function forgetPerson(): void {
  remember('recent-searches', null);
  try {
    localStorage.removeItem(KEY);
  } catch {
    // As above: nothing was kept.
  }
}
