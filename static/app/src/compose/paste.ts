// Pasted HTML becomes what our editor can hold, flat: the marks that styles stand for, the blocks that read as text,
// nothing that loads anything. Word, Outlook, Google Docs and Gmail each write their own dialect.
import DOMPurify from 'dompurify';
import { renameAttribute } from '../mail/renameAttribute';

type Mark = 'strong' | 'em' | 'u' | 's' | 'code';
const MARKS: readonly Mark[] = ['strong', 'em', 'u', 's', 'code'];
const ELEMENT_MARKS: Record<string, Mark> = { B: 'strong', STRONG: 'strong', I: 'em', EM: 'em', CITE: 'em', U: 'u', INS: 'u', S: 's', STRIKE: 's', DEL: 's', CODE: 'code', TT: 'code', KBD: 'code', SAMP: 'code' };
const DROPPED = new Set(['STYLE', 'SCRIPT', 'NOSCRIPT', 'TEMPLATE', 'TITLE', 'HEAD', 'META', 'LINK', 'XML', 'OBJECT', 'EMBED', 'IFRAME', 'SVG', 'MATH', 'SELECT', 'TEXTAREA', 'BUTTON', 'INPUT', 'FORM', 'VIDEO', 'AUDIO', 'CANVAS', 'O:P', 'W:SDT', 'V:SHAPE', 'V:IMAGEDATA']);
const BLOCKS = new Set(['P', 'DIV', 'SECTION', 'ARTICLE', 'HEADER', 'FOOTER', 'MAIN', 'ASIDE', 'ADDRESS', 'CENTER', 'FIGURE', 'FIGCAPTION', 'DL', 'DT', 'DD', 'FIELDSET', 'TABLE', 'THEAD', 'TBODY', 'TFOOT', 'CAPTION', 'H4', 'H5', 'H6', 'BODY']);
const LINK = /^(?:https?:|mailto:|tel:)/i;
const PICTURE = /^(?:cid:|data:image\/(?:png|gif|jpe?g|webp|avif);base64,)/i;
/** The class by which a signature is known, here and in what is sent. */
export const SIGNATURE = 'pm-signature';
/** Deeper than this nobody has written anything; what is below becomes plain text. */
const DEEPEST = 120;

/** Where a style attribute waits: the page's policy refuses it even in a document that is only parsed. */
const STYLE = 'data-style';
const unstyled = (html: string): string => renameAttribute(html, 'style', STYLE);
const probe = document.createElement('span');

/** What a style attribute says, as the browser reads it. */
function styleOf(node: Element): CSSStyleDeclaration {
  probe.style.cssText = node.getAttribute(STYLE) ?? '';
  return probe.style;
}

const purifier = DOMPurify(window);
purifier.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'IMG' && !PICTURE.test(node.getAttribute('src') ?? '')) node.removeAttribute('src');
  if (node.tagName !== 'DIV' || node.className !== SIGNATURE) node.removeAttribute('class');
});

/** The last lock: only these may reach the editor, whatever the flattening missed. */
export function toSchema(html: string): string {
  return purifier.sanitize(unstyled(html), {
    ALLOWED_TAGS: ['p', 'br', 'strong', 'em', 'u', 's', 'code', 'pre', 'a', 'ul', 'ol', 'li', 'blockquote', 'h1', 'h2', 'h3', 'hr', 'img', 'div'],
    ALLOWED_ATTR: ['href', 'src', 'alt', 'start', 'class'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/(?:png|gif|jpe?g|webp|avif);base64,)/i,
  });
}

/** A draft's text for the editor. One that another program wrote is flattened like pasted text. */
export function draftContent(html: string, imageWord: string): string {
  return /<(?:table|font|span|center|style)\b/i.test(html) ? cleanPaste(html, imageWord) : toSchema(html);
}

/** The pasted HTML for the editor. `imageWord` stands where a picture was that we do not load ("Image"). */
export function cleanPaste(html: string, imageWord: string): string {
  const fragment = /<!--\s*StartFragment\s*-->([\s\S]*?)<!--\s*EndFragment\s*-->/i.exec(html);
  // Google Sheets and Excel put the fragment's marks inside the table: without its table a row is nothing.
  const inner = fragment && !/^\s*<(?:tr|td|col)/i.test(fragment[1]!) ? fragment[1]! : html;
  const source = new DOMParser().parseFromString(unstyled(withoutConditions(inner)), 'text/html');
  return toSchema(new Flattener(imageWord).run(source.body));
}

