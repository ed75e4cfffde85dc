// Renames style attributes in mail HTML before it is parsed. The page's policy refuses style attributes wherever a
// parser meets one, even in an inert document, and reports each; the values are set by CSSOM in the frame instead.

const NAME_END = /[\s/>=]/;
const SPACE = /\s/;

/**
 * `html` with each attribute `from` renamed to `to`. Linear, and only a convenience: what it misses in broken markup
 * is refused by the policy, and the sanitiser judges the result as it would have judged the original.
 */
export function renameAttribute(html: string, from: string, to: string): string {
  let out = '';
  let kept = 0;
  for (let i = html.indexOf('<'); i >= 0; i = html.indexOf('<', i)) {
    i++;
    if (!/[a-z]/i.test(html[i] ?? '')) continue;
    while (i < html.length && !/[\s/>]/.test(html[i]!)) i++;
    while (i < html.length && html[i] !== '>') {
      if (SPACE.test(html[i]!) || html[i] === '/') {
        i++;
        continue;
      }
      const start = i++; // an attribute name may itself begin with "="
      while (i < html.length && !NAME_END.test(html[i]!)) i++;
      if (html.slice(start, i).toLowerCase() === from) {
        out += html.slice(kept, start) + to;
        kept = i;
      }
      i = afterValue(html, i);
    }
  }
  return out + html.slice(kept);
}

/** The position after `= value`, or the same position when the attribute has none. */
function afterValue(html: string, from: number): number {
  let i = skipSpace(html, from);
  if (html[i] !== '=') return from;
  i = skipSpace(html, i + 1);
  const quote = html[i];
  if (quote === '"' || quote === "'") {
    const end = html.indexOf(quote, i + 1);
    return end < 0 ? html.length : end + 1;
  }
  while (i < html.length && !SPACE.test(html[i]!) && html[i] !== '>') i++;
  return i;
}

function skipSpace(html: string, from: number): number {
  let i = from;
  while (i < html.length && SPACE.test(html[i]!)) i++;
  return i;
}
