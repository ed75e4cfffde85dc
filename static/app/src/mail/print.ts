// Printing: the server's own page in a new window, never this application. The page runs no script, so its print
// dialog is opened from here.
import type { Id } from '../api/types';
import { request } from '../auth/session';
import type { Mirror } from '../store/mirror';

const PAGE = '/mail/print/';
const LOOK_EVERY = 100;
/** Milliseconds for the page and its images to arrive, then it is left to the person. */
const PATIENCE = 60_000;
/** As many as the server takes. */
const MOST_IMAGES = 100;

/** The browser refused to open a window. */
export class PopupBlocked extends Error {
  override name = 'PopupBlocked';
}

export type Printable = { message: Id } | { thread: Id; messages: Id[] };

/** Open the page and its print dialog, with the images that are shown here. Raises PopupBlocked, and as `request` does. */
export async function print(mirror: Mirror, what: Printable): Promise<void> {
  // At once, while the press of the key or button counts: a window opened after an answer would be blocked.
  const page = window.open('', '_blank');
  if (!page) throw new PopupBlocked();
  page.opener = null;
  try {
    const path = 'message' in what ? `messages/${what.message}/print` : `threads/${what.thread}/print`;
    const ids = 'message' in what ? [what.message] : what.messages;
    const images = ids.filter((id) => mirror.bodies.get(id)?.images).slice(-MOST_IMAGES);
    const { url } = await request<{ url: string }>(path, { method: 'POST', body: { images } });
    page.location.replace(url);
  } catch (error) {
    page.close();
    throw error;
  }
  printWhenLoaded(page, Date.now() + PATIENCE);
}

function printWhenLoaded(page: Window, until: number): void {
  try {
    if (page.closed || Date.now() > until) return;
    if (page.location.pathname.startsWith(PAGE) && page.document.readyState === 'complete') page.print();
    else setTimeout(() => printWhenLoaded(page, until), LOOK_EVERY);
  } catch {
    // The window is the person's: they close it, or go elsewhere with it, at any moment. What it throws then is an error of
    // its own realm, of no kind that is known here, and there is nothing left to print.
  }
}
