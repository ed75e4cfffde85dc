// How mailboxes and people are called on screen.
import type { TFunction } from 'i18next';
import type { Addr, Mailbox, MailboxRole, Participant } from '../api/types';

export const ROLE_ORDER: MailboxRole[] = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash', 'flagged', 'important', 'all'];

export function mailboxName(t: TFunction, box: Mailbox): string {
  return box.role ? t(`role.${box.role}`) : box.name;
}

export function personName(person: Addr): string {
  return person.name.trim() || person.address;
}

/** "Ada, Luca, me": the last few people of a conversation. */
export function participantNames(t: TFunction, people: Participant[]): string {
  if (people.length === 0) return t('list.noSender');
  if (people.length === 1) return people[0]!.me ? t('list.me') : personName(people[0]!);
  return people.map((person) => (person.me ? t('list.me') : shortName(person))).join(', ');
}

function shortName(person: Addr): string {
  const name = person.name.trim();
  if (!name) return person.address.split('@')[0] ?? person.address;
  const [first = name] = name.split(/\s+/);
  return name.includes(',') || first.includes('.') ? name : first; // "Dott.ssa" alone names nobody
}
