// What the assistant says of conversations in lists: asked for what is on screen, in one request; kept right by events.
import type { Id, Read } from '../api/types';
import { request } from '../auth/session';
import { Emitter } from '../store/emitter';
import type { Mirror } from '../store/mirror';

/** Rows that come on screen together are one request (milliseconds). */
const GATHER = 60;
const MOST = 100;
/** While the assistant reads nothing it is asked again only after so long (milliseconds). */
const OFF = 5 * 60_000;

class Marks {
  private readonly held = new Map<Id, Read | null>();
  private readonly wanted = new Set<Id>();
  private readonly changed = new Emitter();
  private readonly heard = new WeakSet<Mirror>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private offUntil = 0;

  subscribe = (listener: () => void): (() => void) => this.changed.on(listener);
  of = (thread: Id): Read | null => this.held.get(thread) ?? null;

  /** Ask for one that is on screen, once. */
  want(mirror: Mirror, thread: Id): void {
    this.listen(mirror);
    if (this.held.has(thread) || Date.now() < this.offUntil) return;
    this.wanted.add(thread);
    this.timer ??= setTimeout(() => void this.ask(), GATHER);
  }

  forget(): void {
    this.held.clear();
    this.offUntil = 0;
    this.changed.emit();
  }

  private async ask(): Promise<void> {
    const threads = [...this.wanted].slice(0, MOST);
    for (const id of threads) this.wanted.delete(id);
    this.timer = this.wanted.size > 0 ? setTimeout(() => void this.ask(), GATHER) : undefined;
    try {
      const { on, items } = await request<{ on: boolean; items: Record<Id, Read> }>(`assistant/marks?threads=${threads.join(',')}`);
      if (!on) this.offUntil = Date.now() + OFF;
      // What an event told meanwhile is newer than this answer.
      else for (const id of threads) if (!this.held.has(id)) this.held.set(id, items[id] ?? null);
    } catch {
      return; // marks are an aid: without an answer a row simply has none
    }
    this.changed.emit();
  }

  private listen(mirror: Mirror): void {
    if (this.heard.has(mirror)) return;
    this.heard.add(mirror);
    this.forget();
    mirror.onStartOver(() => this.forget());
    mirror.onFrame((frame) => {
      if (frame.event !== 'ai:classification_done') return;
      this.held.set(frame.data.thread_id, frame.data.ai);
      this.changed.emit();
    });
  }
}

export const marks = new Marks();
