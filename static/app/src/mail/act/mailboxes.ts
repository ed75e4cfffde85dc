// Mailboxes made, renamed, deleted and emptied. The provider does it first; its answer comes with the listing.
import i18next from 'i18next';
import { Problem, Unreachable, type RequestOptions } from '../../api/request';
import type { CommandResult, Id, Mailbox } from '../../api/types';
import { request } from '../../auth/session';
import type { Mirror } from '../../store/mirror';
import { faultText } from '../../ui/fault';
import { toast } from '../../ui/toast';
import { mailboxName } from '../names';
import { ask } from './ask';
import { give } from './give';

const { t } = i18next;

/** What the person is told when it was refused, or null when it is under way. */
async function send(path: string, options: RequestOptions, told: string): Promise<string | null> {
  try {
    await request<CommandResult>(path, { ...options, key: crypto.randomUUID() });
    toast({ text: told });
    return null;
  } catch (error) {
    if (error instanceof Problem || error instanceof Unreachable) return faultText(t, error);
    throw error;
  }
}

async function sendAndTell(path: string, options: RequestOptions, told: string): Promise<void> {
  const fault = await send(path, options, told);
  if (fault) toast({ text: fault });
}

export function createMailbox(account: Id, parent: Mailbox | null): void {
  ask({
    kind: 'name', title: t('box.createTitle'), label: t('box.nameLabel'), value: '', yes: t('box.createYes'),
    answer: (name) => {
      const body = { account_id: account, name, ...(parent ? { parent_id: parent.id } : {}) };
      return send('mailboxes', { method: 'POST', body }, t('box.creating', { name }));
    },
  });
}

export function renameMailbox(box: Mailbox): void {
  ask({
    kind: 'name', title: t('box.renameTitle', { name: box.name }), label: t('box.nameLabel'), value: box.name, yes: t('common.save'),
    answer: (name) => (name === box.name ? Promise.resolve(null) : send(`mailboxes/${box.id}`, { method: 'PATCH', body: { name } }, t('box.renaming', { name: box.name }))),
  });
}

export function removeMailbox(box: Mailbox): void {
  ask({
    kind: 'sure', danger: true, title: t('box.removeTitle', { name: box.name }), body: t('box.removeBody', { count: box.total }), yes: t('act.name.delete'),
    answer: () => void sendAndTell(`mailboxes/${box.id}`, { method: 'DELETE' }, t('box.removing', { name: box.name })),
  });
}

export function emptyMailbox(box: Mailbox): void {
  const name = mailboxName(t, box);
  ask({
    kind: 'sure', danger: true, title: t('box.emptyTitle', { name }), body: t('box.emptyBody', { count: box.total }), yes: t('box.emptyYes'),
    answer: () => void sendAndTell(`mailboxes/${box.id}/empty`, { method: 'POST' }, t('box.emptying', { name })),
  });
}

export function readAll(mirror: Mirror, box: Mailbox): void {
  give(mirror, { action: 'read', all_in: box.id }, { said: () => t('act.started') });
}
