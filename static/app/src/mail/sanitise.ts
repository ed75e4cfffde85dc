// Mail HTML becomes nodes, never a string again. The server has sanitised it already; this is the second lock, and
// the frame's own policy is the third. Nothing here may load anything from outside our own origin.
import DOMPurify, { type Config } from 'dompurify';
import type { Body } from '../api/types';
import { renameAttribute } from './renameAttribute';

const CONFIG: Config = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: [
    'style', 'form', 'input', 'button', 'select', 'option', 'optgroup', 'textarea', 'label', 'fieldset', 'legend', 'datalist',
    'output', 'meter', 'progress', 'video', 'audio', 'source', 'track', 'picture', 'map', 'area', 'canvas', 'dialog',
    'details', 'summary', 'template', 'slot', 'marquee', 'base', 'link', 'meta',
  ],
  FORBID_ATTR: ['srcset', 'sizes', 'background', 'poster', 'ping', 'usemap', 'ismap', 'contenteditable', 'popover', 'autofocus', 'tabindex', 'accesskey', 'is'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  SANITIZE_NAMED_PROPS: true,
  ADD_ATTR: ['data-style'],
  ADD_URI_SAFE_ATTR: ['data-style'],
  RETURN_DOM_FRAGMENT: true,
};

/** Prefix that DOMPurify gives to every id and name, so that mail cannot name our own objects. */
export const NAME_PREFIX = 'user-content-';
/** Where a style attribute waits: the page's policy would refuse it as an attribute; the frame sets it by CSSOM. */
export const STYLE_ATTRIBUTE = 'data-style';
/** Where an inline image of the same message waits for its bytes. */
export const INLINE_ATTRIBUTE = 'data-inline';

const INLINE = /^\/api\/v1\/attachments\/[\w-]+\/inline\/?$/;
const PROXIED = /^\/img\/[\w-]+\?/;
const DATA_IMAGE = /^data:image\/(?:png|gif|jpe?g|webp|avif);/i;
const LINK = /^(?:https?:|mailto:|tel:|#)/i;

const purifier = DOMPurify(window);
purifier.addHook('beforeSanitizeAttributes', (node) => {
  // One that the renaming missed in broken markup.
  const style = node.getAttribute?.('style');
  if (!style) return;
  node.removeAttribute('style');
  node.setAttribute(STYLE_ATTRIBUTE, style);
});
purifier.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'IMG') tameImage(node);
  else if (node.tagName === 'A') tameLink(node);
  else for (const name of ['src', 'href', 'action', 'cite', 'longdesc']) node.removeAttribute(name);
});

function tameImage(image: Element): void {
  const source = image.getAttribute('src')?.trim() ?? '';
  image.removeAttribute('src');
  if (INLINE.test(source)) image.setAttribute(INLINE_ATTRIBUTE, source);
  else if (PROXIED.test(source) || DATA_IMAGE.test(source)) image.setAttribute('src', source);
  image.setAttribute('decoding', 'async');
  if (!image.hasAttribute('alt')) image.setAttribute('alt', '');
}

function tameLink(link: Element): void {
  const target = link.getAttribute('href')?.trim() ?? '';
  if (!LINK.test(target)) {
    link.removeAttribute('href');
    return;
  }
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer nofollow ugc');
}

export function sanitise(html: string): DocumentFragment {
  // The typings allow a string for other configurations; input without any node gives null.
  const nodes = purifier.sanitize(renameAttribute(html, 'style', STYLE_ATTRIBUTE), CONFIG) as unknown as DocumentFragment | null;
  return nodes ?? document.createDocumentFragment();
}

const clean = new WeakMap<Body, DocumentFragment>();

/** The nodes of a body, sanitised once: a message that is opened again, or was prefetched, mounts at once. */
export function sanitised(body: Body): DocumentFragment {
  let kept = clean.get(body);
  if (!kept) clean.set(body, (kept = sanitise(body.html)));
  return kept;
}

