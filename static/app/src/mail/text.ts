// Plain text of a mail in parts: own words, quoted history, and the lines of other people in between.

export interface TextBlock {
  /** How deep in `>` marks; 0 is the sender's own text. */
  depth: number;
  text: string;
}

const QUOTE = /^((?:>[ ]?)+)(.*)$/;

/** Consecutive lines of one quote depth become one block, without their marks. */
export function quoteBlocks(text: string): TextBlock[] {
  const blocks: TextBlock[] = [];
  for (const line of text.split('\n')) {
    const match = QUOTE.exec(line);
    const depth = match ? match[1]!.replace(/ /g, '').length : 0;
    const words = match ? match[2]! : line;
    const last = blocks.at(-1);
    if (last && last.depth === depth) last.text += `\n${words}`;
    else blocks.push({ depth, text: words });
  }
  return blocks;
}

export type TextPart = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string };

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"']+|\b[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}\b/giu;
const TRAILING = /[.,;:!?)\]}>»”’]+$/u;

/** Addresses in a text become links; the punctuation that ends a sentence does not belong to them. */
export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const found = balanced(match[0]);
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    const href = found.includes('@') && !/^(?:https?:|www\.)/i.test(found) ? `mailto:${found}` : found.startsWith('www.') ? `https://${found}` : found;
    parts.push({ kind: 'link', text: found, href });
    from = match.index + found.length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}

/** Cut what ends a sentence, but keep a bracket that was opened inside the address. */
function balanced(found: string): string {
  let cut = found;
  for (let tail = TRAILING.exec(cut); tail; tail = TRAILING.exec(cut)) {
    const last = cut.at(-1)!;
    if (last === ')' && cut.split('(').length > cut.split(')').length - 1 && cut.includes('(')) return cut;
    cut = cut.slice(0, -1);
  }
  return cut;
}
