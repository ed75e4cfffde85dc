// Labels are IMAP keywords: words without spaces that other clients see too. What a person types becomes one, and one
// is shown as a person would write it; the provider's own marks ($Forwarded, NonJunk) are no labels.
import type { ThreadRow } from '../../api/types';
import type { Mirror } from '../../store/mirror';

/** Marks that programs set for themselves. */
const MARKS = new Set(['nonjunk', 'junk', 'notjunk', 'forwarded', 'mdnsent', 'redirected', 'unknown-0']);
// An IMAP atom (RFC 9051): printable ASCII without what the grammar uses.
const ATOM = /^[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|~]{1,60}$/;

export const isLabel = (keyword: string): boolean => !keyword.startsWith('$') && !keyword.startsWith('\\') && !MARKS.has(keyword.toLowerCase());

/** As it is shown. */
export const labelName = (keyword: string): string => keyword.replaceAll('_', ' ');

/** The keyword for what was typed, or null when no mail server would take it. */
export function keywordOf(typed: string): string | null {
  const keyword = typed.trim().replace(/\s+/g, '_').normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return ATOM.test(keyword) && isLabel(keyword) ? keyword : null;
}

/** Labels that every one of these rows has. */
export function labelsOf(rows: readonly ThreadRow[]): string[] {
  const [first, ...rest] = rows.map(({ keywords }) => (keywords ?? []).filter((word) => isLabel(word)));
  return (first ?? []).filter((word) => rest.every((others) => others.includes(word)));
}

/** Labels seen on any row that this device knows, by name; and those that are held, which the server may not know yet. */
export function knownLabels(mirror: Mirror, held: readonly string[]): string[] {
  const found = new Set(held);
  for (const { keywords } of mirror.tables.threads.values()) for (const word of keywords ?? []) if (isLabel(word)) found.add(word);
  return [...found].toSorted((a, b) => a.localeCompare(b));
}
