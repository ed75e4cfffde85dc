// What calendars are called: with their account, where there are several, for many are called “Calendar”.
import { addressShown } from '../accounts/shown';
import { useAccounts } from '../store/hooks';
import type { Calendar } from './types';

type Named = Pick<Calendar, 'name' | 'account_id'>;

export function useCalendarName(calendars: Named[]): (calendar: Named) => string {
  const accounts = new Map(useAccounts().map((account) => [account.id, addressShown(account)]));
  const several = new Set(calendars.map(({ account_id: account }) => account)).size > 1;
  return ({ name, account_id: account }) => (several ? `${name} · ${accounts.get(account) ?? ''}` : name);
}
