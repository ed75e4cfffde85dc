// The drafts of one person in this tab: kept on the device at once, on the server seconds later, one save at a time
// for each, so that a slow save never lands on a newer one. Knows neither React nor the editor.
import { Problem, Unreachable } from '../api/request';
import type { Attachment, Id } from '../api/types';
import type { Calls, SaveBody } from './calls';
import type { DraftStore, LocalDraft } from './draftStore';
import { isOlder, type Draft, type DraftFields, type SendOptions } from './types';

/** After the last key, and at the latest after the first unsaved one (milliseconds). */
export const SAVE_AFTER = 1_500;
export const SAVE_AT_LATEST = 4_500;
const FIRST_RETRY = 2_000;
const LONGEST_RETRY = 30_000;
/** How long a thrown away draft can come back before the server hears of it. */
export const UNDO_DISCARD = 10_000;
/** Bodies that may outlive the page (browsers allow 64 kB in all). */
const KEEPALIVE = 50_000;

export type SaveStatus =
  | { kind: 'clean' } // nothing was written, or all of it is on the server
  | { kind: 'saved' }
  | { kind: 'unsaved' }
  | { kind: 'saving' }
  | { kind: 'away' } // kept here; the server cannot be reached
  | { kind: 'refused'; problem: Problem };

export type DeskEvent =
  | { kind: 'changed'; id: Id }
  /** Edited elsewhere as well: what was written here goes on under another id, the other version stays. */
  | { kind: 'conflict'; id: Id; copy: Id }
  /** It was changed elsewhere: whoever holds words of it that were not told yet tells them now. */
  | { kind: 'newer'; id: Id }
  /** What was changed elsewhere stands now. */
  | { kind: 'replaced'; id: Id }
  /** A send the server would not take, with the draft open again. */
  | { kind: 'unsendable'; id: Id; problem: Problem }
  | { kind: 'taken'; id: Id; draft: Draft; options: SendOptions }
  | { kind: 'gone'; id: Id };

interface Work {
  local: LocalDraft;
  status: SaveStatus;
  soon: ReturnType<typeof setTimeout> | undefined;
  latest: ReturnType<typeof setTimeout> | undefined;
  running: Promise<void> | null;
  failures: number;
  /** A save whose answer never came: it may have arrived all the same. */
  unanswered: SaveBody | null;
}

export class Desk {
  private readonly works = new Map<Id, Work>();
  private readonly listeners = new Set<(event: DeskEvent) => void>();
  private readonly discards = new Map<Id, ReturnType<typeof setTimeout>>();
  private readonly calls: Calls;
  private readonly store: DraftStore;
  private stopped = false;

  constructor(calls: Calls, store: DraftStore) {
    this.calls = calls;
    this.store = store;
    addEventListener('online', this.hurry);
    addEventListener('pagehide', this.leave);
    document.addEventListener('visibilitychange', this.hidden);
  }

  stop(): void {
    this.stopped = true;
    removeEventListener('online', this.hurry);
    removeEventListener('pagehide', this.leave);
    document.removeEventListener('visibilitychange', this.hidden);
    for (const work of this.works.values()) this.unschedule(work);
    for (const timer of this.discards.values()) clearTimeout(timer);
  }

