// From the person's "send" to the message's leaving: what must be right, what is asked once, what is waited for.
import { useEffect, useRef, useState, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import type { Addr, Id } from '../api/types';
import { remembered } from '../shell/preferences';
import { addressFault, domainOf, formatAddress } from './address';
import type { Question } from './Ask';
import type { LocalDraft } from './draftStore';
import { ownText } from './editor';
import { closeComposer } from './open';
import { FIELDS, type Field } from './Recipients';
import type { Studio } from './studio';
import type { TextHandle } from './TextEditor';
import type { SendOptions } from './types';
import type { Transfer } from './uploads';
import { likelyDomain, promisesAttachment } from './warnings';

export const UNDO_CHOICES = [0, 5, 10, 20, 30] as const;
const CHOICES: ReadonlySet<number> = new Set(UNDO_CHOICES);

/** How long a send can be undone, in seconds: the person's choice, else ten. */
export function undoSeconds(): number {
  const kept = remembered('undo-send');
  return kept !== null && CHOICES.has(Number(kept)) ? Number(kept) : 10;
}

interface Parts {
  id: Id;
  studio: Studio;
  text: RefObject<TextHandle | null>;
  transfers: readonly Transfer[];
  /** Bring everything typed so far into the draft. */
  settle: () => void;
  focusPeople: (field: Field) => void;
}

export interface Sending {
  fault: string | null;
  setFault: (fault: string | null) => void;
  question: Question | null;
  setQuestion: (question: Question | null) => void;
  /** True while files are still on their way. */
  waiting: boolean;
  stopWaiting: () => void;
  send: (options?: SendOptions) => Promise<void>;
  /** Go on with the send that raised the question. */
  goOn: () => Promise<void>;
}

export function useSending({ id, studio, text, transfers, settle, focusPeople }: Parts): Sending {
  const { t } = useTranslation('compose');
  const { desk, uploads, outgoing, people } = studio;
  const [fault, setFault] = useState<string | null>(() => outgoing.problems.get(id)?.message ?? null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [waiting, setWaiting] = useState<SendOptions | null>(null);
  const wanted = useRef<SendOptions>({ undo_seconds: undoSeconds() });
  const asked = useRef(new Set<string>());
  const busy = useRef(false);

  async function send(options: SendOptions = { undo_seconds: undoSeconds() }): Promise<void> {
    if (busy.current) return;
    wanted.current = options;
    settle();
    const now = desk.draft(id);
    if (!now) return;
    setFault(null);
    setQuestion(null);
    const all = FIELDS.flatMap((field) => now.fields[field].map((person) => ({ field, person })));
    const bad = all.find(({ person }) => addressFault(person.address));
    if (all.length === 0 || bad) {
      setFault(bad ? t('badRecipient', { text: formatAddress(bad.person), fault: t(`fault.${addressFault(bad.person.address)!}`) }) : t('noRecipient'));
      return focusPeople(bad?.field ?? 'to');
    }
    busy.current = true;
    const next = await doubt(now, all);
    busy.current = false;
    if (next) return setQuestion(next);
    if (uploads.of(id).some(({ state, problem }) => state === 'failed' && problem)) return setFault(t('filesFailed'));
    if (uploads.of(id).length > 0) return setWaiting(options);
    leave(options);
  }

  function leave(options: SendOptions): void {
    setWaiting(null);
    const draft = desk.draft(id);
    // A picture that was taken out of the text again is no attachment.
    if (draft && draft.fields.mode !== 'forward') {
      for (const file of draft.attachments) if (file.inline && file.content_id && !draft.fields.html.includes(file.content_id)) desk.detach(id, file.id);
    }
    void outgoing.send(id, options);
    closeComposer(id);
  }

  /** The first thing to ask that was not asked before. */
  async function doubt(now: LocalDraft, all: { field: Field; person: Addr }[]): Promise<Question | null> {
    const once = (what: string): boolean => !asked.current.has(what) && asked.current.add(what).size > 0;
    const own = text.current ? ownText(text.current.editor) : '';
    const about = now.fields.mode === 'new' ? now.fields.subject : '';
    if (now.attachments.length + uploads.of(id).length === 0 && promisesAttachment(`${about}\n${own}`) && once('attachment')) return { kind: 'attachment' };
    if (!now.fields.subject.trim() && once('subject')) return { kind: 'subject' };
    const fresh = all.filter(({ person }) => !asked.current.has(person.address.toLowerCase()));
    const known = await people.domains(fresh.map(({ person }) => domainOf(person.address)));
    for (const { field, person } of fresh) {
      const likely = likelyDomain(person.address, known);
      if (likely && once(person.address.toLowerCase())) return { kind: 'domain', person, field, likely };
    }
    return null;
  }

  // Files that were still on their way when the person said "send".
  const arrived = waiting !== null && transfers.length === 0;
  const stuck = waiting !== null && transfers.some(({ state, problem }) => state === 'failed' && problem !== null);
  const latest = useRef({ leave, t });
  useEffect(() => {
    latest.current = { leave, t };
  });
  useEffect(() => {
    if (arrived) latest.current.leave(waiting);
    else if (stuck) {
      setWaiting(null);
      setFault(latest.current.t('filesFailed'));
    }
  }, [arrived, stuck, waiting]);

  return { fault, setFault, question, setQuestion, waiting: waiting !== null, stopWaiting: () => setWaiting(null), send, goOn: () => send(wanted.current) };
}
