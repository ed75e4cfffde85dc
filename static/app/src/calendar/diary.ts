// What takes place, by windows of time: read when they are looked at, kept for going back, and read again when the journal
// tells of a change.
import type { Id, JournalEvent } from '../api/types';
import { request } from '../auth/session';
import { Emitter } from '../store/emitter';
import { newestOnly } from '../store/newest';
import { HERE } from './times';
import type { Calendar, Instance } from './types';

/** A burst of events is one reading (milliseconds). */
const SETTLE = 150;
/** Windows that are kept. */
const KEPT = 12;

interface Window { from: string; to: string }
export type DiaryState = 'loading' | 'known' | { fault: unknown };

const keyOf = ({ from, to }: Window): string => `${from}|${to}`;

export class Diary {
  calendars: Calendar[] = [];
  state: DiaryState = 'loading';
  version = 0;
  private shown: Instance[] = [];
  private window: Window | null = null;
  private readonly windows = new Map<string, Instance[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private generation = 0;
  private readonly begin = newestOnly();
  private readonly changed = new Emitter();

  subscribe = (listener: () => void): (() => void) => this.changed.on(listener);

  /** What takes place in the window that is looked at; while it is being read, what was seen before. */
  get instances(): Instance[] {
    return this.shown;
  }

  look(from: string, to: string): void {
    if (this.window?.from === from && this.window.to === to) return;
    this.window = { from, to };
    const kept = this.windows.get(keyOf(this.window));
    if (kept) this.show(kept);
    else void this.read();
  }

  /** Have a window ready that may be looked at next. */
  async prepare(from: string, to: string): Promise<void> {
    const { generation } = this;
    const key = keyOf({ from, to });
    if (this.windows.has(key)) return;
    try {
      const found = await this.fetch({ from, to });
      if (generation === this.generation) this.keep(key, found);
    } catch {
      // It is read when it is looked at.
    }
  }

  retry(): void {
    this.state = 'loading';
    this.tell();
    void this.read();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.generation++;
    this.begin()();
  }

  hear(frame: JournalEvent): void {
    if (frame.event === 'calendar:event_update' && 'collections' in frame.data) {
      this.heardCalendars(frame.data.collections, frame.data.gone);
      if (frame.data.backfill || frame.data.gone.length > 0) this.anew();
    } else if (frame.event === 'calendar:event_new' || frame.event === 'calendar:event_update' || frame.event === 'calendar:event_delete') {
      this.anew();
    }
  }

  private heardCalendars(changed: Calendar[], gone: Id[]): void {
    const rows = new Map(this.calendars.map((calendar) => [calendar.id, calendar]));
    for (const calendar of changed) if ((rows.get(calendar.id)?.rev ?? -1) <= calendar.rev) rows.set(calendar.id, calendar);
    for (const id of gone) rows.delete(id);
    this.calendars = [...rows.values()];
    this.tell();
  }

  /** Something changed: read what is on screen again, a burst of changes once. */
  anew(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.again();
    }, SETTLE);
  }

  /** The person changed something: read what is on screen again at once. No reading begun before shows it as it was. */
  async now(): Promise<void> {
    this.begin()();
    await this.again();
  }

  /** Forget what is kept, and read. */
  private async again(): Promise<void> {
    this.windows.clear();
    this.generation++;
    await this.read();
  }

  private async read(): Promise<void> {
    const { generation, window } = this;
    if (!window) return;
    const counts = this.begin();
    try {
      const [found, calendars] = await Promise.all([
        this.fetch(window),
        this.calendars.length > 0 ? null : request<{ items: Calendar[] }>('calendars'),
      ]);
      if (generation === this.generation) this.keep(keyOf(window), found);
      if (calendars) this.heardCalendars(calendars.items, []);
      if (this.window === window && counts()) this.show(found);
    } catch (fault) {
      if (generation !== this.generation || this.window !== window) return;
      this.state = { fault };
      this.tell();
    }
  }

  private async fetch({ from, to }: Window): Promise<Instance[]> {
    const { items } = await request<{ items: Instance[] }>(`events?${new URLSearchParams({ from, to, zone: HERE })}`);
    return items;
  }

  private keep(key: string, found: Instance[]): void {
    this.windows.delete(key);
    this.windows.set(key, found);
    if (this.windows.size > KEPT) this.windows.delete(this.windows.keys().next().value!);
  }

  private show(found: Instance[]): void {
    this.shown = found;
    this.state = 'known';
    this.tell();
  }

  private tell(): void {
    this.version++;
    this.changed.emit();
  }
}
