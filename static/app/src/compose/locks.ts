// A draft is written in one tab at a time.
import type { Id } from '../api/types';

export interface Hold { release: () => void }

const nameOf = (draft: Id): string => `pmsync:draft:${draft}`;

/**
 * Hold a draft for this tab. Null when another tab holds it, unless `steal`: then that tab loses it and its `onLost` is
 * called. Plain http on a LAN has no Web Locks: there each tab is on its own.
 */
export function holdDraft(draft: Id, onLost: () => void, steal = false): Promise<Hold | null> {
  if (!('locks' in navigator)) return Promise.resolve({ release: () => undefined });
  return new Promise((resolve, reject) => {
    let release = (): void => undefined;
    let held = false;
    navigator.locks
      .request(nameOf(draft), steal ? { steal: true } : { ifAvailable: true }, (lock) => {
        if (!lock) {
          resolve(null);
          return undefined;
        }
        held = true;
        return new Promise<void>((free) => {
          release = free;
          resolve({ release });
        });
      })
      .catch((error: unknown) => {
        if (held) onLost();
        else reject(error as Error);
      });
  });
}

/** True when no tab, this one included, has the draft open. */
export async function isFree(draft: Id): Promise<boolean> {
  if (!('locks' in navigator)) return true;
  const { held } = await navigator.locks.query();
  return !held?.some(({ name }) => name === nameOf(draft));
}
