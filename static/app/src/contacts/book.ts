// The list of contacts as this page knows it: pages by position, patched by the journal. A row that moves makes the
// visible pages be read again.
import type { Id, JournalEvent } from '../api/types';
import { request } from '../auth/session';
import { Emitter } from '../store/emitter';
import type { AddressBook, Contact, ContactPage, Group, Letter } from './types';

export const PAGE = 100;
/** A burst of events is one reading (milliseconds). */
const SETTLE = 250;

/** Of whom the list is: everybody, those of one address book, or those in one group. */
export type Part = 'all' | `book:${Id}` | `group:${Id}`;
export type BookState = 'loading' | 'known' | { fault: unknown };

export class ContactList {
  total = 0;
  state: BookState = 'loading';
  books: AddressBook[] = [];
  letters: Letter[] = [];
  groups: Group[] = [];
  version = 0;
  private rows: (Contact | undefined)[] = [];
  private places = new Map<Id, number>();
  private first = 0;
  private last = PAGE - 1;
  private readonly asked = new Set<number>();
  private query = '';
  private part: Part = 'all';
  private generation = 0;
  /** The generation of which everything on screen is being read; what comes into view meanwhile is read behind it. */
  private reading = -1;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly changed = new Emitter();

  subscribe = (listener: () => void): (() => void) => this.changed.on(listener);

  at(index: number): Contact | undefined {
    return this.rows[index];
  }

  indexOf(id: Id): number {
    return this.places.get(id) ?? -1;
  }

  /** Show those of a part whom a query finds; all of them for an empty one. */
  search(query: string, part: Part = 'all'): void {
    if (query === this.query && part === this.part && this.state !== 'loading') return;
    this.query = query;
    this.part = part;
    this.state = 'loading';
    this.forget();
    void this.read();
  }

  /** The rows [first, last] are on screen or about to be. */
  look(first: number, last: number): void {
    this.first = Math.max(0, first);
    this.last = last;
    if (this.reading !== this.generation) void this.read();
  }

  retry(): void {
    this.state = 'loading';
    this.forget();
    this.tell();
    void this.read();
  }

  /** Nobody looks any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.generation++;
  }

  hear(frame: JournalEvent): void {
    if (frame.event === 'contacts:update' && 'collections' in frame.data) {
      this.heardBooks(frame.data.collections, frame.data.gone);
      if (frame.data.backfill || frame.data.gone.length > 0) this.anew();
      return;
    }
    if (frame.event === 'contacts:update' && 'linked' in frame.data) return this.anew();
    if (frame.event === 'contacts:update' && 'contact' in frame.data) {
      const { contact } = frame.data;
      if (contact.kind === 'group') return this.anew();
      const place = this.places.get(contact.id);
      const held = place === undefined ? undefined : this.rows[place];
      if (place === undefined || held?.sort_name !== contact.sort_name) return this.anew();
      if (held.rev > contact.rev) return;
      this.rows[place] = held.linked === undefined ? contact : { ...contact, linked: held.linked };
      this.tell();
      return;
    }
    if (frame.event === 'contacts:new' || frame.event === 'contacts:delete') this.anew();
  }

  private heardBooks(changed: AddressBook[], gone: Id[]): void {
    const rows = new Map(this.books.map((book) => [book.id, book]));
    for (const book of changed) if ((rows.get(book.id)?.rev ?? -1) <= book.rev) rows.set(book.id, book);
    for (const id of gone) rows.delete(id);
    this.books = [...rows.values()];
    this.tell();
  }

  /** Rows have moved: read what is on screen again, once things are quiet. */
  anew(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.asked.clear();
      this.generation++;
      void this.read(true);
    }, SETTLE);
  }

  private forget(): void {
    this.rows = [];
    this.places.clear();
    this.asked.clear();
    this.total = 0;
    this.first = 0;
    this.last = PAGE - 1;
    this.generation++;
  }

  private async read(all = false): Promise<void> {
    const { generation } = this;
    const positions: number[] = [];
    const end = this.state === 'known' && !all ? Math.min(this.last, this.total - 1) : this.last;
    for (let position = Math.floor(this.first / PAGE) * PAGE; position <= Math.max(end, this.first); position += PAGE) {
      if (!this.asked.has(position)) positions.push(position);
    }
    const whole = this.state !== 'known' || all;
    if (positions.length === 0 && !whole) return;
    for (const position of positions) this.asked.add(position);
    if (whole) this.reading = generation;
    try {
      const [pages, around] = await Promise.all([
        Promise.all(positions.map((position) => this.page(position))),
        whole ? this.around() : null,
      ]);
      if (generation !== this.generation) return;
      if (whole) {
        this.rows = [];
        this.places.clear();
      }
      pages.forEach((page, index) => this.place(positions[index]!, page));
      if (around) [this.books, this.letters, this.groups] = around;
      this.state = 'known';
    } catch (fault) {
      if (generation !== this.generation) return;
      this.reading = -1;
      for (const position of positions) this.asked.delete(position);
      if (this.state !== 'known') this.state = { fault };
    }
    this.tell();
    if (whole && this.reading === generation) {
      this.reading = -1;
      void this.read();
    }
  }

  private place(position: number, page: ContactPage): void {
    this.total = page.total;
    page.items.forEach((contact, index) => {
      this.rows[position + index] = contact;
      this.places.set(contact.id, position + index);
    });
  }

  private page(position: number): Promise<ContactPage> {
    const query = new URLSearchParams({ position: String(position), limit: String(PAGE), ...this.narrowed() });
    return request<ContactPage>(`contacts?${query}`);
  }

  private narrowed(): Record<string, string> {
    const [kind, id] = this.part.split(':');
    return { ...(this.query && { q: this.query }), ...(kind && id && { [kind]: id }) };
  }

  private async around(): Promise<[AddressBook[], Letter[], Group[]]> {
    const query = String(new URLSearchParams(this.narrowed()));
    const [books, letters, groups] = await Promise.all([
      request<{ items: AddressBook[] }>('address-books'),
      request<{ items: Letter[] }>(`contacts/letters${query && `?${query}`}`),
      request<{ items: Group[] }>('contacts/groups'),
    ]);
    return [books.items, letters.items, groups.items];
  }

  private tell(): void {
    this.version++;
    this.changed.emit();
  }
}
