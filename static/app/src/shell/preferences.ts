// What this device remembers of how things should look: theme, density, widths, what is unfolded. No content but the
// recent searches, which go with the person's session (auth/remembered.ts).
import { Emitter } from '../store/emitter';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';
type Key =
  | 'theme' | 'density' | 'assistant' | 'locale' | 'nav' | 'list-width' | 'folded' | 'recent-searches' | `saved-searches:${string}` | 'shortcuts' | 'adapt' | 'after-archive' | 'mark-read' | 'undo-send'
  | 'notify' | 'push' | 'calendars-hidden' | 'calendar-zone';
export type AfterArchive = 'next' | 'previous' | 'list';
export type MarkRead = 'second' | 'never';

const changed = new Emitter();
export const onPreference = (listener: () => void): (() => void) => changed.on(listener);

export function remembered(key: Key): string | null {
  try {
    return localStorage.getItem(`pmsync.${key}`);
  } catch {
    return null; // storage is forbidden here: defaults hold
  }
}

export function remember(key: Key, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`pmsync.${key}`);
    else localStorage.setItem(`pmsync.${key}`, value);
  } catch {
    // Full or forbidden storage: the choice holds until the page is closed.
  }
  changed.emit();
}

export function theme(): Theme {
  const kept = remembered('theme');
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function setTheme(value: Theme): void {
  if (value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = value;
  remember('theme', value === 'system' ? null : value);
}

export function density(): Density {
  return remembered('density') === 'compact' ? 'compact' : 'comfortable';
}

export function setDensity(value: Density): void {
  if (value === 'comfortable') delete document.documentElement.dataset['density'];
  else document.documentElement.dataset['density'] = value;
  remember('density', value === 'comfortable' ? null : value);
}

/** Bring the page in line with what is remembered; the theme alone is set earlier, by the page's inline script. */
export function applyDensity(): void {
  setDensity(density());
}

export function isDark(): boolean {
  const chosen = theme();
  return chosen === 'dark' || (chosen === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
}

/** Single-key shortcuts can be turned off (WCAG 2.1.4). */
export const singleKeys = (): boolean => remembered('shortcuts') !== 'off';

/** What is shown after the open conversation has left the list. */
export function afterArchive(): AfterArchive {
  const kept = remembered('after-archive');
  return kept === 'previous' || kept === 'list' ? kept : 'next';
}

/** When a message counts as read: after a second on screen, or only when the person says so. */
export const markRead = (): MarkRead => (remembered('mark-read') === 'never' ? 'never' : 'second');

export function rememberedSet(key: 'calendars-hidden' | 'folded' | 'recent-searches' | `saved-searches:${string}`): string[] {
  try {
    const kept: unknown = JSON.parse(remembered(key) ?? '[]');
    return Array.isArray(kept) ? kept.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}
