// The mailboxes of one account as a tree: those with a role first, then the rest by name; children under parents.
import type { Id, Mailbox } from '../api/types';
import { ROLE_ORDER } from './names';

export interface Branch { box: Mailbox; children: Branch[] }

export function mailboxTree(boxes: Mailbox[], account: Id): Branch[] {
  const mine = boxes.filter((box) => box.account_id === account);
  const ids = new Set(mine.map((box) => box.id));
  const under = new Map<Id | null, Mailbox[]>();
  for (const box of mine) {
    // A role is shown at the top even when the provider nests it ([Gmail]/Sent Mail, INBOX.Drafts).
    const parent = box.role === null && box.parent_id && ids.has(box.parent_id) ? box.parent_id : null;
    under.set(parent, [...(under.get(parent) ?? []), box]);
  }
  const grow = (parent: Id | null): Branch[] =>
    (under.get(parent) ?? []).toSorted(byPlace).map((box) => ({ box, children: grow(box.id) }));
  return grow(null).filter(isWorthShowing);
}

function byPlace(a: Mailbox, b: Mailbox): number {
  return rank(a) - rank(b) || a.name.localeCompare(b.name, undefined, { sensitivity: 'base', numeric: true });
}

const rank = (box: Mailbox): number => (box.role ? ROLE_ORDER.indexOf(box.role) : ROLE_ORDER.length);

/** A container that holds nothing ("[Gmail]" once its children moved to the top) is noise. */
const isWorthShowing = ({ box, children }: Branch): boolean => box.selectable || children.length > 0;
