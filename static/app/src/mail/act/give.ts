// Gives a command to the outbox with what is known of its rows, tells the person, and keeps what `z` takes back.
import i18next from 'i18next';
import type { CommandAction, CommandBody, Id } from '../../api/types';
import { messageState, threadState } from '../../store/effect';
import type { Entry } from '../../store/entry';
import type { Mirror } from '../../store/mirror';
import { toast } from '../../ui/toast';

/** What the server takes in one command. */
const MOST = 1_000;
/** The same action again within this long (milliseconds) is taken back together with the one before. */
const STREAK = 2_500;
const REMEMBERED = 50;

interface Step {
  action: CommandAction;
  keys: string[];
  /** Conversations or messages. */
  count: number;
  at: number;
}

const steps: Step[] = [];

export interface Told {
  /** What the toast says, of one or of many; null says nothing. */
  said: ((count: number) => string) | null;
}

/** Conversations known to be among those that a search or a whole mailbox means. */
export function give(mirror: Mirror, body: CommandBody, told: Told, known: readonly Id[] = []): Entry[] {
  const entries = chunks(body).map((part) => add(mirror, part, known));
  const count = body.threads?.length ?? body.messages?.length ?? 0;
  note(mirror, body.action, entries, count, told);
  return entries;
}

/** What happens by itself: nothing is said, and `z` does not take it back. */
export function giveQuietly(mirror: Mirror, body: CommandBody): void {
  add(mirror, body, []);
}

function add(mirror: Mirror, body: CommandBody, known: readonly Id[]): Entry {
  const threads = body.threads ?? (body.messages ? threadsOf(mirror, body.messages) : [...known]);
  return mirror.outbox.add(body, { threads, messages: body.messages ?? [], before: stateOf(mirror, threads) });
}

function chunks(body: CommandBody): CommandBody[] {
  const { threads } = body;
  if (!threads || threads.length <= MOST) return [body];
  return Array.from({ length: Math.ceil(threads.length / MOST) }, (_, n) => ({ ...body, threads: threads.slice(n * MOST, (n + 1) * MOST) }));
}

function threadsOf(mirror: Mirror, messages: readonly Id[]): Id[] {
  return [...new Set(messages.flatMap((id) => mirror.tables.messages.get(id)?.thread_id ?? []))];
}

function stateOf(mirror: Mirror, threads: readonly Id[]): Entry['before'] {
  return {
    threads: threads.flatMap((id) => mirror.view.thread(id) ?? []).map((row) => threadState(row)),
    messages: threads.flatMap((id) => mirror.view.conversation(id) ?? []).map((message) => messageState(message)),
  };
}

function note(mirror: Mirror, action: CommandAction, entries: Entry[], count: number, { said }: Told): void {
  const keys = entries.map(({ key }) => key);
  const last = steps.at(-1);
  const now = Date.now();
  if (said && last?.action === action && now - last.at < STREAK && count > 0) {
    last.keys.push(...keys);
    last.count += count;
    last.at = now;
  } else {
    steps.push({ action, keys, count, at: now });
    if (steps.length > REMEMBERED) steps.shift();
  }
  if (!said) return;
  const step = steps.at(-1)!;
  const undoable = action !== 'delete';
  toast({ text: said(step.count), ...(undoable ? { action: { label: i18next.t('act.undo'), run: () => undoStep(mirror, step) } } : {}) });
}

/** Take the last thing back, whatever it was. */
export function undoLast(mirror: Mirror): void {
  const step = steps.findLast(({ keys }) => keys.some((key) => mirror.outbox.find(key)));
  if (step) undoStep(mirror, step);
  else toast({ text: i18next.t('act.nothingToUndo') });
}

function undoStep(mirror: Mirror, step: Step): void {
  const at = steps.indexOf(step);
  if (at >= 0) steps.splice(at, 1);
  const undone = step.keys.toReversed().filter((key) => mirror.outbox.undo(key));
  if (undone.length === 0) toast({ text: i18next.t('act.cannotUndo') });
  else toast({ text: step.count > 1 ? i18next.t('act.undoneMany', { count: step.count }) : i18next.t('act.undone') });
}

/** Take back everything of one command, as its own toast or bar offers. */
export function undoKey(mirror: Mirror, key: string): void {
  const step = steps.find(({ keys }) => keys.includes(key));
  if (step) undoStep(mirror, step);
  else toast({ text: i18next.t(mirror.outbox.undo(key) ? 'act.undone' : 'act.cannotUndo') });
}
