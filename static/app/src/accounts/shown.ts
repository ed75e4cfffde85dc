// How an account is called where there is room for words only: one at a simulation says so.
import i18next from 'i18next';
import type { Account } from '../api/types';

export const addressShown = ({ address, simulated }: Pick<Account, 'address' | 'simulated'>): string =>
  simulated ? i18next.t('accounts.simulatedAddress', { address }) : address;

/** Signed in to at its provider, without a password of ours. */
export const isByConsent = ({ provider_type: kind }: Pick<Account, 'provider_type'>): boolean => kind === 'google' || kind === 'microsoft';
