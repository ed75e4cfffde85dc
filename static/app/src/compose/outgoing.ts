// What is on its way out, from the person's "send" until it is sent or cannot be: what the corner of the page shows.
import { Problem, Unreachable } from '../api/request';
import type { Id } from '../api/types';
import { Emitter } from '../store/emitter';
import type { Calls } from './calls';
import type { Desk } from './desk';
import { markLeaving, openComposer } from './open';
import { isOlder, type Draft, type SendOptions } from './types';

export type Phase = 'handing' | 'queued' | 'waiting' | 'scheduled' | 'sending' | 'sent' | 'failed' | 'doubt';

export interface Parcel {
  id: Id;
  subject: string;
  phase: Phase;
  /** Until when it can be undone, in this device's milliseconds. */
  until: number | null;
  sendAt: string | null;
  /** Why it failed, in the server's words. */
  sentence: string;
  /** Which version of the draft this says; null before the server has told one. */
  told: Pick<Draft, 'rev' | 'moves'> | null;
}

const SHOWN_SENT = 6_000;
const SHOWN_SCHEDULED = 12_000;
/** Without news for so long (milliseconds), the server is asked. */
const PATIENCE = 8_000;

export class Outgoing {
  private parcels: readonly Parcel[] = [];
  /** Why a draft came back, for the composer that opens it. */
  readonly problems = new Map<Id, Problem>();
  private readonly changed = new Emitter();
  private readonly timers = new Map<Id, ReturnType<typeof setTimeout>>();
  private readonly desk: Desk;
  private readonly calls: Calls;
  private readonly unlisten: () => void;

  constructor(desk: Desk, calls: Calls) {
    this.desk = desk;
    this.calls = calls;
    this.unlisten = desk.listen((event) => {
      if (event.kind === 'taken') this.taken(event.draft, event.options);
      else if (event.kind === 'unsendable') this.refused(event.id, event.problem);
      else if (event.kind === 'changed') this.watch(event.id);
    });
  }

