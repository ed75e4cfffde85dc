// The approvals of one list as this page knows them: pages as they are asked for, patched by the journal.
import type { Id, JournalEvent } from '../api/types';
import { request } from '../auth/session';
import { Emitter } from '../store/emitter';
import type { Approval, ApprovalPage } from './types';

export type Shown = 'open' | 'decided';
type State = 'loading' | 'known' | { fault: unknown };

export class Board {
  state: State = 'loading';
  items: Approval[] = [];
  waiting = 0;
  next: string | null = null;
  version = 0;
  private shown: Shown = 'open';
  private generation = 0;
  /** For each page on its way, what was heard since: it may know nothing of that. */
  private readonly heard = new Set<Approval[]>();
  private readonly changed = new Emitter();

  subscribe = (listener: () => void): (() => void) => this.changed.on(listener);

  show(shown: Shown): void {
    if (shown !== this.shown) {
      this.items = [];
      this.state = 'loading';
    }
    this.shown = shown;
    void this.read();
  }

  /** Read from the start: what is shown may no longer be so. */
  async read(): Promise<void> {
    const generation = ++this.generation;
    try {
      const [page, since] = await this.page('');
      if (generation !== this.generation) return;
      this.items = page.items;
      this.take(page, since);
      this.state = 'known';
    } catch (fault) {
      if (generation !== this.generation) return;
      if (this.state !== 'known') this.state = { fault };
    }
    this.tell();
  }

  /** The page after the last one. */
  async more(): Promise<void> {
    const { generation } = this;
    if (!this.next) return;
    const [page, since] = await this.page(this.next);
    if (generation !== this.generation) return;
    const known = new Set(this.items.map(({ id }) => id));
    this.items = [...this.items, ...page.items.filter(({ id }) => !known.has(id))];
    this.take(page, since);
    this.tell();
  }

  hear(frame: JournalEvent): void {
    if (frame.event !== 'hitl:approval_required' && frame.event !== 'hitl:approval_decided') return;
    this.put(frame.data.approval);
  }

  /** How one stands now: in its place, new at the top, or out of the list. */
  put(approval: Approval): void {
    for (const since of this.heard) since.push(approval);
    const index = this.items.findIndex(({ id }) => id === approval.id);
    const belongs = (approval.state === 'open') === (this.shown === 'open');
    if (this.shown === 'open') this.waiting += Number(index < 0 && belongs) - Number(index >= 0 && !belongs);
    else if (index < 0 && belongs) this.waiting = Math.max(0, this.waiting - 1);
    if (index >= 0 && belongs) this.items = this.items.with(index, approval);
    else if (index >= 0) this.items = this.items.toSpliced(index, 1);
    else if (belongs) this.items = [approval, ...this.items].toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1));
    this.tell();
  }

  after(id: Id | undefined, step: 1 | -1): Approval | undefined {
    const index = this.items.findIndex((item) => item.id === id);
    return index < 0 ? this.items[0] : this.items[index + step];
  }

  /** Nobody looks any more. */
  stop(): void {
    this.generation++;
  }

  private async page(cursor: string): Promise<[ApprovalPage, Approval[]]> {
    const query = new URLSearchParams({ state: this.shown, ...(cursor && { cursor }) });
    const since: Approval[] = [];
    this.heard.add(since);
    try {
      return [await request<ApprovalPage>(`approvals?${query}`), since];
    } finally {
      this.heard.delete(since);
    }
  }

  private take(page: ApprovalPage, since: Approval[]): void {
    this.next = page.next;
    this.waiting = page.waiting;
    for (const approval of since) this.put(approval);
  }

  private tell(): void {
    this.version++;
    this.changed.emit();
  }
}
