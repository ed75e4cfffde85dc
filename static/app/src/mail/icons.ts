// The icon of a mailbox, by its role.
import { Archive, Flag, Folder, Inbox, Mails, OctagonAlert, Send, SquarePen, Star, Trash2, type LucideIcon } from 'lucide-react';
import type { Mailbox, MailboxRole } from '../api/types';

const ICONS: Record<MailboxRole, LucideIcon> = {
  inbox: Inbox, sent: Send, drafts: SquarePen, archive: Archive, junk: OctagonAlert,
  trash: Trash2, all: Mails, flagged: Star, important: Flag,
};

export const iconOf = (box: Mailbox): LucideIcon => (box.role ? ICONS[box.role] : Folder);
