// The style sheet of a mail frame: our defaults under the mail's own rules, and the few limits above them.

const SHARED = ['--font', '--read', '--mono', '--paper', '--paper-text', '--text', '--accent', '--line', '--muted', '--s3', '--hairline'];

/** The tokens the frame uses, copied from the page: custom properties do not cross into a frame. */
export function frameTokens(): string {
  const page = getComputedStyle(document.documentElement);
  return `:root{${SHARED.map((name) => `${name}:${page.getPropertyValue(name)}`).join(';')}}`;
}

export const FRAME_STYLE = `
:root { color-scheme: light; }
:root[data-look="dark"] { color-scheme: dark; }
html, body { height: auto !important; min-height: 0 !important; margin: 0 !important; padding: 0 !important; overflow: hidden !important; }
:where(body) { font: var(--read); color: var(--paper-text); background: transparent; }
:root[data-look="dark"] :where(body) { color: var(--text); }
.pmsync-mail { display: flow-root; overflow-x: auto; overflow-wrap: break-word; max-width: 100%; }
:where(.pmsync-mail) :where(a) { color: var(--accent); }
:where(.pmsync-mail) :where(blockquote) { margin: 0 0 0 var(--s3); padding-left: var(--s3); border-left: var(--hairline) solid var(--line); }
:where(.pmsync-mail) :where(pre, code, tt) { font-family: var(--mono); white-space: pre-wrap; }
:where(.pmsync-mail) :where(p) { margin: 0 0 var(--s3); }
.pmsync-mail img { max-width: 100%; }
.pmsync-mail img:not([width]):not([height]) { height: auto; }
[hidden] { display: none !important; }
`;