  listen(listener: (event: DeskEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(event: DeskEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }

  // Reading ---------------------------------------------------------------------------------------------------

  draft(id: Id): LocalDraft | undefined {
    return this.works.get(id)?.local;
  }

  status(id: Id): SaveStatus {
    return this.works.get(id)?.status ?? CLEAN;
  }

  /** Begin a draft. Until the person changes it, it exists in this tab alone. */
  begin(id: Id, fields: DraftFields): LocalDraft {
    const local: LocalDraft = {
      id, fields, attachments: [], filesKnown: fields.mode !== 'forward', quote: null, threadId: null, rev: 0, moves: 0, edited: 0, pushed: 0, changedAt: Date.now(), state: 'editing', sendAt: null,
      error: null, discarded: false, sending: null,
    };
    this.hold(local);
    return local;
  }

  /** The draft as it stands: the device's own when it holds unsaved words, else the server's. Null when there is none. */
  async open(id: Id): Promise<LocalDraft | null> {
    const held = this.works.get(id)?.local;
    const kept = held ?? (await this.store.get(id));
    if (kept) this.hold(kept);
    if (kept && kept.edited > kept.pushed) {
      this.schedule(this.works.get(id)!);
      return kept;
    }
    try {
      const draft = await this.calls.draft(id);
      // It is on screen already while this is asked: what was written meanwhile stays.
      const work = this.works.get(id);
      return work ? this.meet(draft, work) : this.take(draft);
    } catch (error) {
      if (error instanceof Problem && error.status === 404 && kept && kept.rev > 0) {
        await this.heardGone(id);
        return this.draft(id) ?? null;
      }
      if (error instanceof Unreachable || error instanceof Problem) {
        if (kept) return kept;
        if (error instanceof Problem && error.status === 404) return null;
      }
      throw error;
    }
  }

  /** Let go of a draft that is not on screen any more; its save goes on. */
  close(id: Id): void {
    const work = this.works.get(id);
    if (!work) return;
    if (work.local.edited === 0 && work.local.rev === 0) {
      this.unschedule(work);
      this.works.delete(id);
      return;
    }
    if (work.local.edited > work.local.pushed) void this.save(work);
  }

  // Writing ---------------------------------------------------------------------------------------------------

  /** The person changed something: on the device at once, on the server soon. */
  edit(id: Id, change: Partial<DraftFields>): void {
    const work = this.works.get(id);
    if (!work) return;
    work.local = { ...work.local, fields: { ...work.local.fields, ...change }, edited: work.local.edited + 1, changedAt: Date.now() };
    this.wrote(work);
  }

  /** What is known better than when the draft was begun. Not the person's doing, so not saved by itself. */
  complete(id: Id, change: Partial<DraftFields>, rest: Partial<Pick<LocalDraft, 'quote' | 'attachments' | 'filesKnown'>> = {}): void {
    const work = this.works.get(id);
    if (!work) return;
    work.local = { ...work.local, ...rest, fields: { ...work.local.fields, ...change } };
    this.tell({ kind: 'changed', id });
  }

  attach(id: Id, attachment: Attachment): void {
    this.setAttachments(id, (list) => [...list.filter((other) => other.id !== attachment.id), attachment]);
  }

  detach(id: Id, attachment: Id): void {
    this.setAttachments(id, (list) => list.filter((other) => other.id !== attachment));
  }

  private setAttachments(id: Id, make: (list: Attachment[]) => Attachment[]): void {
    const work = this.works.get(id);
    if (!work) return;
    work.local = { ...work.local, attachments: make(work.local.attachments), filesKnown: true, edited: work.local.edited + 1, changedAt: Date.now() };
    this.wrote(work);
  }

  private wrote(work: Work): void {
    void this.store.put(work.local);
    if (work.status.kind !== 'away') work.status = UNSAVED;
    this.schedule(work);
    this.tell({ kind: 'changed', id: work.local.id });
  }

  private hold(local: LocalDraft): Work {
    let work = this.works.get(local.id);
    if (work) work.local = local;
    else this.works.set(local.id, (work = { local, status: CLEAN, soon: undefined, latest: undefined, running: null, failures: 0, unanswered: null }));
    return work;
  }

  /** Take the server's version. Words that were written since its save began stay. */
  private take(draft: Draft, upTo = Infinity): LocalDraft {
    const work = this.works.get(draft.id);
    const mine = work?.local;
    const ahead = mine !== undefined && mine.edited > upTo;
    const { attachments, quote, thread_id: threadId, rev, moves, state, error, send_at: sendAt } = draft;
    const fields = fieldsOf(draft);
    const local: LocalDraft = mine
      ? {
          ...mine, quote, threadId, rev, moves, state, error, sendAt, filesKnown: true,
          // While it is being written the person's own words are the truth, and not the server's tidied copy of them.
          fields: upTo === Infinity ? fields : mine.fields,
          attachments: ahead ? mine.attachments : attachments,
          pushed: upTo === Infinity ? mine.edited : Math.max(mine.pushed, upTo),
        }
      : {
          id: draft.id, fields, attachments, filesKnown: true, quote, threadId, rev, moves, edited: 0, pushed: 0, changedAt: Date.parse(draft.updated_at) || Date.now(), state, sendAt, error,
          discarded: false, sending: null,
        };
    this.hold(local);
    void this.store.put(local);
    this.tell({ kind: 'changed', id: draft.id });
    return local;
  }

  // Saving ----------------------------------------------------------------------------------------------------

  private schedule(work: Work): void {
    if (this.stopped || work.local.discarded) return;
    clearTimeout(work.soon);
    const wait = work.failures > 0 ? Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (work.failures - 1)) : SAVE_AFTER;
    work.soon = setTimeout(() => void this.save(work), wait);
    if (work.failures === 0) work.latest ??= setTimeout(() => void this.save(work), SAVE_AT_LATEST);
  }

  private unschedule(work: Work): void {
    clearTimeout(work.soon);
    clearTimeout(work.latest);
    work.soon = undefined;
    work.latest = undefined;
  }

  /** Bring everything written so far to the server. True when it is there. */
  async flush(id: Id): Promise<boolean> {
    const work = this.works.get(id);
    if (!work) return false;
    const wanted = work.local.edited;
    while (!this.stopped && (work.local.pushed < wanted || work.local.rev === 0)) {
      await this.save(work);
      if (work.status.kind === 'away' || work.status.kind === 'refused') return false;
      if (this.works.get(id) !== work) return false;
    }
    return true;
  }

  private save(work: Work): Promise<void> {
    this.unschedule(work);
    work.running ??= this.push(work).finally(() => {
      work.running = null;
      const { local, status } = work;
      if (this.works.get(local.id) === work && local.edited > local.pushed && status.kind !== 'refused') this.schedule(work);
    });
    return work.running;
  }

  private async push(work: Work): Promise<void> {
    const { id, edited } = work.local;
    const body = saveBody(work.local);
    this.setStatus(work, SAVING);
    try {
      const draft = await this.calls.save(id, body);
      work.failures = 0;
      work.unanswered = null;
      if (this.works.get(id) !== work) return;
      this.take(draft, edited);
      this.setStatus(work, work.local.edited > work.local.pushed ? UNSAVED : SAVED);
    } catch (error) {
      await this.unsaved(work, body, error);
    }
  }

  private async unsaved(work: Work, body: SaveBody, error: unknown): Promise<void> {
    if (error instanceof Problem && error.status === 409 && error.code === 'draft_changed') return this.conflict(work, body, error);
    if (error instanceof Unreachable || (error instanceof Problem && (error.status >= 500 || error.status === 429 || error.status === 401))) {
      if (error instanceof Unreachable) work.unanswered = body;
      work.failures++;
      this.setStatus(work, AWAY);
    } else if (error instanceof Problem) {
      this.setStatus(work, { kind: 'refused', problem: error });
    } else {
      throw error;
    }
  }

  private async conflict(work: Work, body: SaveBody, problem: Problem): Promise<void> {
    const { current, copy } = problem.document as unknown as { current: Draft; copy: Draft | null };
    const { id } = work.local;
    // The save whose answer was lost had arrived: then "elsewhere" was here.
    if (work.unanswered && current.rev === work.unanswered.rev + 1 && sameWords(current, work.unanswered)) {
      work.unanswered = null;
      work.local = { ...work.local, rev: current.rev, moves: current.moves };
      if (copy) void this.quietly(() => this.calls.discard(copy.id));
      return;
    }
    if (!copy) {
      this.setStatus(work, { kind: 'refused', problem });
      return;
    }
    this.unschedule(work);
    this.works.delete(id);
    await this.store.remove(id);
    const mine: LocalDraft = { ...work.local, id: copy.id, rev: copy.rev, moves: copy.moves, pushed: work.local.edited === 0 ? 0 : work.local.edited, attachments: copy.attachments };
    // What was typed while the refusal was on its way is newer than the copy.
    if (!sameWords(copy, saveBody(work.local)) && JSON.stringify(saveBody(work.local)) !== JSON.stringify(body)) mine.pushed = mine.edited - 1;
    const next = this.hold(mine);
    next.status = SAVED;
    await this.store.put(mine);
    this.tell({ kind: 'conflict', id, copy: copy.id });
    if (mine.edited > mine.pushed) this.schedule(next);
  }

  private setStatus(work: Work, status: SaveStatus): void {
    if (work.status === status) return;
    work.status = status;
    this.tell({ kind: 'changed', id: work.local.id });
  }

  /** The server can be reached again. */
  readonly hurry = (): void => {
    for (const work of this.works.values()) {
      if (work.status.kind !== 'away') continue;
      work.failures = 0;
      if (work.local.sending) void this.trySend(work.local.id);
      else void this.save(work);
    }
  };

  private readonly hidden = (): void => {
    if (document.visibilityState !== 'hidden') return;
    for (const work of this.works.values()) if (work.soon !== undefined && work.status.kind !== 'away') void this.save(work);
  };

  /** The page goes: what fits into a last request is sent with it; the device has it all in any case. */
  private readonly leave = (): void => {
    for (const work of this.works.values()) {
      if (work.running || work.local.edited <= work.local.pushed || work.status.kind === 'away') continue;
      const body = saveBody(work.local);
      if (JSON.stringify(body).length < KEEPALIVE) void this.calls.save(work.local.id, body, true).catch(() => undefined);
    }
  };

  // Throwing away ---------------------------------------------------------------------------------------------

  discard(id: Id): void {
    const work = this.works.get(id);
    if (!work) return;
    this.unschedule(work);
    work.local = { ...work.local, discarded: true };
    void this.store.put(work.local);
    this.discards.set(id, setTimeout(() => void this.discardNow(id), UNDO_DISCARD));
  }

  /** False when it is too late. */
  undiscard(id: Id): boolean {
    const work = this.works.get(id);
    if (!work?.local.discarded || !this.discards.has(id)) return false;
    clearTimeout(this.discards.get(id));
    this.discards.delete(id);
    work.local = { ...work.local, discarded: false };
    void this.store.put(work.local);
    if (work.local.edited > work.local.pushed) this.schedule(work);
    return true;
  }

  private async discardNow(id: Id): Promise<void> {
    clearTimeout(this.discards.get(id));
    this.discards.delete(id);
    const work = this.works.get(id);
    if (!work) return;
    await work.running;
    if (work.local.rev > 0 || work.unanswered) {
      if (!(await this.quietly(() => this.calls.discard(id)))) {
        this.discards.set(id, setTimeout(() => void this.discardNow(id), LONGEST_RETRY));
        return;
      }
    }
    await this.forget(id);
  }

  private async forget(id: Id): Promise<void> {
    const work = this.works.get(id);
    if (work) this.unschedule(work);
    this.works.delete(id);
    await this.store.remove(id);
    this.tell({ kind: 'gone', id });
  }

  /** True when the server did it, or had nothing left to do; false when it could not be reached. */
  private async quietly(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof Unreachable) return false;
      if (error instanceof Problem) return error.status < 500 && error.status !== 401 && error.status !== 429;
      throw error;
    }
  }

  // Sending ---------------------------------------------------------------------------------------------------

  /** Send as soon as the server can be reached. What came of it is told as an event. */
  async send(id: Id, options: SendOptions): Promise<void> {
    const work = this.works.get(id);
    if (!work) return;
    work.local = { ...work.local, sending: options };
    await this.store.put(work.local);
    this.tell({ kind: 'changed', id });
    await this.trySend(id);
  }

  private async trySend(id: Id): Promise<void> {
    const work = this.works.get(id);
    if (!work?.local.sending) return;
    const there = await this.flush(id);
    const options = this.works.get(id)?.local.sending;
    if (!options) return; // taken back meanwhile
    if (!there) {
      if (work.status.kind === 'refused') this.unsendable(work, work.status.problem);
      else this.later(work);
      return;
    }
    try {
      this.taken(work, await this.calls.send(id, work.local.rev, options), options);
    } catch (error) {
      if (error instanceof Unreachable) return this.later(work);
      if (!(error instanceof Problem)) throw error;
      if (error.status >= 500 || error.status === 429 || error.status === 401) return this.later(work);
      // An earlier try had arrived: the draft is on its way already.
      const now = error.status === 409 ? await this.calls.draft(id).catch(() => null) : null;
      if (now && now.state !== 'editing') this.taken(work, now, options);
      else this.unsendable(work, error);
    }
  }

  private taken(work: Work, draft: Draft, options: SendOptions): void {
    work.local = { ...work.local, sending: null };
    // News of its way out may have come first: then this answer says nothing new.
    if (this.works.get(draft.id) === work) void this.store.put(this.meet(draft, work));
    this.tell({ kind: 'taken', id: draft.id, draft, options });
  }

  private unsendable(work: Work, problem: Problem): void {
    work.local = { ...work.local, sending: null };
    void this.store.put(work.local);
    this.tell({ kind: 'unsendable', id: work.local.id, problem });
  }

  private later(work: Work): void {
    work.failures = Math.max(1, work.failures);
    this.setStatus(work, AWAY);
    this.unschedule(work);
    work.soon = setTimeout(() => void this.trySend(work.local.id), Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (work.failures - 1)));
    this.tell({ kind: 'changed', id: work.local.id });
  }

  /** Take a send back. False when it is too late. Raises as `request` does. */
  async unsend(id: Id): Promise<boolean> {
    const work = this.works.get(id);
    if (work?.local.sending) {
      work.local = { ...work.local, sending: null };
      void this.store.put(work.local);
      this.unschedule(work);
      if (work.local.edited > work.local.pushed) this.schedule(work);
      return true;
    }
    try {
      this.take(await this.calls.unsend(id));
      return true;
    } catch (error) {
      if (error instanceof Problem && error.status === 409) return false;
      throw error;
    }
  }

  // News ------------------------------------------------------------------------------------------------------

  /** The journal says that a draft changed. */
  heard(draft: Draft): void {
    const work = this.works.get(draft.id);
    if (work && this.meet(draft, work).state === 'sent') void this.forget(draft.id);
  }

  /** What was changed elsewhere is shown, unless it is being written here: then only its way out is of interest, and the
   *  next save finds that there are two. */
  private meet(draft: Draft, work: Work): LocalDraft {
    if (isOlder(draft, work.local)) return work.local;
    const { state, moves, error, send_at: sendAt, thread_id: threadId } = draft;
    if (draft.rev > work.local.rev && !work.running) this.tell({ kind: 'newer', id: draft.id });
    if (work.local.edited > work.local.pushed || work.running || draft.rev === work.local.rev) {
      work.local = { ...work.local, state, moves, error, sendAt, threadId };
      this.tell({ kind: 'changed', id: draft.id });
    } else {
      this.take(draft);
      this.tell({ kind: 'replaced', id: draft.id });
    }
    return work.local;
  }

  /** It is not there any more. What was written since the last save stays, and is saved as a draft again. */
  async heardGone(id: Id): Promise<void> {
    const work = this.works.get(id);
    if (!work || work.local.edited > work.local.pushed) return;
    await this.forget(id);
  }

  /** Take up what an earlier visit left unsaved, unsent or thrown away. `free` tells whether no other tab works on it. */
  async takeUp(free: (id: Id) => Promise<boolean>): Promise<void> {
    for (const local of await this.store.all()) {
      if (this.works.has(local.id) || !(await free(local.id)) || this.stopped) continue;
      if (local.discarded) {
        this.hold(local);
        await this.discardNow(local.id);
      } else if (local.sending) {
        this.hold(local).status = AWAY;
        await this.trySend(local.id);
      } else if (local.edited > local.pushed) {
        await this.save(this.hold(local));
      }
    }
  }
}

