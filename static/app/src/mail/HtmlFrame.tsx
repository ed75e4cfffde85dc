// Mail HTML in a sandboxed frame without scripts. The parent mounts sanitised nodes, measures, hears keys and clicks.
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Body } from '../api/types';
import { authorised } from '../auth/session';
import { forwardKey } from '../shell/commands';
import { Button } from '../ui/Button';
import { isDark } from '../shell/preferences';
import { usePreference } from '../shell/usePreference';
import { FRAME_STYLE, frameTokens } from './frameStyle';
import { openLink } from './links';
import css from './reader.module.css';
import { INLINE_ATTRIBUTE, NAME_PREFIX, STYLE_ATTRIBUTE, isColourless, sanitised, tameSheet, tameStyle, trailingQuote } from './sanitise';

// Scripts, forms, modals, downloads and top navigation stay forbidden; same origin is what lets us mount and measure.
const SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';
const SHELL =
  '<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src \'self\' data: blob:; style-src \'none\'; base-uri \'none\'">' +
  '<meta name="referrer" content="no-referrer">';
/** Wide layouts are scaled down to fit, but not below what can be read. */
const SMALLEST = 0.45;

interface HtmlFrameProps {
  body: Body;
  adapt: boolean;
  /** It is the quote below an answer: shown whole, and keys pressed in it are nobody's. */
  quoted?: boolean;
  onConfirmLink: (link: { href: string; shown: string }) => void;
}

export function HtmlFrame({ body, adapt, quoted = false, onConfirmLink }: HtmlFrameProps) {
  const { t } = useTranslation();
  const frame = useRef<HTMLIFrameElement>(null);
  const [quotes, setQuotes] = useState<Element[]>([]);
  const [unfolded, unfold] = useState(false);
  const dark = usePreference(isDark) && adapt;
  const confirmLink = useRef(onConfirmLink);
  useEffect(() => {
    confirmLink.current = onConfirmLink;
  }, [onConfirmLink]);

  useEffect(() => {
    const node = frame.current;
    if (!node) return;
    let leave: (() => void) | undefined;
    let filled: Document | null = null;
    // A browser may give the frame another document later: some do once they have loaded the empty one.
    const mount = (): void => {
      if (filled === node.contentDocument) return;
      leave?.();
      filled = node.contentDocument;
      leave = fill(node, body, quoted, (href, shown) => confirmLink.current({ href, shown }), setQuotes);
    };
    mount();
    node.addEventListener('load', mount);
    return () => {
      node.removeEventListener('load', mount);
      leave?.();
    };
  }, [body, quoted]);

  useEffect(() => {
    for (const quote of quotes) quote.toggleAttribute('hidden', !unfolded);
  }, [quotes, unfolded]);

  useEffect(() => {
    const root = frame.current?.contentDocument?.documentElement;
    if (root) root.dataset['look'] = dark ? 'dark' : 'paper';
  }, [dark, quotes]);

  return (
    <div className={css.sheet} data-look={dark ? 'dark' : 'paper'}>
      <iframe ref={frame} className={css.frame} title={t('reader.frame')} sandbox={SANDBOX} referrerPolicy="no-referrer" />
      {quotes.length > 0 && (
        <Button
          className={css.fold ?? ''}
          aria-expanded={unfolded}
          aria-label={unfolded ? t('reader.quoteHide') : t('reader.quoteShow')}
          onClick={() => unfold(!unfolded)}
        >
          …
        </Button>
      )}
    </div>
  );
}

export function useColourless(body: Body): boolean {
  return useMemo(() => body.from_html && isColourless(sanitised(body), body.css), [body]);
}

