// A search snippet from the server: text with <mark> only, everything else escaped. Read here into parts, never
// handed to innerHTML.

export interface SnippetPart { text: string; marked: boolean }

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'", '#x27': "'", nbsp: '\u00a0' };

/** Character references a careful escaper writes; anything else stays as it came. */
function unescape(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    const known = NAMED[name.toLowerCase()];
    if (known !== undefined) return known;
    if (!name.startsWith('#')) return whole;
    const code = name[1]!.toLowerCase() === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Text before the first mark that a row has room for, in characters. */
const LEAD = 24;

/** The same parts, begun shortly before the first mark: a row shows one line, and the match must be in it. */
export function fromFirstMark(parts: SnippetPart[]): SnippetPart[] {
  const [lead, ...rest] = parts;
  if (!lead || lead.marked || lead.text.length <= LEAD || rest.length === 0) return parts;
  const cut = lead.text.indexOf(' ', lead.text.length - LEAD);
  return [{ text: `…${cut < 0 ? lead.text.slice(-LEAD) : lead.text.slice(cut)}`, marked: false }, ...rest];
}

/** Parts in order. Only the exact tags <mark> and </mark> mean something; any other tag is shown as text. */
export function snippetParts(html: string): SnippetPart[] {
  const parts: SnippetPart[] = [];
  let marked = false;
  for (const piece of html.split(/(<\/?mark>)/)) {
    if (piece === '<mark>') marked = true;
    else if (piece === '</mark>') marked = false;
    else if (piece) parts.push({ text: unescape(piece), marked });
  }
  return parts;
}