/** Office hides markup for other programs in conditional comments, some of which are no comments at all. */
const withoutConditions = (html: string): string =>
  html.replace(/<!--\[if[\s\S]*?<!\[endif\]-->/gi, '').replace(/<!\[if !support(?:Lists|EmptyParas)\]>/gi, '').replace(/<!\[(?:if[^\]]*|endif)\]>/gi, '');

interface Run { text: string; marks: ReadonlySet<Mark>; link: string | null }

class Flattener {
  private out: string[] = [];
  private line: (Run | 'break' | { image: string; alt: string })[] = [];
  private tag = 'p';
  private inItem = false;
  /** Lists that Word wrote as paragraphs, by level. */
  private lists: ('ul' | 'ol')[] = [];
  private readonly imageWord: string;

  constructor(imageWord: string) {
    this.imageWord = imageWord;
  }

  run(body: HTMLElement): string {
    this.children(body, new Set(), null, 0);
    this.endLine();
    this.endLists(0);
    return this.out.join('');
  }

  private children(node: Node, marks: ReadonlySet<Mark>, link: string | null, depth: number): void {
    if (depth > DEEPEST) return this.text(node.textContent ?? '', marks, link);
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) this.text(child.textContent ?? '', marks, link);
      else if (child.nodeType === Node.ELEMENT_NODE) this.element(child as HTMLElement, marks, link, depth + 1);
    }
  }

  private text(text: string, marks: ReadonlySet<Mark>, link: string | null): void {
    const flat = text.replace(/[ \t\r\n\f]+/g, ' ').replace(/\u00a0/g, ' ');
    if (flat) this.line.push({ text: flat, marks, link });
  }

  private element(node: HTMLElement, marks: ReadonlySet<Mark>, link: string | null, depth: number): void {
    const tag = node.tagName.toUpperCase();
    const written = node.getAttribute(STYLE) ?? '';
    if (DROPPED.has(tag) || node.hidden || styleOf(node).display === 'none' || /mso-list:\s*ignore|mso-hide:\s*all/i.test(written)) return;
    const now = marksOf(node, tag, marks);
    const item = tag === 'P' || /^H\d$/.test(tag) ? wordItem(node, written) : null;
    if (item) return this.wordItem(node, item, now, link, depth);
    switch (tag) {
      case 'BR': this.line.push('break'); return;
      case 'IMG': return this.image(node);
      case 'HR': return this.block(() => this.out.push('<hr>'));
      case 'A': {
        const href = node.getAttribute('href')?.trim() ?? '';
        // A link's underline is its own, not the person's.
        return this.children(node, new Set([...now].filter((mark) => mark !== 'u')), LINK.test(href) ? unwrapped(href) : link, depth);
      }
      case 'PRE': return this.block(() => this.out.push(`<pre><code>${escaped((node.textContent ?? '').replace(/\n$/, ''))}</code></pre>`));
      case 'UL': case 'OL': return this.list(node, tag, now, link, depth);
      case 'LI': return this.list(node, 'UL', now, link, depth);
      case 'BLOCKQUOTE': return this.around('blockquote', node, now, link, depth);
      case 'TR': return this.row(node, now, link, depth);
      case 'H1': case 'H2': case 'H3':
        return this.block(() => {
          this.tag = tag.toLowerCase();
          this.children(node, without(now, 'strong'), link, depth);
          this.endLine();
        });
      default:
        if (BLOCKS.has(tag)) this.block(() => this.paragraph(node, now, link, depth));
        else this.children(node, now, link, depth);
    }
  }

  private paragraph(node: HTMLElement, marks: ReadonlySet<Mark>, link: string | null, depth: number): void {
    const before = this.out.length;
    this.children(node, /^H[4-6]$/.test(node.tagName) ? new Set([...marks, 'strong' as const]) : marks, link, depth);
    this.endLine();
    // An empty paragraph is an empty line that somebody made: keep it, but not those around other blocks.
    if (this.out.length === before && (node.tagName === 'P' || node.tagName === 'DIV') && /^[\s\u00a0]*$/.test(node.textContent ?? '') && !node.querySelector('img')) {
      if (this.out.length > 0 && this.out.at(-1) !== '<p></p>') this.out.push('<p></p>');
    }
  }

  private block(write: () => void): void {
    this.endLine();
    this.endLists(0);
    write();
    this.endLine();
    this.tag = 'p';
  }

  private around(tag: string, node: HTMLElement, marks: ReadonlySet<Mark>, link: string | null, depth: number): void {
    this.block(() => {
      this.out.push(`<${tag}>`);
      const before = this.out.length;
      this.children(node, marks, link, depth);
      this.endLine();
      this.endLists(0);
      if (this.out.length === before) this.out.push('<p></p>');
      this.out.push(`</${tag}>`);
    });
  }

  private list(node: HTMLElement, tag: 'UL' | 'OL', marks: ReadonlySet<Mark>, link: string | null, depth: number): void {
    this.endLine();
    this.endLists(0);
    const start = tag === 'OL' ? Number(node.getAttribute('start') ?? 1) : 1;
    this.out.push(start > 1 ? `<ol start="${start}">` : `<${tag.toLowerCase()}>`);
    const items = node.tagName === 'LI' ? [node] : [...node.children] as HTMLElement[];
    let open = false;
    for (const item of items) {
      const nested = /^[UO]L$/.test(item.tagName); // Word and Docs put a list beside its item, not into it
      if (nested && !open) this.out.push('<li><p></p>');
      else if (!nested) {
        if (open) this.out.push('</li>');
        this.out.push('<li>');
      }
      open = true;
      const before = this.out.length;
      if (nested) this.element(item, marks, link, depth + 1);
      else this.children(item, marksOf(item, item.tagName, marks), link, depth + 1);
      this.endLine();
      if (!nested && !/^<(?:p|h\d)/.test(this.out[before] ?? '')) this.out.splice(before, 0, '<p></p>');
    }
    if (open) this.out.push('</li>');
    else this.out.pop();
    if (open) this.out.push(`</${tag.toLowerCase()}>`);
  }

  /** A table row is one line; its cells stand apart. Our schema holds no tables, and no word may stick to the next. */
  private row(node: HTMLElement, marks: ReadonlySet<Mark>, link: string | null, depth: number): void {
    const cells = [...node.children] as HTMLElement[];
    if (cells.length < 2) return this.block(() => this.children(node, marks, link, depth));
    this.block(() => {
      const outer = this.out;
      const parts: string[] = [];
      for (const cell of cells) {
        this.out = [];
        this.children(cell, marksOf(cell, cell.tagName, marks), link, depth + 1);
        this.endLine();
        this.endLists(0);
        parts.push(this.out.map((part) => part.replace(/<\/?(?:p|h\d|ul|ol|li|blockquote)(?: [^>]*)?>/g, ' ')).join(' ').replace(/ +/g, ' ').trim());
      }
      this.out = outer;
      if (parts.some(Boolean)) this.out.push(`<p>${parts.join('\t')}</p>`);
    });
  }

  private wordItem(node: HTMLElement, { level, ordered }: WordItem, marks: ReadonlySet<Mark>, link: string | null, depth: number): void {
    this.endLine();
    const kind = ordered ? 'ol' : 'ul';
    if (this.lists.length >= level) {
      this.endLists(level);
      this.out.push('</li>');
      if (this.lists[level - 1] !== kind) {
        this.out.push(`</${this.lists.pop()!}>`, `<${kind}>`);
        this.lists.push(kind);
      }
    } else {
      while (this.lists.length < level) {
        this.out.push(`<${kind}>`);
        this.lists.push(kind);
        if (this.lists.length < level) this.out.push('<li><p></p>');
      }
    }
    this.out.push('<li>');
    const before = this.out.length;
    this.inItem = true;
    this.children(node, marks, link, depth);
    this.stripMarker();
    this.endLine();
    this.inItem = false;
    if (this.out.length === before) this.out.push('<p></p>');
  }

  /** The bullet or number that Word wrote as text, where it did not mark it as ignorable. */
  private stripMarker(): void {
    const first = this.line.find((run) => typeof run === 'object' && 'text' in run && run.text.trim() !== '');
    if (first && typeof first === 'object' && 'text' in first) first.text = first.text.replace(/^\s*(?:[·•▪◦§oü–-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)])\s+/i, '');
  }

  private endLists(level: number): void {
    while (this.lists.length > level) this.out.push('</li>', `</${this.lists.pop()!}>`);
  }

  private image(node: HTMLElement): void {
    const source = node.getAttribute('src')?.trim() ?? '';
    const alt = (node.getAttribute('alt') ?? '').replace(/\s+/g, ' ').trim();
    if (PICTURE.test(source)) this.line.push({ image: source, alt });
    else if (Number(node.getAttribute('width') ?? 9) > 2) this.line.push({ text: `[${alt || this.imageWord}]`, marks: new Set(), link: null });
  }

  private endLine(): void {
    const line = this.line;
    this.line = [];
    const html = lineHtml(line);
    if (html && !this.inItem) this.endLists(0); // what follows the last item is no part of it
    if (html) this.out.push(`<${this.tag}>${html}</${this.tag}>`);
  }
}

