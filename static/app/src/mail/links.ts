// Following a link of a mail: plainly when the text is honest, after a question when it shows another host.
import { mailtoRequest } from '../compose/mailto';
import { openComposer } from '../compose/open';

/** The host a link's text shows, or null when the text does not look like an address. */
export function shownHost(text: string): string | null {
  const match = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?:[/:?#]\S*)?\s*$/u.exec(text);
  return match ? hostOf(`https://${match[1]!}`) : null;
}

/** Lower-case ASCII host (punycode for other scripts), without www. */
export function hostOf(href: string): string | null {
  try {
    return new URL(href).hostname.replace(/^www\./, '');
  } catch {
    return null;
  }
}

/** True when the text names one host and the link goes to another that does not belong to it. */
export function isMisleading(href: string, text: string): boolean {
  const shown = shownHost(text);
  const real = hostOf(href);
  return shown !== null && real !== null && real !== shown && !real.endsWith(`.${shown}`);
}

export function openLink(href: string, text: string, confirm: (href: string, shown: string) => void): void {
  if (/^mailto:/i.test(href)) {
    openComposer(mailtoRequest(href));
    return;
  }
  if (/^tel:/i.test(href)) {
    location.href = href; // handed to the system; the page stays
    return;
  }
  if (!/^https?:/i.test(href)) return;
  if (isMisleading(href, text)) confirm(href, text.trim());
  else visit(href);
}

export function visit(href: string): void {
  window.open(href, '_blank', 'noopener,noreferrer');
}
