import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { INLINE_ATTRIBUTE, STYLE_ATTRIBUTE, isColourless, sanitise, tameSheet, tameStyle, trailingQuote } from './sanitise';

function markup(fragment: DocumentFragment): string {
  const box = document.createElement('div');
  box.append(fragment.cloneNode(true));
  return box.innerHTML;
}
const clean = (html: string): string => markup(sanitise(html));

const corpus = (path: string): string => readFileSync(resolve(process.cwd(), '../../tests/corpora/html', path), 'utf8');

/** Everything in a tree that could run, load or leave the frame. */
function dangers(fragment: DocumentFragment): string[] {
  const found: string[] = [];
  for (const node of fragment.querySelectorAll('*')) {
    if (/^(script|style|iframe|object|embed|svg|math|form|input|button|link|meta|base|video|audio|source|template|frame|frameset|noscript)$/i.test(node.localName)) found.push(node.localName);
    for (const { name, value } of node.attributes) {
      if (name.startsWith('on') || ['style', 'srcset', 'background', 'poster', 'ping', 'formaction', 'srcdoc'].includes(name)) found.push(`${node.localName} ${name}`);
      if (name === 'href' && !/^(https?:|mailto:|tel:|#)/i.test(value.trim())) found.push(`href ${value}`);
      if (name === 'src' && !/^(data:image\/(png|gif|jpe?g|webp|avif);|\/img\/)/i.test(value)) found.push(`src ${value}`);
      if ((name === 'id' || name === 'name') && !value.startsWith('user-content-')) found.push(`${name} ${value}`);
    }
  }
  return found;
}

describe('sanitised mail', () => {
  it('keeps what mail is made of', () => {
    const html = '<table width="600" bgcolor="#ffffff" cellpadding="4" align="center"><tbody><tr><td valign="top"><font color="red" size="2">a</font><b>b</b></td></tr></tbody></table>';
    expect(clean(html)).toBe(html);
  });

  it('parks style attributes where the page policy does not see them', () => {
    expect(clean('<p style="color: red">a</p>')).toBe(`<p ${STYLE_ATTRIBUTE}="color: red">a</p>`);
  });

  it('opens links in a new window that knows nothing of us', () => {
    expect(clean('<a href="https://example.org">x</a>')).toBe('<a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow ugc">x</a>');
  });

  it.each(['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\tscript:alert(1)', 'vbscript:x', 'data:text/html,x', 'ftp://x', '/api/v1/auth/logout', 'relative', 'file:///etc'])(
    'drops the link target %s',
    (href) => expect(sanitise(`<a href="${href}">x</a>`).querySelector('a')!.hasAttribute('href')).toBe(false),
  );

  it('loads no image from outside', () => {
    expect(sanitise('<img src="https://tracker.example/x.gif">').querySelector('img')!.hasAttribute('src')).toBe(false);
    expect(sanitise('<img src="//tracker.example/x.gif">').querySelector('img')!.hasAttribute('src')).toBe(false);
    expect(sanitise('<img src="/static/x.png">').querySelector('img')!.hasAttribute('src')).toBe(false);
    expect(sanitise('<img srcset="https://tracker.example/x.gif 2x">').querySelector('img')!.hasAttribute('srcset')).toBe(false);
    expect(sanitise('<img src="data:image/svg+xml;base64,AAAA">').querySelector('img')!.hasAttribute('src')).toBe(false);
  });

  it('loads images through the proxy, and its own inline ones by hand', () => {
    expect(sanitise('<img src="/img/abc-1?u=https%3A%2F%2Fx">').querySelector('img')!.getAttribute('src')).toContain('/img/abc-1');
    const inline = sanitise('<img src="/api/v1/attachments/0a-1/inline">').querySelector('img')!;
    expect(inline.hasAttribute('src')).toBe(false);
    expect(inline.getAttribute(INLINE_ATTRIBUTE)).toBe('/api/v1/attachments/0a-1/inline');
  });

  it.each([
    ['dompurify', (JSON.parse(corpus('dompurify/expect.json')) as { payload: string }[]).map(({ payload }) => payload)],
    ['h5sc', corpus('h5sc/vectors.txt').split('\n')],
    ['payloadbox', corpus('payloadbox/xss-payload-list.txt').split('\n').filter((_line, n) => n % 12 === 0)],
    ['polyglots', corpus('payloads/XSS_Injection/Intruders/XSS_Polyglots.txt').split('\n')],
    ['event handlers', corpus('payloads/XSS_Injection/Intruders/0xcela_event_handlers.txt').split('\n')],
    ['rsnake', corpus('payloads/XSS_Injection/Intruders/RSNAKE_XSS.txt').split('\n')],
  ])('leaves nothing dangerous of the %s corpus', (_, payloads) => {
    expect(payloads.length).toBeGreaterThan(5);
    expect(payloads.filter((payload) => dangers(sanitise(payload)).length > 0)).toEqual([]);
  }, 60_000);
});

describe('tamed styles', () => {
  const tamed = (css: string): string => {
    const node = document.createElement('p');
    node.style.cssText = css;
    tameStyle(node.style);
    return node.style.cssText;
  };

  it('keeps looks', () => expect(tamed('color: red; padding: 4px; position: relative')).toBe('color: red; padding: 4px; position: relative;'));
  it.each(['background-image: url(https://x.example/a.gif)', 'list-style-image: url("https://x.example/a")', 'position: fixed', 'position: sticky', '--x: url(https://x.example)', 'color: var(--x)'])(
    'drops %s',
    (css) => expect(tamed(css)).toBe(''),
  );
});

describe('a tamed sheet', () => {
  const styled = (css: string): CSSStyleDeclaration => {
    const node = document.createElement('p');
    node.style.cssText = css;
    return node.style;
  };

  /** A rule as browsers give it: jsdom reads no nested ones. */
  const rule = (css: string, ...cssRules: object[]): { style: CSSStyleDeclaration } => ({ selectorText: 'p', style: styled(css), cssRules } as never);

  it('reaches rules nested in others', () => {
    const deepest = rule('list-style-image: url("https://x.example/a"); color: blue');
    const outer = rule('color: red', rule('position: fixed', deepest));
    tameSheet({ cssRules: [outer] } as never);
    expect(outer.style.cssText).toBe('color: red;');
    expect(deepest.style.cssText).toBe('color: blue;');
  });
});

describe('dark mode', () => {
  const colourless = (html: string, css = ''): boolean => isColourless(sanitise(html), css);
  it('adapts mail that sets no colours', () => expect(colourless('<p style="margin:0">a</p>')).toBe(true));
  it.each(['<p style="color:#000">a</p>', '<table bgcolor="#fff"></table>', '<font color="red">a</font>', '<p style="background:#fff">a</p>'])(
    'leaves %s on paper',
    (html) => expect(colourless(html)).toBe(false),
  );
  it('leaves mail with a coloured sheet on paper', () => expect(colourless('<p>a</p>', 'p { color: red }')).toBe(false));
});

describe('the quoted history', () => {
  const quoted = (html: string): number => trailingQuote(sanitise(html)).length;
  it('is found at the end', () => expect(quoted('<p>Thanks!</p><div class="gmail_quote">On Monday…<blockquote>old</blockquote></div>')).toBe(1));
  it('is found after a citation line', () => expect(quoted('<p>Thanks!</p><div class="moz-cite-prefix">On Monday…</div><blockquote>old</blockquote>')).toBe(2));
  it('is everything below Outlook’s mark', () => expect(quoted('<p>Yes</p><div id="divRplyFwdMsg">From: A</div><div>old</div><p>older</p>')).toBe(3));
  it('is left open when the person answered inside it', () => expect(quoted('<p>See below</p><blockquote>old</blockquote><p>my answer</p>')).toBe(0));
  it('is left open when it is all there is', () => expect(quoted('<blockquote>forwarded</blockquote>')).toBe(0));
});
