// What an act shows at once where messages have labels, as the server will have it.
import { expect, test } from 'vitest';
import type { CommandBody, Mailbox, MailboxRole, ThreadRow } from '../api/types';
import type { Entry } from './entry';
import { changedThread } from './effect';

const box = (id: string, role: MailboxRole | null, whole = false): [string, Mailbox] =>
  [id, { id, account_id: 'a', name: id, path: [id], role, parent_id: null, selectable: true, whole, total: 0, unread: 0, threads: 0, unread_threads: 0, as_of: null, backfill_remaining: null, rev: 1 }];

const LABELS = new Map([box('inbox', 'inbox'), box('all', 'all', true), box('trash', 'trash'), box('junk', 'junk'), box('clients', null)]);
const FOLDERS = new Map([box('inbox', 'inbox'), box('all', 'all'), box('archive', 'archive'), box('trash', 'trash'), box('clients', null)]);

function after(boxes: ReadonlyMap<string, Mailbox>, mailbox_ids: string[], body: Partial<CommandBody>): string[] {
  const row = { id: 't', account_id: 'a', mailbox_ids } as unknown as ThreadRow;
  return [...changedThread(row, { body } as unknown as Entry, boxes).mailbox_ids].toSorted();
}

test.each<[string[], Partial<CommandBody>, string[]]>([
  [['all', 'clients', 'inbox'], { action: 'archive' }, ['all', 'clients']],
  [['all', 'clients', 'inbox'], { action: 'archive', from_mailbox_id: 'clients' }, ['all', 'clients']],
  [['all', 'inbox'], { action: 'move', from_mailbox_id: 'all', to_mailbox_id: 'clients' }, ['all', 'clients', 'inbox']],
  [['all', 'clients', 'inbox'], { action: 'move', from_mailbox_id: 'clients', to_mailbox_id: 'all' }, ['all', 'inbox']],
  [['all', 'inbox'], { action: 'move', to_mailbox_id: 'clients' }, ['all', 'clients']],
  [['all', 'clients', 'inbox'], { action: 'trash' }, ['trash']],
  [['all', 'clients'], { action: 'inbox' }, ['all', 'clients', 'inbox']],
  [['trash'], { action: 'inbox' }, ['inbox']],
])('labels: %j, %j', (held, body, left) => {
  expect(after(LABELS, held, body)).toEqual(left);
});

test('in folders a message is in one of them', () => {
  expect(after(FOLDERS, ['inbox'], { action: 'archive' })).toEqual(['archive']);
  expect(after(FOLDERS, ['clients'], { action: 'archive' })).toEqual(['archive']);
});
