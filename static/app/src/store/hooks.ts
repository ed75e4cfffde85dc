// How components read the mirror: one row or one list each, so an event re-renders only what it touched.
import { createContext, useCallback, useContext, useEffect, useSyncExternalStore } from 'react';
import type { Account, Body, Id, Mailbox, Message, ThreadRow } from '../api/types';
import type { Entry } from './entry';
import { type Connection, type Load, type Mirror } from './mirror';
import type { SparseList } from './sparse';
import type { ListKey } from './tables';

export const MirrorContext = createContext<Mirror | null>(null);

export function useMirror(): Mirror {
  const mirror = useContext(MirrorContext);
  if (!mirror) throw new Error('No mirror above this component');
  return mirror;
}

/** Re-renders when `read` gives another value after a change of `key`. `read` must give the same value for the same state. */
function useStored<T>(key: string, read: (mirror: Mirror) => T): T {
  const mirror = useMirror();
  const subscribe = useCallback((listener: () => void) => mirror.subscribe(key, listener), [mirror, key]);
  return useSyncExternalStore(subscribe, () => read(mirror));
}

function useDerived<T>(key: string, make: (mirror: Mirror) => T): T {
  return useStored(key, (mirror) => mirror.derived(key, () => make(mirror)));
}

export function useAccounts(): Account[] {
  return useDerived('accounts:', ({ tables }) => [...tables.accounts.values()]);
}

export function useMailboxes(): Mailbox[] {
  return useDerived('mailboxes:', ({ view }) => view.mailboxes());
}

export function useMailbox(id: Id): Mailbox | undefined {
  return useStored(`mailbox:${id}`, ({ view }) => view.mailbox(id));
}

export function useThread(id: Id): ThreadRow | undefined {
  return useStored(`thread:${id}`, ({ view }) => view.thread(id));
}

export function useList(key: ListKey): { list: SparseList; version: number; load: Load } {
  const mirror = useMirror();
  const version = useStored(`list:${key}`, ({ view }) => view.list(key).version);
  const load = useLoad(`list:${key}`);
  return { list: mirror.view.list(key), version, load };
}

export function useLoad(key: string): Load {
  return useStored(`load:${key}`, (mirror) => mirror.load(key));
}

export interface OpenConversation {
  thread: ThreadRow | undefined;
  messages: Message[] | undefined;
  load: Load;
}

export function useConversation(id: Id): OpenConversation {
  const mirror = useMirror();
  const messages = useDerived(`conversation:${id}`, ({ view }) => view.conversation(id));
  const thread = useThread(id);
  const load = useLoad(`conversation:${id}`);
  useEffect(() => void mirror.openConversation(id), [mirror, id]);
  // Older mail may join an open conversation without an arrival event: the row's count tells.
  const known = mirror.tables.conversations.get(id)?.length;
  const short = known !== undefined && thread !== undefined && known !== thread.count;
  useEffect(() => {
    if (short) void mirror.openConversation(id, true);
  }, [mirror, id, short, thread?.rev]);
  return { thread, messages, load };
}

export function useMessage(id: Id): Message | undefined {
  return useStored(`message:${id}`, ({ view }) => view.message(id));
}

export function useBody(message: Id): { body: Body | undefined; load: Load; retry: () => void } {
  const mirror = useMirror();
  const body = useStored(`body:${message}`, ({ bodies }) => bodies.get(message));
  const load = useLoad(`body:${message}`);
  const retry = useCallback(() => void mirror.openBody(message), [mirror, message]);
  useEffect(retry, [retry]);
  return { body, load, retry };
}

/** True once the text of a message is on this device. */
export function useBodyHere(message: Id): boolean {
  return useStored(`body:${message}`, ({ bodies }) => bodies.has(message));
}

export function useConnection(): Connection & { freshAt: number | null } {
  const mirror = useMirror();
  const connection = useStored('connection:', ({ connection: now }) => now);
  return { ...connection, freshAt: mirror.freshAt };
}

/** How many commands wait for the server's answer. */
export function useWaiting(): number {
  return useStored('waiting:', ({ outbox }) => outbox.waiting());
}

/** Why the last command on this conversation was not done, or undefined. */
export function useFailure(thread: Id): { entry: Entry | null; sentence: string } | undefined {
  return useStored(`thread:${thread}`, ({ outbox }) => outbox.failures.get(thread));
}