const CLEAN: SaveStatus = { kind: 'clean' };
const SAVED: SaveStatus = { kind: 'saved' };
const UNSAVED: SaveStatus = { kind: 'unsaved' };
const SAVING: SaveStatus = { kind: 'saving' };
const AWAY: SaveStatus = { kind: 'away' };

function saveBody({ fields, rev, attachments, filesKnown }: LocalDraft): SaveBody {
  return { ...fields, rev, ...(filesKnown ? { attachments: attachments.map(({ id }) => ({ id })) } : {}) };
}

function fieldsOf({ account_id, identity_id, mode, source_message_id, to, cc, bcc, subject, html, include_quote }: Draft): DraftFields {
  return { account_id, identity_id, mode, source_message_id, to, cc, bcc, subject, html, include_quote };
}

/** The same to a person: the server tidies markup, so the text decides. */
function sameWords(draft: Draft, body: SaveBody): boolean {
  const text = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/&(?:nbsp|amp|lt|gt|quot|#39);/g, ' ').replace(/\s+/g, ' ').trim();
  const people = (list: { address: string }[]): string => list.map(({ address }) => address.toLowerCase()).join();
  return draft.subject === body.subject && people(draft.to) === people(body.to) && people(draft.cc) === people(body.cc) && people(draft.bcc) === people(body.bcc)
    && text(draft.html) === text(body.html);
}
