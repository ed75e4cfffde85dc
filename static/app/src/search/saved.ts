// Searches that a person wants again: kept on this device for each person, so that no other sees them.
import { session } from '../auth/session';
import { remember, rememberedSet } from '../shell/preferences';

const MOST = 20;

function key(): `saved-searches:${string}` {
  const state = session.state();
  return `saved-searches:${state.status === 'in' ? `${state.me.tenant.id}:${state.me.id}` : ''}`;
}

export const savedSearches = (): string[] => rememberedSet(key());
export const isSaved = (query: string): boolean => savedSearches().includes(query);

export function toggleSaved(query: string): void {
  const others = savedSearches().filter((other) => other !== query);
  const next = isSaved(query) ? others : [...others, query].slice(-MOST);
  remember(key(), next.length > 0 ? JSON.stringify(next) : null);
}
