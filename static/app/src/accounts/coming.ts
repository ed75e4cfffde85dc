// Whose calendars or contacts are still to come, for a page that has none to show.
import type { Surface } from '../api/types';
import { useAccounts } from '../store/hooks';

/** The address of an account that has this surface and is in reach: where nothing of it is known yet, it is on its way. */
export function useComing(surface: Surface): string | undefined {
  return useAccounts().find(({ status, reachable, surfaces }) => status === 'active' && reachable && surfaces.includes(surface))?.address;
}