const FETCHES = /url\(|image-set\(|image\(|src\(|element\(|paint\(|expression|-moz-binding/i;
const SAFE_URL = /^url\(["']?data:image\/(?:png|gif|jpe?g|webp|avif);[^)]*\)$/i;

/** Take out what could load something or leave the mail's own box. Reads the parsed form, so escapes hide nothing. */
export function tameStyle(style: CSSStyleDeclaration): void {
  for (let i = style.length - 1; i >= 0; i--) {
    const name = style[i]!;
    const value = style.getPropertyValue(name);
    const fetches = FETCHES.test(value) && !SAFE_URL.test(value.trim());
    const escapes = name === 'position' && /fixed|sticky/i.test(value);
    // Custom properties are not parsed until they are used, so what they hide cannot be judged.
    if (fetches || escapes || name.startsWith('--') || value.includes('var(')) style.removeProperty(name);
  }
}

/** The same for the mail's own style sheet; keeps plain rules, those nested in them and those under @media. */
export function tameSheet(rules: CSSStyleSheet | CSSMediaRule | CSSStyleRule): void {
  for (let i = rules.cssRules.length - 1; i >= 0; i--) {
    const rule = rules.cssRules[i]!;
    // Rules belong to the frame's realm, so they are told apart by what they have.
    if ('selectorText' in rule && 'style' in rule) {
      tameStyle((rule as CSSStyleRule).style);
      // Older browsers and jsdom know no nested rules.
      if ('cssRules' in rule) tameSheet(rule as CSSStyleRule);
    } else if ('media' in rule && 'cssRules' in rule) tameSheet(rule as CSSMediaRule);
    else rules.deleteRule(i);
  }
}

const COLOURS = /background|color/i;

/** True when the mail sets no colours of its own, so it can be shown on our dark background. */
export function isColourless(fragment: DocumentFragment, css: string): boolean {
  if (COLOURS.test(css)) return false;
  for (const node of fragment.querySelectorAll(`[${STYLE_ATTRIBUTE}], [bgcolor], [color]`)) {
    if (node.hasAttribute('bgcolor') || node.hasAttribute('color')) return false;
    if (COLOURS.test(node.getAttribute(STYLE_ATTRIBUTE) ?? '')) return false;
  }
  return true;
}

const QUOTES = '.gmail_quote, .gmail_quote_container, .yahoo_quoted, .moz-cite-prefix, .protonmail_quote, #user-content-divRplyFwdMsg, #user-content-appendonsend, blockquote';

/** The nodes of the quoted history when it ends the mail; empty when the person wrote between or below the quotes. */
export function trailingQuote(root: ParentNode): Element[] {
  const start = root.querySelector(QUOTES);
  if (!start) return [];
  const before = textBefore(root, start);
  if (!before.trim()) return []; // a bare forward: without the quote nothing would be left
  const nodes: Element[] = [start];
  for (let node: Node = start; node.parentNode && node !== root; node = node.parentNode) {
    for (let next = node.nextSibling; next; next = next.nextSibling) {
      const quoted = next.nodeType === Node.ELEMENT_NODE && ((next as Element).matches(QUOTES) || (next as Element).querySelector(QUOTES));
      if (quoted) nodes.push(next as Element);
      else if (next.textContent?.trim() && !isOutlookHistory(start)) return [];
      else if (next.nodeType === Node.ELEMENT_NODE && isOutlookHistory(start)) nodes.push(next as Element);
    }
  }
  return nodes;
}

/** Outlook marks where the history starts, not where it ends: everything after belongs to it. */
const isOutlookHistory = (start: Element): boolean => /divRplyFwdMsg|appendonsend/.test(start.id);

function textBefore(root: ParentNode, stop: Element): string {
  const range = stop.ownerDocument.createRange();
  range.setStart(root as unknown as Node, 0);
  range.setEndBefore(stop);
  return range.toString();
}