const without = (marks: ReadonlySet<Mark>, mark: Mark): ReadonlySet<Mark> => new Set([...marks].filter((other) => other !== mark));

function marksOf(node: HTMLElement, tag: string, marks: ReadonlySet<Mark>): ReadonlySet<Mark> {
  const now = new Set(marks);
  const own = ELEMENT_MARKS[tag.toUpperCase()];
  if (own) now.add(own);
  if (!node.hasAttribute(STYLE)) return now;
  const style = styleOf(node);
  const weight = style.fontWeight;
  if (weight) set(now, 'strong', weight === 'bold' || weight === 'bolder' || Number(weight) >= 600);
  if (style.fontStyle) set(now, 'em', /italic|oblique/.test(style.fontStyle));
  const line = `${style.textDecoration} ${style.getPropertyValue('text-decoration-line')}`;
  if (line.trim()) {
    if (/underline/.test(line)) now.add('u');
    if (/line-through/.test(line)) now.add('s');
    if (/none/.test(line)) now.delete('u');
  }
  return now;
}

function set(marks: Set<Mark>, mark: Mark, on: boolean): void {
  if (on) marks.add(mark);
  else marks.delete(mark);
}

interface WordItem { level: number; ordered: boolean }

/** Word and Outlook write list items as paragraphs: the level is in the style, the marker in the text. */
function wordItem(node: HTMLElement, style: string): WordItem | null {
  const found = /mso-list:\s*\S+\s+level(\d)/i.exec(style);
  if (!found && !/MsoListParagraph/i.test(node.className)) return null;
  const marker = /^[\s\u00a0]*(\S+)/.exec(node.textContent ?? '')?.[1] ?? '';
  return { level: Math.min(6, Number(found?.[1] ?? 1)), ordered: /^\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]/i.test(marker) };
}

