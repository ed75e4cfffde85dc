// Where a person lands: the inbox of their first account that has one.
import type { Account, Mailbox, MailboxRole } from '../api/types';

export function mailboxOf(boxes: Mailbox[], role: MailboxRole, account?: string): Mailbox | undefined {
  const fitting = boxes.filter((box) => box.role === role && box.selectable);
  return fitting.find((box) => box.account_id === account) ?? fitting[0];
}

export function homePath(accounts: Account[], boxes: Mailbox[]): string | null {
  for (const account of accounts) {
    const inbox = boxes.find((box) => box.account_id === account.id && box.role === 'inbox');
    if (inbox) return `/mail/${inbox.id}`;
  }
  const any = boxes.find((box) => box.selectable);
  return any ? `/mail/${any.id}` : null;
}
