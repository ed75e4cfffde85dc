// The row under the pointer: it alone shows its actions, so that the other rows cost nothing.
import { useSyncExternalStore } from 'react';
import type { Id } from '../../api/types';
import { Emitter } from '../../store/emitter';

const changed = new Emitter();
let hot: Id | null = null;

export function setHot(id: Id | null): void {
  if (id === hot) return;
  hot = id;
  changed.emit();
}

const subscribe = (listener: () => void): (() => void) => changed.on(listener);

export const useHot = (id: Id): boolean => useSyncExternalStore(subscribe, () => hot === id);
