// What can be done to several contacts at once, each as one call.
import type { TFunction } from 'i18next';
import { Problem } from '../api/request';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { saveAs } from '../mail/download';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import type { CardChange, WholeContact } from './types';

/** What is still being saved is asked for again after AGAIN, for as long as PATIENCE (milliseconds): then the person is told. */
const AGAIN = 1_000;
const PATIENCE = 30_000;

/** Remember that they are the same person, or that no two of them are. */
export async function link(contacts: readonly Id[], same: boolean): Promise<void> {
  await request('contacts/links', { method: 'POST', body: { contacts, same } });
}

/** Make them one; the first is kept. Answers what undoes it. */
export async function merge(contacts: readonly WholeContact[], chosen: CardChange, photoFrom: Id | null, key: string): Promise<Id> {
  const body = { contacts: contacts.map(({ id, rev }) => ({ id, rev })), chosen, photo_from: photoFrom };
  return (await request<{ merge: Id }>('contacts/merge', { method: 'POST', key, body })).merge;
}

/**
 * Undo a merge, as soon as the provider is done with it; false when the kept contact was changed since, and only
 * `anyway` brings the others back.
 */
export async function unmerge(merged: Id, anyway = false): Promise<boolean> {
  const key = crypto.randomUUID();
  const until = Date.now() + PATIENCE;
  for (;;) {
    try {
      await request(`contacts/merges/${merged}/undo`, { method: 'POST', key, body: { anyway } });
      return true;
    } catch (error) {
      const code = error instanceof Problem ? error.code : null;
      if (code === 'changed_since') return false;
      if (code !== 'pending' || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

/** Make a group of contacts of one address book; its id once it is there. */
export async function makeGroup(book: Id, name: string, contacts: readonly Id[], key: string): Promise<Id | null> {
  const body = { collection_id: book, name, contacts };
  return (await request<{ object: Id | null }>('contacts/groups', { method: 'POST', key, body })).object;
}

/** Give a group another name, or other members. */
export async function regroup(group: Id, change: { name?: string; add?: readonly Id[]; remove?: readonly Id[] }): Promise<void> {
  await request(`contacts/groups/${group}`, { method: 'PATCH', key: crypto.randomUUID(), body: change });
}

/** Save contacts as a file: those that are named, or all of an address book, or everybody's. */
export async function save(name: string, what: { contacts: readonly Id[] } | { book: Id | null }): Promise<void> {
  if ('contacts' in what) return saveAs('contacts/export', `${name}.vcf`, { method: 'POST', body: what });
  return saveAs(`contacts/export${what.book ? `?book=${what.book}` : ''}`, `${name}.vcf`);
}

/** Carry an act out and say how it went: `done`, or what the act itself answers. */
export async function told(common: TFunction, act: () => Promise<string | void>, done?: string): Promise<void> {
  try {
    const text = (await act()) ?? done;
    if (text) toast({ text });
  } catch (error) {
    toast({ text: faultText(common, error) });
  }
}
