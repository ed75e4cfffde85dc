// The query text and the operators inside it: found, toggled and replaced without touching the rest.

/** Words of a query; a quoted phrase, also after an operator, is one word. */
export function queryWords(query: string): string[] {
  return query.match(/(?:[^\s"]+:)?"[^"]*"?|[^\s"]+/g) ?? [];
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function hasWord(query: string, word: string): boolean {
  return queryWords(query).some((found) => same(found, word));
}

export function toggleWord(query: string, word: string): string {
  const words = queryWords(query);
  const without = words.filter((found) => !same(found, word));
  return (without.length < words.length ? without : [...words, word]).join(' ');
}

/** The value of an operator such as `after:`, or null. */
export function operatorValue(query: string, operator: string): string | null {
  const found = queryWords(query).find((word) => word.toLowerCase().startsWith(operator));
  return found ? found.slice(operator.length) : null;
}

/** Set an operator's value, replacing the one it had; null takes it out. */
export function withOperator(query: string, operator: string, value: string | null): string {
  const others = queryWords(query).filter((word) => !word.toLowerCase().startsWith(operator));
  return (value === null ? others : [...others, operator + value]).join(' ');
}

/** Put a suggestion in place of the word that is being typed at the end. */
export function completed(query: string, insert: string): string {
  const typed = /\s$/.test(query) ? '' : (queryWords(query).at(-1) ?? '');
  const kept = query.slice(0, query.length - typed.length);
  return kept + insert + (insert.endsWith(':') ? '' : ' ');
}