/** Google wraps links of documents in a redirect that only tracks. */
function unwrapped(href: string): string {
  try {
    const url = new URL(href);
    const target = /^(?:www\.)?google\.[a-z.]+$/.test(url.hostname) && url.pathname === '/url' ? url.searchParams.get('q') ?? url.searchParams.get('url') : null;
    return target && /^https?:/i.test(target) ? target : href;
  } catch {
    return href;
  }
}

function lineHtml(line: (Run | 'break' | { image: string; alt: string })[]): string {
  let html = '';
  let kept = false;
  let previous = ' ';
  let breaks = 0;
  for (const part of merged(line)) {
    if (part === 'break') {
      breaks++;
      previous = ' ';
      continue;
    }
    const inner = 'image' in part
      ? `<img src="${escaped(part.image)}" alt="${escaped(part.alt)}">`
      : /\s$/.test(previous) ? part.text.replace(/^ +/, '') : part.text;
    if (inner === '') continue;
    if (kept) html += '<br>'.repeat(breaks);
    breaks = 0;
    if ('image' in part) {
      html += inner;
      previous = 'x';
    } else {
      html += dressed(inner, part);
      previous = inner;
    }
    kept = kept || inner.trim() !== '';
  }
  return kept ? html.replace(/ +$/, '') : '';
}

/** Neighbours with the same marks are one run: sixteen nested spans become one. */
function merged(line: (Run | 'break' | { image: string; alt: string })[]): (Run | 'break' | { image: string; alt: string })[] {
  const out: (Run | 'break' | { image: string; alt: string })[] = [];
  for (const part of line) {
    const last = out.at(-1);
    if (typeof part === 'object' && 'text' in part && last && typeof last === 'object' && 'text' in last && last.link === part.link && sameMarks(last.marks, part.marks)) {
      last.text = (last.text + part.text).replace(/ {2,}/g, ' ');
    } else out.push(typeof part === 'object' ? { ...part } : part);
  }
  return out;
}

const sameMarks = (a: ReadonlySet<Mark>, b: ReadonlySet<Mark>): boolean => a.size === b.size && [...a].every((mark) => b.has(mark));

function dressed(text: string, { marks, link }: Run): string {
  let html = escaped(text);
  for (const mark of MARKS) if (marks.has(mark)) html = `<${mark}>${html}</${mark}>`;
  return link ? `<a href="${escaped(link)}">${html}</a>` : html;
}

export const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** Plain text as paragraphs: an empty line parts them, a line break stays one. */
export function textToHtml(text: string): string {
  return text.replace(/\r\n?/g, '\n').split(/\n/).map((line) => `<p>${escaped(line)}</p>`).join('');
}
