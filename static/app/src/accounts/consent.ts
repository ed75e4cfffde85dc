// The way to a provider's own sign-in page and back: which providers there are, and going there.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Account, Consent, Provider } from '../api/types';
import { request } from '../auth/session';
import { faultText } from '../ui/fault';

/** Those this installation is registered with; undefined until that is known. One that cannot be asked has none. */
export function useProviders(): Provider[] | undefined {
  const [providers, set] = useState<Provider[]>();
  useEffect(() => {
    let here = true;
    const settle = (items: Provider[]): void => void (here && set(items));
    request<{ items: Provider[] }>('accounts/providers').then(({ items }) => settle(items), () => settle([]));
    return () => void (here = false);
  }, []);
  return providers;
}

export interface Leaving {
  /** The provider that is being opened. */
  to: string | null;
  fault: string;
  leave: (wanted: Consent) => Promise<void>;
}

/** Leaves this page for the provider's; the provider's answer comes back to another page of ours. */
export function useLeaving(): Leaving {
  const { t } = useTranslation();
  const [to, go] = useState<string | null>(null);
  const [fault, setFault] = useState('');
  useEffect(() => {
    // “Back” on the provider's page shows this one as it was left.
    const shown = (event: PageTransitionEvent): void => void (event.persisted && go(null));
    addEventListener('pageshow', shown);
    return () => removeEventListener('pageshow', shown);
  }, []);
  async function leave(wanted: Consent): Promise<void> {
    if (to) return;
    go(wanted.provider);
    setFault('');
    try {
      const { url } = await request<{ url: string }>('accounts/consent', { method: 'POST', body: wanted });
      location.assign(url);
    } catch (error) {
      setFault(faultText(t, error));
      go(null);
    }
  }
  return { to, fault, leave };
}

/** To sign in again to an account that was connected by consent: all that is connected of it, or more. */
export const again = (account: Account, more: Consent['surfaces'] = []): Consent => ({
  provider: account.provider_type as Provider['name'],
  surfaces: [...account.surfaces, ...more],
  account: account.id,
});
