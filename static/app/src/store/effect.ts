// What a command does to one row, as the person sees it before the server has answered. Pure, and the same when it is
// applied twice: a row that already shows the result stays the very same object.
import type { CommandAction, CommandBody, Id, Mailbox, MailboxRole, Message, ThreadRow } from '../api/types';
import type { Entry, MessageState, ThreadState } from './entry';

// As the server writes them: in small letters.
const FLAG = '\\flagged';
const SEEN = '\\seen';
/** A command on a conversation leaves what lies here alone, unless the person stands in it. */
const KEPT_APART: ReadonlySet<MailboxRole | null> = new Set<MailboxRole>(['sent', 'drafts', 'trash', 'junk']);
const TARGETS: Partial<Record<CommandAction, MailboxRole>> = { archive: 'archive', trash: 'trash', junk: 'junk', not_junk: 'inbox', inbox: 'inbox', unsnooze: 'inbox' };

export const MOVES: ReadonlySet<CommandAction> = new Set<CommandAction>(['move', 'archive', 'junk', 'not_junk', 'trash', 'delete', 'inbox', 'snooze', 'unsnooze']);

/** Acts that mean something else where messages have labels. */
const LABELLED: ReadonlySet<CommandAction> = new Set<CommandAction>(['move', 'archive', 'junk', 'not_junk', 'trash', 'inbox']);

/** The mailboxes as the effects need them. */
export type Boxes = ReadonlyMap<Id, Mailbox>;

/** The mailbox of an account that holds every message, where the others are labels. */
export function wholeOf(account: Id, boxes: Boxes): Id | null {
  for (const box of boxes.values()) if (box.whole && box.account_id === account) return box.id;
  return null;
}

export function targetOf(body: CommandBody, account: Id, boxes: Boxes): Id | null {
  if (body.to_mailbox_id) return body.to_mailbox_id;
  const role = TARGETS[body.action];
  if (!role) return null;
  for (const box of boxes.values()) if (box.account_id === account && box.role === role) return box.id;
  return role === 'archive' ? wholeOf(account, boxes) : null;
}

/** Where messages have labels, a move leaves less: what is archived keeps them, what is thrown away loses all. */
function leavesLabel(body: CommandBody, box: Id, role: MailboxRole | null): boolean {
  const from = body.from_mailbox_id ?? body.all_in;
  switch (body.action) {
    case 'archive': return role === 'inbox';
    case 'inbox': return role === 'trash' || role === 'junk';
    case 'not_junk': return role === 'junk';
    case 'move': return role !== 'all' && (from ? box === from : role === 'inbox');
    default: return box === from || !KEPT_APART.has(role);
  }
}

/** True when the command takes a row out of this mailbox. */
function leaves(body: CommandBody, box: Id, target: Id | null, boxes: Boxes): boolean {
  if (box === target) return false;
  const from = body.from_mailbox_id ?? body.all_in;
  const held = boxes.get(box);
  const role = held?.role ?? null;
  if (held && LABELLED.has(body.action) && wholeOf(held.account_id, boxes)) return leavesLabel(body, box, role);
  if (from) return box === from;
  if (body.action === 'not_junk') return role === 'junk';
  if (body.action === 'delete') return true;
  if (body.action === 'unsnooze' || body.action === 'inbox') return role !== 'sent' && role !== 'drafts';
  return !KEPT_APART.has(role);
}

function placed(ids: readonly Id[], body: CommandBody, account: Id, boxes: Boxes): readonly Id[] {
  const target = targetOf(body, account, boxes);
  const kept = ids.filter((id) => !leaves(body, id, target, boxes));
  // What was put off lies in no mailbox meanwhile: nothing leaves when it comes back.
  // So does what gets a label: it stays where it is besides.
  const stays = kept.length === ids.length && body.action !== 'unsnooze' && !(LABELLED.has(body.action) && wholeOf(account, boxes));
  if (stays || (kept.length === ids.length && (!target || ids.includes(target)))) return ids;
  return target && !kept.includes(target) ? [...kept, target] : kept;
}

