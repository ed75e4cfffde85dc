// Whether the assistant reads an account: asked once, and again when that was changed here. Nothing of it is kept.
import { useSyncExternalStore } from 'react';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { Emitter } from '../store/emitter';
import { marks } from './marks';

interface State { enabled: boolean; configured: boolean }
interface Consents { items: { account_id: Id; reading: boolean }[] }

const changed = new Emitter();
let read: ReadonlySet<Id> = new Set();
let asked = false;

async function ask(): Promise<void> {
  asked = true;
  try {
    const [state, { items }] = await Promise.all([request<State>('assistant'), request<Consents>('assistant/accounts')]);
    read = new Set(state.enabled && state.configured ? items.filter(({ reading }) => reading).map(({ account_id: id }) => id) : []);
  } catch {
    asked = false; // asked again by the next conversation that is opened
  }
  changed.emit();
}

/** Consent or a switch was changed here: what was known of it is not so any more. */
export function askAgain(): void {
  marks.forget();
  void ask();
}

/** True while agents may read this account, a model is set up and the company lets it work. */
export function useReads(account: Id | undefined): boolean {
  return useSyncExternalStore(
    (listener) => {
      if (!asked) void ask();
      return changed.on(listener);
    },
    () => account !== undefined && read.has(account),
  );
}
