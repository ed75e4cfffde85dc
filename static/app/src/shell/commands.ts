// Commands by name: features offer what they can do while they are on screen, keys and palette run it.
import { useEffect, useRef } from 'react';
import { createKeybindingsHandler } from 'tinykeys';
import { Emitter } from '../store/emitter';
import { KEYMAP, worksInFields, type CommandId } from './keymap';
import { singleKeys } from './preferences';
import { keepTyping } from './typeahead';

const offers = new Map<CommandId, (() => void)[]>();
const changed = new Emitter();
export const onCommands = (listener: () => void): (() => void) => changed.on(listener);

/** Offer a command until the returned function is called. The latest offer wins. */
export function offer(id: CommandId, handler: () => void): () => void {
  const stack = offers.get(id) ?? [];
  stack.push(handler);
  offers.set(id, stack);
  changed.emit();
  return () => {
    stack.splice(stack.indexOf(handler), 1);
    changed.emit();
  };
}

export const isOffered = (id: CommandId): boolean => (offers.get(id)?.length ?? 0) > 0;

export const offeredCommands = (): CommandId[] => [...offers].filter(([, stack]) => stack.length > 0).map(([id]) => id);

/** False when nothing on screen offers the command. */
export function run(id: CommandId): boolean {
  const latest = offers.get(id)?.at(-1);
  latest?.();
  return latest !== undefined;
}

export function useCommand(id: CommandId, handler: () => void, enabled = true): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => (enabled ? offer(id, () => latest.current()) : undefined), [id, enabled]);
}

const TYPING = 'input:not([type="checkbox"]), textarea, select, [contenteditable]:not([contenteditable="false"]), [role="menu"], [role="listbox"], [role="combobox"]';
const OVERLAY = '[role="dialog"], [role="alertdialog"], [role="menu"], dialog[open]';
const ACTIVATES = 'a[href], button, summary, [role="button"], [role="tab"]';

/** True when a key press belongs to what has the focus and not to us. */
export function isTaken(event: KeyboardEvent, id: CommandId): boolean {
  if (event.defaultPrevented || event.isComposing) return true;
  if (worksInFields(id)) return false;
  if (!singleKeys() && id !== 'app.close') return true;
  // Nodes of a mail frame belong to another realm, so instanceof would say no.
  const target = event.target as Element | null;
  const matching = (selector: string): boolean => typeof target?.closest === 'function' && target.closest(selector) !== null;
  if (matching(TYPING) || document.querySelector(OVERLAY)) return true;
  return event.key === 'Enter' && matching(ACTIVATES);
}

/** What opens a field that is not there at once; the composer has one of its own from the start (compose/early). */
const OPENS_FIELD: ReadonlySet<CommandId> = new Set(['app.palette', 'app.assistant', 'mail.move', 'mail.label']);

/** Run by a key, after which the person may type on at once. */
function runFromKey(id: CommandId): boolean {
  const giveUp = OPENS_FIELD.has(id) && !document.querySelector(OVERLAY) ? keepTyping() : undefined;
  const ran = run(id);
  if (!ran) giveUp?.();
  return ran;
}

export function keyHandler(): (event: KeyboardEvent) => void {
  const all = (Object.entries(KEYMAP) as [CommandId, readonly string[]][]).flatMap(([id, keys]) => keys.map((key) => [key, id] as const));
  const isSequence = (key: string): boolean => key.includes(' ');
  // Sequences are heard first and take the press with them: the s of "g s" must not star.
  const ordered = [...all.filter(([key]) => isSequence(key)), ...all.filter(([key]) => !isSequence(key))];
  // One key may mean several things on different pages: what is offered decides.
  const meanings = new Map<string, CommandId[]>();
  for (const [key, id] of ordered) meanings.set(key, [...(meanings.get(key) ?? []), id]);
  const bindings: Record<string, (event: KeyboardEvent) => void> = {};
  for (const [key, ids] of meanings) {
    bindings[key] = (event) => {
      const free = ids.filter((id) => !isTaken(event, id));
      if (free.some((id) => runFromKey(id)) || (free.length > 0 && isSequence(key))) event.preventDefault();
    };
  }
  return createKeybindingsHandler(bindings);
}

/** A key pressed inside a mail frame, repeated in the page: events of another realm are none to the key library. */
export function forwardKey(event: KeyboardEvent): void {
  const target = event.target as Element | null;
  if (event.key === 'Enter' && target?.closest?.(ACTIVATES)) return;
  const { key, code, ctrlKey, altKey, shiftKey, metaKey, repeat, isComposing } = event;
  const copy = new KeyboardEvent('keydown', { key, code, ctrlKey, altKey, shiftKey, metaKey, repeat, isComposing, cancelable: true });
  if (!dispatchEvent(copy)) event.preventDefault();
}
