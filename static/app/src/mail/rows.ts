// The rows of a list on screen: of one mailbox, or of several merged by date.
import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import { useList, useMirror } from '../store/hooks';
import type { Load } from '../store/mirror';
import { above, SparseList, type Entry } from '../store/sparse';
import type { ListKey } from '../store/tables';
import type { Order } from './act/place';

export interface ListRows {
  list: SparseList;
  /** Another value whenever the list has changed. */
  version: number | string;
  load: Load;
  /** The rows [first, last] are on screen or about to be. */
  look: (first: number, last: number) => void;
}

export function useMailboxRows(key: ListKey): ListRows {
  const mirror = useMirror();
  const { list, version, load } = useList(key);
  const look = useCallback((first: number, last: number) => mirror.look(key, first, last), [mirror, key]);
  useEffect(() => () => mirror.unlook(key), [mirror, key]);
  return { list, version, load, look };
}

/**
 * The lists of `keys` as one. What stands at a place is certain as far down as every one of them is known; of no lists
 * nothing is known until the mailboxes are.
 */
export function useMergedRows(keys: readonly ListKey[]): ListRows {
  const mirror = useMirror();
  const joined = keys.join(' ');
  const each = useMemo(() => joined.split(' ').filter(Boolean), [joined]);
  const subscribe = useCallback((listener: () => void) => {
    const ends = each.flatMap((key) => [mirror.subscribe(`list:${key}`, listener), mirror.subscribe(`load:list:${key}`, listener)]);
    return () => ends.forEach((end) => end());
  }, [mirror, each]);
  const version = useSyncExternalStore(subscribe, () => each.map((key) => mirror.view.list(key).version).join(' '));
  const load = useSyncExternalStore(subscribe, () => each.map((key) => mirror.load(`list:${key}`)).find((state) => state !== 'idle') ?? 'idle');
  const { ready } = mirror;
  const list = useMemo(() => (ready ? merged(each.map((key) => mirror.view.list(key)), version) : new SparseList()), [mirror, ready, each, version]);
  const look = useCallback((_first: number, last: number) => {
    for (const key of each) mirror.look(key, 0, last);
  }, [mirror, each]);
  useEffect(() => () => each.forEach((key) => mirror.unlook(key)), [mirror, each]);
  return { list, version, load, look };
}

export function merged(lists: readonly SparseList[], _version?: string): SparseList {
  const all = new SparseList();
  if (lists.some(({ known }) => !known)) return all;
  const tops = lists.map((list) => top(list));
  // Below the oldest known row of a list that goes on, its own unknown rows may come first.
  const certain = Math.max(-Infinity, ...lists.flatMap((list, i) => (tops[i]!.length < list.total ? [tops[i]!.at(-1)?.at ?? Infinity] : [])));
  const entries = tops.flat().filter(({ at }) => at >= certain).toSorted((a, b) => (above(a, b) ? -1 : 1));
  all.place(0, entries, lists.reduce((sum, { total }) => sum + total, 0));
  return all;
}

/** Known rows from the first on, without a hole. */
function top(list: SparseList): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < list.total; at++) {
    const entry = list.at(at);
    if (!entry) break;
    entries.push(entry);
  }
  return entries;
}

export function orderOf(list: SparseList): Order {
  return {
    total: list.total,
    at: (index) => list.at(index)?.id,
    indexOf: (id) => list.indexOf(id),
    known: () => list.slice(0, list.total).map(({ id }) => id),
  };
}
