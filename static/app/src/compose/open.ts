// Which composers are open. Key map, buttons and links open one here; the shell's small host shows them, and the
// composer itself is loaded beside it. Knows neither the editor nor the server.
import { flushSync } from 'react-dom';
import type { Id } from '../api/types';
import { Emitter } from '../store/emitter';

export type ComposeMode = 'new' | 'reply' | 'reply_all' | 'forward';

export interface ComposeRequest {
  mode: ComposeMode;
  /** The message that is answered or forwarded. */
  messageId?: Id;
  /** A draft that was begun before. */
  draftId?: Id;
  /** Recipients as a header writes them: `Anna <anna@example.org>, luca@example.org`. */
  to?: string;
  cc?: string;
  bcc?: string;
  subject?: string;
  /** Plain text. */
  body?: string;
}

/** Inline: below the conversation it answers, while that one is on screen. */
export type Place = 'inline' | 'window' | 'full' | 'minimised';

export interface OpenComposer {
  /** The same as long as it is open, whichever draft it holds. */
  key: string;
  /** Id of the draft, made here, so that it can be begun without the server. */
  id: Id;
  request: ComposeRequest;
  place: Place;
  /** Counts the calls that asked for it: a new one brings the focus back. */
  asked: number;
}

/** More than these are not read by anybody; a fourth puts the oldest one away, saved. */
export const MOST = 3;

/** Where inline composers go: the conversations on screen, each with the ids of its messages. */
const slots = new Map<HTMLElement, ReadonlySet<Id>>();
/** What had the focus when a composer was opened. */
const cameFrom = new Map<string, Element>();

let open: readonly OpenComposer[] = [];
const changed = new Emitter();

export const onComposers = (listener: () => void): (() => void) => changed.on(listener);
export const composers = (): readonly OpenComposer[] => open;

function set(next: readonly OpenComposer[]): void {
  open = next;
  // Shown before this task ends: the next key press of the person already belongs to the composer.
  flushSync(() => changed.emit());
}

/** Open a composer, or bring forward the one that already stands for the same draft or answer. Takes the focus at once. */
export function openComposer(request: ComposeRequest): Id {
  const same = open.find(({ id, request: other }) =>
    request.draftId ? id === request.draftId || other.draftId === request.draftId : request.messageId !== undefined && other.messageId === request.messageId && other.mode === request.mode);
  if (same) {
    showComposer(same.id);
    return same.id;
  }
  const id = request.draftId ?? crypto.randomUUID();
  const key = crypto.randomUUID();
  const room = open.length < MOST ? open : open.toSorted(leastWanted).slice(1).toSorted((a, b) => open.indexOf(a) - open.indexOf(b));
  if (document.activeElement) cameFrom.set(key, document.activeElement);
  const place = request.messageId !== undefined && slotOf(request.messageId) ? 'inline' : 'window';
  set(fitted([...room.map(stepBack), { key, id, request, place, asked: 1 }]));
  return id;
}

/** Width of a docked window with the space beside it, and of what must stay visible (pixels). */
const WINDOW = 572;
const PAGE = 232;

export const windowsThatFit = (): number => Math.max(1, Math.floor((innerWidth - PAGE) / WINDOW));

/** The oldest windows become small when there is no room for all. */
function fitted(items: readonly OpenComposer[]): readonly OpenComposer[] {
  let over = items.filter(({ place }) => place === 'window').length - windowsThatFit();
  return items.map((item) => (item.place === 'window' && over-- > 0 ? { ...item, place: 'minimised' } : item));
}

const leastWanted = (a: OpenComposer, b: OpenComposer): number =>
  Number(b.place === 'minimised') - Number(a.place === 'minimised') || open.indexOf(a) - open.indexOf(b);

const stepBack = (item: OpenComposer): OpenComposer => (item.place === 'full' ? { ...item, place: 'window' } : item);

/** Offer a place for inline composers that answer these messages, until the returned function is called. */
export function offerSlot(node: HTMLElement, messages: ReadonlySet<Id>): () => void {
  slots.set(node, messages);
  changed.emit();
  return () => {
    slots.delete(node);
    changed.emit();
  };
}

export function slotOf(message: Id): HTMLElement | undefined {
  return [...slots].find(([, messages]) => messages.has(message))?.[0];
}

/** Show it in full size and give it the focus. */
export function showComposer(id: Id): void {
  set(open.map((item) => (item.id === id ? { ...item, place: item.place === 'minimised' ? 'window' : settled(item), asked: item.asked + 1 } : item)));
}

/** An inline one whose conversation is not on screen stands in a window instead. */
const settled = ({ place, request }: OpenComposer): Place =>
  (place === 'inline' && !(request.messageId && slotOf(request.messageId)) ? 'window' : place);

export function placeComposer(id: Id, place: Place): void {
  set(open.map((item) => (item.id === id ? { ...item, place } : item)));
}

/** The draft goes on under another id. */
export function rebindComposer(id: Id, to: Id): void {
  set(open.map((item) => (item.id === id ? { ...item, id: to } : item)));
}

const closers = new Map<Id, () => void>();

/** What closing this composer takes (saving first), until the returned function is called. */
export function onCloseAsked(id: Id, run: () => void): () => void {
  closers.set(id, run);
  return () => {
    if (closers.get(id) === run) closers.delete(id);
  };
}

export function askToClose(id: Id): void {
  const run = closers.get(id);
  if (run) run();
  else closeComposer(id);
}

/** Take it off the screen; what was written is the draft's business. The focus goes back to where it came from. */
export function closeComposer(id: Id): void {
  const closing = open.find((item) => item.id === id);
  if (!closing) return;
  const origin = cameFrom.get(closing.key);
  cameFrom.delete(closing.key);
  set(open.filter((item) => item !== closing));
  if (document.activeElement && document.activeElement !== document.body) return;
  const target = origin instanceof HTMLElement && origin.isConnected && origin !== document.body ? origin : document.getElementById('main');
  target?.focus({ preventScroll: true });
}

/** Drafts that are on their way out: their copies in the mailbox are shown no more. */
const leaving = new Set<Id>();

/** Say that a draft is on its way out, or that it is not any more. */
export function markLeaving(id: Id, on: boolean): void {
  if (leaving.has(id) === on) return;
  if (on) leaving.add(id);
  else leaving.delete(id);
  changed.emit();
}

/** True while a draft is written here or on its way out: its message in the mailbox would only repeat it. */
export const isBeingWritten = (draft: Id): boolean => leaving.has(draft) || open.some(({ id }) => id === draft);

/** Nothing of one person stays for the next. */
export function closeAllComposers(): void {
  if (open.length > 0) set([]);
}