  stop(): void {
    this.unlisten();
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  on(listener: () => void): () => void {
    return this.changed.on(listener);
  }

  all(): readonly Parcel[] {
    return this.parcels;
  }

  async send(id: Id, options: SendOptions): Promise<void> {
    this.problems.delete(id);
    markLeaving(id, true);
    this.show({ id, subject: this.desk.draft(id)?.fields.subject ?? '', phase: 'handing', until: null, sendAt: options.send_at ?? null, sentence: '', told: this.parcel(id)?.told ?? null });
    await this.desk.send(id, options);
  }

  /** Take it back and open it again. 'late' when it has left; 'away' when the server cannot be asked. */
  async undo(id: Id): Promise<'back' | 'late' | 'away'> {
    try {
      if (!(await this.desk.unsend(id))) return 'late';
    } catch (error) {
      if (error instanceof Unreachable || error instanceof Problem) return 'away';
      throw error;
    }
    this.drop(id);
    markLeaving(id, false);
    openComposer({ mode: this.desk.draft(id)?.fields.mode ?? 'new', draftId: id });
    return 'back';
  }

  /** Open a draft that came back or that is in question. */
  edit(id: Id): void {
    this.drop(id);
    openComposer({ mode: 'new', draftId: id });
  }

  async retry(id: Id): Promise<void> {
    if (!this.desk.draft(id)) await this.desk.open(id);
    await this.send(id, { undo_seconds: 0 });
  }

  async resolve(id: Id, decision: 'resend' | 'was_sent'): Promise<void> {
    this.heard(await this.calls.resolve(id, decision));
  }

  dismiss(id: Id): void {
    this.drop(id);
  }

  /** What an earlier visit left failed or in doubt; what still waits can still be undone. */
  async takeUp(): Promise<void> {
    try {
      const { items } = await this.calls.drafts();
      for (const draft of items) {
        if (draft.state === 'failed' || draft.state === 'doubt' || draft.state === 'sending' || draft.state === 'waiting') this.follow(draft);
      }
    } catch (error) {
      if (!(error instanceof Unreachable) && !(error instanceof Problem)) throw error;
    }
  }

  heard(draft: Draft): void {
    this.desk.heard(draft);
    if (this.parcel(draft.id) || draft.state === 'failed' || draft.state === 'doubt') this.follow(draft);
  }

  private follow(draft: Draft, undoable: number | null = null): void {
    const { id, subject, state, rev, moves, error, send_at: sendAt, undo_until: undoUntil } = draft;
    const before = this.parcel(id);
    if (before?.told && isOlder(draft, before.told)) return;
    markLeaving(id, state !== 'editing' && state !== 'failed' && state !== 'doubt' && state !== 'scheduled');
    if (state === 'editing') {
      if (before?.phase !== 'handing' && before?.phase !== 'queued') this.drop(id);
      return;
    }
    // A clock that is wrong must not lengthen the time to undo; the server decides in any case.
    const until = state === 'waiting' ? undoable ?? before?.until ?? (undoUntil ? Math.min(Date.parse(undoUntil), Date.now() + 30_000) : null) : null;
    this.show({ id, subject, phase: state, until, sendAt, sentence: error?.sentence ?? '', told: { rev, moves } });
    if (state === 'sent') this.after(id, SHOWN_SENT, () => this.drop(id));
    else if (state === 'waiting') this.after(id, Math.max(0, (until ?? Date.now()) - Date.now()), () => this.leaving(id));
    else if (state === 'sending') this.after(id, PATIENCE, () => void this.look(id));
    else if (state === 'scheduled') this.after(id, SHOWN_SCHEDULED, () => this.drop(id));
  }

  private taken(draft: Draft, options: SendOptions): void {
    this.follow(draft, Date.now() + options.undo_seconds * 1000);
  }

  private leaving(id: Id): void {
    const parcel = this.parcel(id);
    if (parcel?.phase !== 'waiting') return;
    this.show({ ...parcel, phase: 'sending', until: null });
    this.after(id, PATIENCE, () => void this.look(id));
  }

  /** No news of it: ask. */
  private async look(id: Id): Promise<void> {
    try {
      const draft = await this.calls.draft(id);
      this.desk.heard(draft);
      this.follow(draft.state === 'waiting' ? { ...draft, state: 'sending' } : draft);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.drop(id);
      else if (error instanceof Problem || error instanceof Unreachable) this.after(id, PATIENCE, () => void this.look(id));
      else throw error;
    }
  }

  /** The server would not take it: the draft is opened again, with what is wrong. */
  private refused(id: Id, problem: Problem): void {
    this.drop(id);
    markLeaving(id, false);
    this.problems.set(id, problem);
    openComposer({ mode: this.desk.draft(id)?.fields.mode ?? 'new', draftId: id });
  }

  private watch(id: Id): void {
    const parcel = this.parcel(id);
    if (!parcel || (parcel.phase !== 'handing' && parcel.phase !== 'queued')) return;
    const phase = this.desk.status(id).kind === 'away' ? 'queued' : 'handing';
    if (phase !== parcel.phase) this.show({ ...parcel, phase });
  }

  private parcel(id: Id): Parcel | undefined {
    return this.parcels.find((parcel) => parcel.id === id);
  }

  private show(parcel: Parcel): void {
    clearTimeout(this.timers.get(parcel.id));
    const at = this.parcels.findIndex(({ id }) => id === parcel.id);
    this.parcels = at < 0 ? [...this.parcels, parcel] : this.parcels.with(at, parcel);
    this.changed.emit();
  }

  private drop(id: Id): void {
    clearTimeout(this.timers.get(id));
    this.parcels = this.parcels.filter((parcel) => parcel.id !== id);
    this.changed.emit();
  }

  private after(id: Id, wait: number, run: () => void): void {
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(run, wait));
  }
}
