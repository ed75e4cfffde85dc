// What an answer needs from the server, brought in as far as the person has not decided otherwise meanwhile.
import { useEffect, type RefObject } from 'react';
import { Problem, Unreachable } from '../api/request';
import { calls } from './calls';
import { setSignature } from './editor';
import type { OpenComposer } from './open';
import type { Studio } from './studio';
import type { TextHandle } from './TextEditor';
import type { DraftFields } from './types';

export function useCompletion({ id, request }: OpenComposer, studio: Studio, text: RefObject<TextHandle | null>): void {
  const { desk } = studio;
  const { messageId, mode } = request;
  useEffect(() => {
    const begun = desk.draft(id);
    if (!messageId || mode === 'new' || !begun || begun.rev > 0) return;
    let left = false;
    calls.prefill(messageId, mode).then((prefill) => {
      const now = desk.draft(id);
      if (left || !now || now.rev > 0) return;
      const change: Partial<DraftFields> = { identity_id: prefill.identity_id, account_id: prefill.account_id };
      for (const name of ['to', 'cc', 'subject'] as const) {
        if (now.fields[name] === begun.fields[name]) Object.assign(change, { [name]: prefill[name] });
      }
      desk.complete(id, change, { quote: prefill.quote, ...(now.filesKnown ? {} : { attachments: prefill.attachments, filesKnown: true }) });
    }).catch((error: unknown) => {
      // Offline it goes on with what this device knows; the server adds the quote when the draft reaches it.
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
    });
    return () => {
      left = true;
    };
  }, [desk, id, messageId, mode]);

  // Identities may come after the draft was begun: the account's own then, with its signature.
  useEffect(() => {
    const complete = (): void => {
      const now = desk.draft(id);
      if (!now || now.fields.identity_id || now.rev > 0) return;
      const own = studio.identities.filter(({ account_id: account }) => account === now.fields.account_id);
      const identity = own.find(({ is_default: main }) => main) ?? own[0];
      if (!identity) return;
      desk.complete(id, { identity_id: identity.id });
      if (text.current) setSignature(text.current.editor, identity.signature_html, true);
    };
    complete();
    return studio.on(complete);
  }, [desk, studio, id, text]);
}
