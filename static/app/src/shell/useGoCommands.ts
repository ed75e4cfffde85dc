// g i, g s, g t, g d: the mailboxes with a role, of the account one is in, else of the first that has one. g a, g c, g p, g r, g f:
// calendar, contacts, approvals, reports, follow-ups.
import { useLocation } from 'wouter';
import type { Mailbox, MailboxRole } from '../api/types';
import { useMailboxes } from '../store/hooks';
import { useCommand } from './commands';
import { mailboxOf } from './home';

export function useGoCommands(): void {
  const boxes = useMailboxes();
  const [path, navigate] = useLocation();
  const here = boxes.find((box) => path.startsWith(`/mail/${box.id}`))?.account_id;
  const to = (role: MailboxRole): Mailbox | undefined => mailboxOf(boxes, role, here);
  const go = (box: Mailbox | undefined, query = ''): void => {
    if (box) navigate(`/mail/${box.id}${query}`);
  };
  useCommand('go.inbox', () => go(to('inbox')), !!to('inbox'));
  useCommand('go.sent', () => go(to('sent')), !!to('sent'));
  useCommand('go.drafts', () => go(to('drafts')), !!to('drafts'));
  useCommand('go.calendar', () => navigate('/calendar'));
  useCommand('go.contacts', () => navigate('/contacts'));
  useCommand('go.approvals', () => navigate('/review'));
  useCommand('go.reports', () => navigate('/reports'));
  useCommand('go.followUps', () => navigate('/follow-ups'));
  // Few providers have a mailbox of flagged mail; the inbox can filter for it.
  const flagged = to('flagged');
  useCommand('go.flagged', () => (flagged ? go(flagged) : go(to('inbox'), '?filter=flagged')), !!(flagged ?? to('inbox')));
}
