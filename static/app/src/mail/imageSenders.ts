// Senders whose remote images the person always sees: the server's list, read when it is first needed.
import { useEffect, useSyncExternalStore } from 'react';
import { request, session } from '../auth/session';
import { Emitter } from '../store/emitter';

const PATH = 'image-senders';

let known: { of: string; addresses: ReadonlySet<string> } | null = null;
let reading: Promise<void> | null = null;
const changed = new Emitter();

/** Whose list it is: a person has one in each company. */
function person(): string {
  const state = session.state();
  return state.status === 'in' ? `${state.me.id}:${state.me.tenant.id}` : '';
}

const current = (): ReadonlySet<string> | null => (known?.of === person() ? known.addresses : null);

function set(addresses: Iterable<string>): void {
  known = { of: person(), addresses: new Set(addresses) };
  changed.emit();
}

const canonical = (address: string): string => address.trim().toLowerCase();

/** Read the list once; a failure leaves it unknown until the next time. Raises as `request` does. */
export function readImageSenders(): Promise<void> {
  if (current()) return Promise.resolve();
  reading ??= request<{ items: string[] }>(PATH).then(({ items }) => set(items)).finally(() => (reading = null));
  return reading;
}

/** Raises as `request` does. */
export async function addImageSender(address: string): Promise<void> {
  await request(PATH, { method: 'POST', body: { address } });
  const before = current();
  if (before) set([...before, canonical(address)]);
  else await readImageSenders();
}

/** Raises as `request` does. */
export async function removeImageSender(address: string): Promise<void> {
  await request(`${PATH}?${new URLSearchParams({ address })}`, { method: 'DELETE' });
  const before = current();
  if (before) set([...before].filter((one) => one !== canonical(address)));
}

/** The list in order; null while it is not known. `wanted` false does not ask for it. */
export function useImageSenders(wanted = true): ReadonlySet<string> | null {
  useEffect(() => {
    // Unknown is the same as not listed: the person is asked.
    if (wanted) void readImageSenders().catch(() => undefined);
  }, [wanted]);
  return useSyncExternalStore((listener) => changed.on(listener), current);
}

export const isListed = (senders: ReadonlySet<string> | null, address: string): boolean => senders?.has(canonical(address)) ?? false;