export function changedThread(row: ThreadRow, entry: Entry, boxes: Boxes): ThreadRow {
  if (entry.undoes) return restoredThread(row, entry);
  const { body } = entry;
  switch (body.action) {
    case 'read': return row.unread === 0 ? row : { ...row, unread: 0 };
    case 'unread': return row.unread > 0 ? row : { ...row, unread: row.count };
    case 'star': return row.flagged ? row : { ...row, flagged: true };
    case 'unstar': return row.flagged ? { ...row, flagged: false } : row;
    case 'add_keyword': {
      const held = row.keywords ?? [];
      return !body.keyword || held.includes(body.keyword) ? row : { ...row, keywords: [...held, body.keyword] };
    }
    case 'remove_keyword': {
      const held = row.keywords ?? [];
      return held.some((word) => word === body.keyword) ? { ...row, keywords: held.filter((word) => word !== body.keyword) } : row;
    }
    default: {
      const mailbox_ids = placed(row.mailbox_ids, body, row.account_id, boxes);
      const snoozed_until = body.action === 'snooze' ? (body.until ?? null) : null;
      const awake = (row.snoozed_until ?? null) === snoozed_until || !(body.action === 'snooze' || body.action === 'unsnooze');
      if (mailbox_ids === row.mailbox_ids && awake) return row;
      return { ...row, mailbox_ids: [...mailbox_ids], ...(awake ? {} : { snoozed_until }) };
    }
  }
}

function restoredThread(row: ThreadRow, entry: Entry): ThreadRow {
  const was = entry.before.threads.find(({ id }) => id === row.id);
  return was ? withState(row, was, entry.body.action) : row;
}

function withState(row: ThreadRow, was: ThreadState, action: CommandAction): ThreadRow {
  switch (action) {
    case 'read': case 'unread': return row.unread === was.unread ? row : { ...row, unread: was.unread };
    case 'star': case 'unstar': return row.flagged === was.flagged ? row : { ...row, flagged: was.flagged };
    case 'add_keyword': case 'remove_keyword': return sameIds(row.keywords ?? [], was.keywords ?? []) ? row : { ...row, keywords: was.keywords ?? [] };
    default: {
      const same = sameIds(row.mailbox_ids, was.mailbox_ids) && (row.snoozed_until ?? null) === (was.snoozed_until ?? null);
      return same ? row : { ...row, mailbox_ids: was.mailbox_ids, snoozed_until: was.snoozed_until ?? null };
    }
  }
}

const sameIds = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((id) => b.includes(id));

export function changedMessage(message: Message, entry: Entry, boxes: Boxes): Message {
  if (entry.undoes) return restoredMessage(message, entry);
  const { body } = entry;
  switch (body.action) {
    case 'read': return flagged(message, SEEN, true);
    case 'unread': return flagged(message, SEEN, false);
    case 'star': return flagged(message, FLAG, true);
    case 'unstar': return flagged(message, FLAG, false);
    case 'add_keyword': return body.keyword ? flagged(message, body.keyword, true) : message;
    case 'remove_keyword': return body.keyword ? flagged(message, body.keyword, false) : message;
    default: {
      const ids = message.mailboxes.map(({ id }) => id);
      const next = placed(ids, body, message.account_id, boxes);
      if (next === ids) return message;
      return { ...message, mailboxes: next.map((id) => message.mailboxes.find((at) => at.id === id) ?? { id, uid: 0 }) };
    }
  }
}

function flagged(message: Message, flag: string, on: boolean): Message {
  const held = message.flags.includes(flag);
  const unread = flag === SEEN ? !on : message.unread;
  const star = flag === FLAG ? on : message.flagged;
  if (held === on && unread === message.unread && star === message.flagged) return message;
  const flags = on ? (held ? message.flags : [...message.flags, flag]) : message.flags.filter((other) => other !== flag);
  return { ...message, flags, unread, flagged: star };
}

function restoredMessage(message: Message, entry: Entry): Message {
  const was = entry.before.messages.find(({ id }) => id === message.id);
  if (!was) return message;
  if (MOVES.has(entry.body.action)) return { ...message, mailboxes: was.mailboxes };
  return { ...message, unread: was.unread, flagged: was.flagged, flags: was.flags };
}

export const threadState = ({ id, unread, flagged: star, mailbox_ids, keywords, snoozed_until }: ThreadRow): ThreadState =>
  ({ id, unread, flagged: star, mailbox_ids, keywords: keywords ?? [], snoozed_until: snoozed_until ?? null });

export const messageState = ({ id, thread_id, unread, flagged: star, flags, mailboxes }: Message): MessageState =>
  ({ id, thread_id, unread, flagged: star, flags, mailboxes });
