// A command as this device keeps it: what the person did, which rows it concerns, and what the server said so far.
import type { CommandBody, Id, Message, MessageFlags, ThreadRow } from '../api/types';

/** What of a conversation's row a command can change. */
export type ThreadState = Pick<ThreadRow, 'id' | 'unread' | 'flagged' | 'mailbox_ids' | 'keywords' | 'snoozed_until'>;
/** What of a message a command can change. */
export type MessageState = Pick<Message, 'id' | 'thread_id'> & Pick<MessageFlags, 'unread' | 'flagged' | 'flags' | 'mailboxes'>;

export interface Receipt {
  id: Id;
  /** Journal number with which the change is visible. */
  seq: number;
  /** Open while the server still spreads it over rows it has to find first (a search, a whole mailbox). */
  open: boolean;
  undoable: boolean;
  total: number;
}

export interface Entry {
  /** Made here, and the same for every attempt: the server does the command once. */
  key: string;
  /** Order on this device. */
  number: number;
  /** When it was done (milliseconds). */
  made: number;
  /** The command; of an undo, the command that is taken back. */
  body: CommandBody;
  /** Key of the entry that this one takes back. */
  undoes: string | null;
  /** Conversations and messages concerned, as far as they were known here. */
  threads: Id[];
  messages: Id[];
  /** How those looked to the person before: what an undo shows at once. */
  before: { threads: ThreadState[]; messages: MessageState[] };
  receipt: Receipt | null;
}

/** True for a command on more than the rows that were known when it was given. */
export const isWide = ({ body }: Entry): boolean => body.search !== undefined || body.all_in !== undefined;

/** Two commands whose order matters. */
export function touches(a: Entry, b: Entry): boolean {
  if (isWide(a) || isWide(b) || a.undoes === b.key || b.undoes === a.key) return true;
  const mine = new Set([...a.threads, ...a.messages]);
  return [...b.threads, ...b.messages].some((id) => mine.has(id));
}
