import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JournalEvent } from '../api/types';
import { FakeServer } from '../testing/server';
import { ContactList } from './book';
import type { AddressBook, Contact } from './types';

const person = (name: string, rev = 1): Contact => ({
  id: name, account_id: 'account', collection_id: 'book', uid: name, kind: 'individual', name, sort_name: name.toLowerCase(),
  organization: '', title: '', emails: [], phones: [], photo: null, pending: false, conflict: false, rev,
});
const BOOK: AddressBook = { id: 'book', account_id: 'account', name: 'Book', writable: true, groups: true, total: 2, remaining: 0, as_of: null, rev: 1 };
const frame = (event: string, data: object): JournalEvent => ({ seq: 1, prev: 0, account: 'account', at: '', event, data }) as unknown as JournalEvent;

/** An answer that comes when it is told to. */
function late(): { promise: Promise<unknown>; resolve: (answer: unknown) => void } {
  let resolve: (answer: unknown) => void = () => undefined;
  const promise = new Promise((given) => (resolve = given));
  return { promise, resolve };
}

describe('the list of contacts', () => {
  let server: FakeServer;
  let list: ContactList;
  const holds = (...people: Contact[]): void => {
    server.answers.set('contacts?position=0&limit=100', { seq: 1, items: people, next: null, total: people.length });
    server.answers.set('address-books', { seq: 1, items: [BOOK] });
    server.answers.set('contacts/letters', { items: [] });
    server.answers.set('contacts/groups', { items: [] });
  };
  const names = (): (string | undefined)[] => Array.from({ length: list.total }, (_, index) => list.at(index)?.name);

  beforeEach(async () => {
    server = new FakeServer();
    await server.start();
    list = new ContactList();
    holds(person('Anna'), person('Bruno'));
    list.search('');
    await vi.waitUntil(() => list.state === 'known');
  });
  afterEach(() => {
    list.stop();
    vi.unstubAllGlobals();
  });

  it('knows its rows and its books', () => {
    expect(names()).toEqual(['Anna', 'Bruno']);
    expect(list.books).toEqual([BOOK]);
  });

  it('puts a changed row in its place, and never an older one', () => {
    list.hear(frame('contacts:update', { contact: { ...person('Anna', 3), title: 'Capo' } }));
    list.hear(frame('contacts:update', { contact: { ...person('Anna', 2), title: 'Old' } }));
    expect(list.at(0)?.title).toBe('Capo');
  });

  it('reads again what is on screen when somebody comes or goes', async () => {
    holds(person('Anna'), person('Bice'), person('Bruno'));
    list.hear(frame('contacts:new', { contact: person('Bice') }));
    await vi.waitFor(() => expect(names()).toEqual(['Anna', 'Bice', 'Bruno']));
    holds(person('Bice'));
    list.hear(frame('contacts:delete', { id: 'Anna', collection_id: 'book' }));
    await vi.waitFor(() => expect(names()).toEqual(['Bice']));
  });

  it('keeps what only lists know when a row changes, and is read again when people are linked', async () => {
    holds({ ...person('Anna'), linked: 1 }, person('Bruno'));
    list.retry();
    await vi.waitFor(() => expect(list.at(0)?.linked).toBe(1));
    list.hear(frame('contacts:update', { contact: { ...person('Anna', 2), title: 'Capo' } }));
    expect([list.at(0)?.title, list.at(0)?.linked]).toEqual(['Capo', 1]);
    holds({ ...person('Anna', 2), linked: 2 });
    list.hear(frame('contacts:update', { linked: ['Anna', 'Bruno'] }));
    await vi.waitFor(() => expect([list.total, list.at(0)?.linked]).toEqual([1, 2]));
  });

  it('shows those of a group', async () => {
    server.answers.set('contacts?position=0&limit=100&group=team', { seq: 1, items: [person('Bruno')], next: null, total: 1 });
    server.answers.set('contacts/letters?group=team', { items: [] });
    list.search('', 'group:team');
    await vi.waitFor(() => expect(names()).toEqual(['Bruno']));
  });

  it('keeps its rows when the screen changes while they are on their way', async () => {
    const letters = late();
    server.answers.set('contacts?position=0&limit=100&group=team', { seq: 1, items: [person('Bruno')], next: null, total: 1 });
    server.answers.set('contacts/letters?group=team', letters.promise);
    list.search('', 'group:team');
    list.look(0, 30);
    letters.resolve({ items: [] });
    await vi.waitFor(() => expect(list.state).toBe('known'));
    await new Promise((settled) => setTimeout(settled, 20));
    expect(names()).toEqual(['Bruno']);
  });

  it('reads what came into view while all was read again', async () => {
    const many = Array.from({ length: 250 }, (_, index) => person(`P${index}`));
    for (const position of [0, 100, 200]) {
      server.answers.set(`contacts?position=${position}&limit=100`, { seq: 1, items: many.slice(position, position + 100), next: null, total: 250 });
    }
    list.retry();
    await vi.waitFor(() => expect(list.total).toBe(250));
    const books = late();
    server.answers.set('address-books', books.promise);
    list.anew();
    await new Promise((begun) => setTimeout(begun, 300));
    list.look(150, 180);
    await new Promise((read) => setTimeout(read, 20));
    books.resolve({ items: [BOOK] });
    await vi.waitFor(() => expect(list.at(150)?.name).toBe('P150'));
    await new Promise((settled) => setTimeout(settled, 20));
    expect(list.at(150)?.name).toBe('P150');
  });

  it('hears of its books', () => {
    list.hear(frame('contacts:update', { collections: [{ ...BOOK, total: 9, rev: 2 }], gone: [], backfill: false }));
    expect(list.books[0]?.total).toBe(9);
  });

  it('shows what a query finds, and says when nobody answers', async () => {
    server.answers.set('contacts?position=0&limit=100&q=bru', { seq: 1, items: [person('Bruno')], next: null, total: 1 });
    server.answers.set('contacts/letters?q=bru', { items: [] });
    list.search('bru');
    await vi.waitFor(() => expect(names()).toEqual(['Bruno']));
    server.online = false;
    list.search('nobody');
    await vi.waitFor(() => expect(list.state).toHaveProperty('fault'));
    server.online = true;
    server.answers.set('contacts?position=0&limit=100&q=nobody', { seq: 1, items: [], next: null, total: 0 });
    server.answers.set('contacts/letters?q=nobody', { items: [] });
    list.retry();
    await vi.waitFor(() => expect([list.state, list.total]).toEqual(['known', 0]));
  });
});
