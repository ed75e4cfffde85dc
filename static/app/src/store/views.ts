// What is on screen of each list, and the pages that are fetched for it: the visible rows and a screen around them,
// never a whole mailbox. A list in doubt is read again, but not more than once a second.
import type { ListedThread, Page } from '../api/types';
import { request } from '../auth/session';
import { listOf, parseListKey, putPages, type ListKey, type ListPage, type Tables } from './tables';

export const PAGE = 100;
const REVALIDATE = 1_000;

interface View {
  first: number;
  last: number;
  positions: number[];
  fetch: AbortController | null;
  readAt: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Runs one fetch under a load key; true when it succeeded. */
type Fetching = (key: string, work: () => Promise<void>) => Promise<boolean>;

export class ListViews {
  private readonly views = new Map<ListKey, View>();
  private readonly tables: Tables;
  private readonly fetching: Fetching;

  constructor(tables: Tables, fetching: Fetching) {
    this.tables = tables;
    this.fetching = fetching;
  }

  /** The rows [first, last] are on screen or about to be. */
  look(key: ListKey, first: number, last: number): void {
    const view = this.views.get(key);
    if (view) Object.assign(view, { first, last });
    else this.views.set(key, { first, last, positions: [], fetch: null, readAt: 0, timer: undefined });
    void this.fill(key);
  }

  unlook(key: ListKey): void {
    const view = this.views.get(key);
    clearTimeout(view?.timer);
    view?.fetch?.abort();
    this.views.delete(key);
  }

  /** Fetch what is missing anywhere on screen. */
  refill(): void {
    for (const key of this.views.keys()) void this.fill(key);
  }

  refillStale(): void {
    for (const key of this.tables.stale) if (this.views.has(key)) void this.fill(key);
  }

  stop(): void {
    for (const key of [...this.views.keys()]) this.unlook(key);
  }

  private async fill(key: ListKey): Promise<void> {
    const view = this.views.get(key);
    if (!view) return;
    const list = listOf(this.tables, key);
    const anew = !list.known || this.tables.stale.has(key);
    if (view.fetch) {
      const flungPast = !view.positions.some((position) => position <= view.last && position + PAGE > view.first);
      if (anew || !flungPast) return; // it looks again when it ends
      view.fetch.abort();
    }
    if (anew && list.known) {
      const wait = view.readAt + REVALIDATE - Date.now();
      if (wait > 0) {
        view.timer ??= setTimeout(() => {
          view.timer = undefined;
          void this.fill(key);
        }, wait);
        return;
      }
    }
    // A list in doubt may have gained its first row.
    view.positions = pagesOf(view.first, view.last, anew ? Math.max(1, list.total) : list.total)
      .filter((position) => anew || !list.covers(position, position + PAGE));
    if (view.positions.length > 0) await this.fetchPages(key, view);
  }

  private async fetchPages(key: ListKey, view: View): Promise<void> {
    const fetch = new AbortController();
    view.fetch = fetch;
    view.readAt = Date.now();
    const done = await this.fetching(`list:${key}`, async () => {
      const pages = await Promise.all(view.positions.map((position) => this.readPage(key, position, fetch.signal)));
      if (!putPages(this.tables, key, pages)) this.tables.stale.add(key);
    });
    if (view.fetch !== fetch) return; // flung past: a later fetch has taken over
    view.fetch = null;
    if (done) void this.fill(key);
  }

  private async readPage(key: ListKey, position: number, signal: AbortSignal): Promise<ListPage> {
    const { mailbox, filter } = parseListKey(key);
    const query = new URLSearchParams({ position: String(position), limit: String(PAGE) });
    if (filter) query.set('filter', filter);
    const page = await request<Page<ListedThread>>(`mailboxes/${mailbox}/threads?${query}`, { signal });
    return { position, rows: page.items, total: page.total, seq: page.seq };
  }
}

/** First positions of the pages that cover rows [first, last]. */
function pagesOf(first: number, last: number, total: number): number[] {
  const positions: number[] = [];
  const end = Math.min(last, total - 1);
  for (let position = Math.floor(Math.max(0, first) / PAGE) * PAGE; position <= end; position += PAGE) positions.push(position);
  return positions;
}
