// Preferences as React state.
import { useSyncExternalStore } from 'react';
import { onPreference } from './preferences';

/** `read` must return a primitive. */
export function usePreference<T extends string | number | boolean | null>(read: () => T): T {
  return useSyncExternalStore(onPreference, read);
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}

export const PHONE = '(max-width: 45em)';
export const NARROW = '(max-width: 68em)';
export const usePhone = (): boolean => useMedia(PHONE);
