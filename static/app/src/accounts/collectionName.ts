// What calendars and address books are called: with their account, where there are several, for many are called “Calendar”.
import type { Id } from '../api/types';
import { useAccounts } from '../store/hooks';
import { addressShown } from './shown';

interface Named { name: string; account_id: Id }

export function useCollectionName(all: readonly Named[]): (one: Named) => string {
  const accounts = new Map(useAccounts().map((account) => [account.id, addressShown(account)]));
  const several = new Set(all.map(({ account_id: account }) => account)).size > 1;
  return ({ name, account_id: account }) => (several ? `${name} · ${accounts.get(account) ?? ''}` : name);
}
