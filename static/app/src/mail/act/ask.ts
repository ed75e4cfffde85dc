// Questions that an action has before it can be done: which mailbox, which label, until when, really. Asked from
// anywhere, answered in the one place that shows them.
import { useSyncExternalStore } from 'react';
import type { Id, Mailbox } from '../../api/types';
import { Emitter } from '../../store/emitter';

export type Question =
  | { kind: 'move'; account: Id | null; from: Id | null; count: number; answer(mailbox: Mailbox): void }
  /** Labels by name; where the provider's mailboxes are the labels, `boxes` are those there are. */
  | { kind: 'label'; held: string[]; boxes: Mailbox[] | null; count: number; answer(label: string, on: boolean): void }
  | { kind: 'snooze'; count: number; answer(until: string): void }
  | { kind: 'sure'; title: string; body: string; yes: string; danger: boolean; answer(): void }
  | { kind: 'name'; title: string; label: string; value: string; yes: string; answer(name: string): Promise<string | null> };

const changed = new Emitter();
let asked: Question | null = null;

export function ask(question: Question | null): void {
  asked = question;
  changed.emit();
}

export const useQuestion = (): Question | null => useSyncExternalStore((listener) => changed.on(listener), () => asked);
