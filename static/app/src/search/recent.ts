// The last searches on this device.
import { remember, rememberedSet } from '../shell/preferences';

const KEPT = 8;

export const recentSearches = (): string[] => rememberedSet('recent-searches');

export function keepSearch(query: string): void {
  const others = recentSearches().filter((other) => other !== query);
  remember('recent-searches', JSON.stringify([query, ...others].slice(0, KEPT)));
}

export const forgetSearches = (): void => remember('recent-searches', null);
