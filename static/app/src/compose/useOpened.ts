// The draft of a composer: begun here at once, or fetched from the device and the server.
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { Problem, Unreachable } from '../api/request';
import { useAccounts, useMirror } from '../store/hooks';
import { rebindComposer, type OpenComposer } from './open';
import { beginning } from './prefill';
import type { Studio } from './studio';

export type Opened = { kind: 'loading' } | { kind: 'open' } | { kind: 'gone' } | { kind: 'nowhere' } | { kind: 'failed'; error: unknown; again: () => void };

export function useOpened(item: OpenComposer, studio: Studio): Opened {
  const mirror = useMirror();
  const accounts = useAccounts();
  const [failed, setFailed] = useState<unknown>(null);
  const [gone, setGone] = useState(false);
  const [tries, setTries] = useState(0);
  useSyncExternalStore(useCallback((listener) => studio.desk.listen(listener), [studio]), () => studio.desk.draft(item.id));
  if (!studio.desk.draft(item.id) && !item.request.draftId) {
    const message = item.request.messageId ? mirror.view.message(item.request.messageId) : undefined;
    const account = /^\/mail\/([^/]+)/.exec(location.pathname)?.[1];
    const fields = beginning(item.request, message, { accounts, identities: studio.identities, account: account ? mirror.view.mailbox(account)?.account_id ?? null : null });
    if (fields) studio.desk.begin(item.id, fields);
  }
  const held = studio.desk.draft(item.id);
  const wanted = item.request.draftId;
  useEffect(() => {
    if (!wanted || item.id !== wanted) return;
    let left = false;
    setFailed(null);
    studio.desk.open(wanted).then((draft) => {
      if (left) return;
      if (!draft) setGone(true);
      else if (draft.id !== wanted) rebindComposer(wanted, draft.id);
    }).catch((error: unknown) => {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      if (!left) setFailed(error);
    });
    return () => {
      left = true;
    };
  }, [studio, wanted, item.id, tries]);
  if (held) return { kind: 'open' };
  if (gone) return { kind: 'gone' };
  // Of a page that has just been opened the accounts may come later; keys are caught until then.
  if (!wanted && mirror.ready) return { kind: 'nowhere' };
  if (failed) return { kind: 'failed', error: failed, again: () => setTries(tries + 1) };
  return { kind: 'loading' };
}