/** Mount one mail in its frame. Returns how to leave: listeners off, image bytes released. */
function fill(
  frame: HTMLIFrameElement, body: Body, quoted: boolean, confirmLink: (href: string, shown: string) => void, onQuotes: (quotes: Element[]) => void,
): () => void {
  const inside = frame.contentDocument;
  const view = frame.contentWindow as (Window & typeof globalThis) | null;
  if (!inside || !view) return () => undefined;
  furnish(inside);
  const left = new AbortController();
  const root = inside.createElement('div');
  root.className = 'pmsync-mail';
  root.append(inside.importNode(sanitised(body), true));
  inside.body.replaceChildren(root);
  applyStyles(view, inside, root, body.css);
  const quotes = quoted ? [] : trailingQuote(root);
  for (const quote of quotes) quote.toggleAttribute('hidden', true);
  onQuotes(quotes);
  const release = loadInlineImages(root, left.signal);
  const observer = fitFrame(frame, inside, root);
  if (!quoted) view.addEventListener('keydown', forwardKey, { signal: left.signal });
  inside.addEventListener('click', (event) => follow(event, inside, confirmLink), { signal: left.signal });
  return () => {
    left.abort();
    observer.disconnect();
    release();
  };
}

/** Put the document under our policy. Written into the one it begins with: one that is loaded comes two frames later. */
function furnish(inside: Document): void {
  if (inside.doctype) return;
  // Nothing else makes a document one with a doctype, and without it a mail would be laid out as in the nineties.
  inside.open();
  inside.write(SHELL);
  inside.close();
}

/** Inline styles move to CSSOM (a policy without 'unsafe-inline' would drop the attributes) and are tamed there. */
function applyStyles(view: Window & typeof globalThis, inside: Document, root: HTMLElement, sheetText: string): void {
  for (const node of root.querySelectorAll<HTMLElement>(`[${STYLE_ATTRIBUTE}]`)) {
    const text = node.getAttribute(STYLE_ATTRIBUTE) ?? '';
    node.removeAttribute(STYLE_ATTRIBUTE);
    node.style.cssText = text;
    tameStyle(node.style);
  }
  const ours = new view.CSSStyleSheet();
  ours.replaceSync(frameTokens() + FRAME_STYLE);
  const theirs = new view.CSSStyleSheet();
  theirs.replaceSync(sheetText);
  tameSheet(theirs);
  inside.adoptedStyleSheets = [theirs, ours];
}

function fitFrame(frame: HTMLIFrameElement, inside: Document, root: HTMLElement): ResizeObserver {
  let width = 0;
  const fit = (): void => {
    if (inside.documentElement.clientWidth !== width) {
      width = inside.documentElement.clientWidth;
      root.style.zoom = '1';
      const share = width / Math.max(width, root.scrollWidth);
      if (share < 1) root.style.zoom = String(Math.max(SMALLEST, share));
    }
    // The rectangle is in scaled pixels, as the frame's own height is.
    const height = Math.ceil(root.getBoundingClientRect().height);
    if (frame.clientHeight !== height) frame.style.height = `${height}px`;
  };
  const observer = new ResizeObserver(fit);
  observer.observe(root);
  observer.observe(frame);
  fit();
  return observer;
}

function loadInlineImages(root: HTMLElement, signal: AbortSignal): () => void {
  const made: string[] = [];
  for (const image of root.querySelectorAll<HTMLImageElement>(`img[${INLINE_ATTRIBUTE}]`)) {
    void authorised(image.getAttribute(INLINE_ATTRIBUTE)!, { signal })
      .then((answer) => answer.blob())
      .then((blob) => {
        const url = URL.createObjectURL(blob);
        made.push(url);
        image.src = url;
      })
      .catch((error: unknown) => {
        // An image that cannot be had leaves its alternative text; anything else is a fault of ours.
        if (error instanceof TypeError) throw error;
      });
  }
  return () => made.forEach((url) => URL.revokeObjectURL(url));
}

function follow(event: MouseEvent, inside: Document, confirmLink: (href: string, shown: string) => void): void {
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!link) return;
  event.preventDefault();
  const href = link.getAttribute('href')!;
  if (href.startsWith('#')) {
    inside.getElementById(NAME_PREFIX + decodeURIComponent(href.slice(1)))?.scrollIntoView();
    return;
  }
  openLink(href, link.textContent ?? '', confirmLink);
}
