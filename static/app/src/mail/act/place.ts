// Where the person stands: which list is on screen, what is open and under the cursor, and how to go on from there.
import { createContext, useContext } from 'react';
import type { CommandAction, Id, MailboxRole, ThreadFilter } from '../../api/types';

/** The rows of the list on screen, as far as they are known. */
export interface Order {
  total: number;
  at(index: number): Id | undefined;
  indexOf(id: Id): number;
  /** Every known row. */
  known(): Id[];
}

export interface Place {
  /** Names the list. */
  source: string;
  /** The mailbox one stands in; null in search results and where several are shown as one. */
  mailbox: Id | null;
  role: MailboxRole | null;
  filter: ThreadFilter | null;
  /** The search whose results are shown. */
  query: string | null;
}

export interface ActionOptions {
  to?: Id;
  /** Out of where, when that is not where the person stands. */
  from?: Id;
  /** What a move means where mailboxes are labels: for what is said of it. */
  label?: { name: string; on: boolean };
  keyword?: string;
  until?: string;
}

/** Actions as people name them; each becomes one command or opens what asks for the rest. */
export type ActionId =
  | 'archive' | 'trash' | 'junk' | 'not_junk' | 'inbox' | 'delete' | 'read' | 'unread' | 'star' | 'unstar' | 'move' | 'label' | 'snooze' | 'unsnooze';

export interface Actions {
  place: Place;
  order: Order;
  cursor: Id | null;
  open: Id | undefined;
  /** What an action means now: the selection, else the open conversation, else the row of the cursor. */
  targets(): Id[];
  /** Do it to these conversations, or to the targets. */
  act(action: ActionId, ids?: Id[]): void;
  /** Do what a picker has chosen. */
  perform(action: CommandAction, ids: Id[], options?: ActionOptions): void;
}

export const ActionsContext = createContext<Actions | null>(null);

export function useActions(): Actions {
  const actions = useContext(ActionsContext);
  if (!actions) throw new Error('No list around this component');
  return actions;
}

const USUAL: readonly ActionId[] = ['archive', 'junk', 'trash', 'read', 'snooze', 'move', 'label', 'star'];
const OFFERED: Partial<Record<MailboxRole, readonly ActionId[]>> = {
  trash: ['inbox', 'delete', 'read', 'move', 'label'],
  junk: ['not_junk', 'delete', 'read', 'move'],
  archive: ['inbox', 'junk', 'trash', 'read', 'snooze', 'move', 'label', 'star'],
  drafts: ['trash', 'star'],
  sent: ['archive', 'trash', 'read', 'move', 'label', 'star'],
};

const PUT_OFF: readonly ActionId[] = ['unsnooze', 'archive', 'trash', 'read', 'snooze', 'move', 'label', 'star'];

/** What the bars offer, by where one stands; always the same object for the same place. */
export function offered({ role, filter }: Pick<Place, 'role' | 'filter'>): readonly ActionId[] {
  if (filter === 'snoozed') return PUT_OFF;
  return (role && OFFERED[role]) ?? USUAL;
}
