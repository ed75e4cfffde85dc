// Which conversations of the list on screen are chosen. One selection at a time; it ends with the action on it, and
// when another list comes on screen.
import { useSyncExternalStore } from 'react';
import type { Id } from '../../api/types';
import { Emitter } from '../../store/emitter';

const changed = new Emitter();
let source = '';
let chosen: ReadonlySet<Id> = new Set();
let everything = false;
let anchor: Id | null = null;

function set(next: ReadonlySet<Id>, all = false): void {
  chosen = next;
  everything = all;
  if (next.size === 0) anchor = null;
  changed.emit();
}

export const selection = {
  /** A list comes on screen: what was chosen elsewhere is not chosen any more. */
  enter(list: string): void {
    if (list === source) return;
    source = list;
    if (chosen.size > 0) set(new Set());
  },
  ids: (): ReadonlySet<Id> => chosen,
  /** True when the person means also what was never paged in. */
  isEverything: (): boolean => everything,
  has: (id: Id): boolean => chosen.has(id),
  toggle(id: Id): void {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    anchor = id;
    set(next);
    if (next.size > 0) anchor = id;
  },
  /** From the row that was chosen last to this one; `between` gives the rows in their order, both ends included. */
  extendTo(id: Id, between: (from: Id, to: Id) => Id[]): void {
    const from = anchor;
    set(new Set([...chosen, ...(from ? between(from, id) : [id])]));
    anchor = from ?? id;
  },
  choose(ids: Iterable<Id>): void {
    set(new Set(ids));
  },
  chooseEverything(): void {
    set(chosen, true);
  },
  clear(): void {
    if (chosen.size > 0) set(new Set());
  },
  /** These rows are not in the list any more. */
  forget(gone: (id: Id) => boolean): void {
    const kept = [...chosen].filter((id) => !gone(id));
    if (kept.length < chosen.size) set(new Set(kept), everything && kept.length > 0);
  },
};

const subscribe = (listener: () => void): (() => void) => changed.on(listener);

export const useSelected = (id: Id): boolean => useSyncExternalStore(subscribe, () => chosen.has(id));
export const useSelecting = (): boolean => useSyncExternalStore(subscribe, () => chosen.size > 0);
export const useSelectedCount = (): number => useSyncExternalStore(subscribe, () => chosen.size);
export const useEverything = (): boolean => useSyncExternalStore(subscribe, () => everything);
