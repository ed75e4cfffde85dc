// Bars above the page: the connection (quiet at first), a new version, and accounts that need the person.
import { CloudOff, RefreshCw, TriangleAlert } from 'lucide-react';
import { Suspense, lazy, useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { isByConsent } from '../accounts/shown';
import type { Account } from '../api/types';
import { asOf } from '../i18n/format';
import { newVersionReady, onVersion } from '../live/version';
import { useAccounts, useConnection, useWaiting } from '../store/hooks';
import { Button, buttonClass } from '../ui/Button';
import css from './shell.module.css';
import { reloadWithNewVersion } from './worker';

const Again = lazy(() => import('../accounts/Again'));

/** Offline shows after this long; a reconnect that is under way gets longer (milliseconds). */
const OFFLINE_AFTER = 3_000;
const RECONNECT_AFTER = 10_000;

export function ConnectionBanner() {
  const { t } = useTranslation();
  const { online, since, freshAt } = useConnection();
  const newVersion = useSyncExternalStore(onVersion, newVersionReady);
  const browserOffline = useBrowserOffline();
  const waiting = useWaiting();
  const late = useAfter(online ? null : since + (browserOffline ? OFFLINE_AFTER : RECONNECT_AFTER));
  if (!online && late) {
    const when = freshAt === null ? null : asOf(freshAt);
    const text = browserOffline
      ? (when ? t('conn.offlineAsOf', { when }) : t('conn.offline'))
      : (when ? t('conn.reconnectingAsOf', { when }) : t('conn.reconnecting'));
    return (
      <div className={css.banner} role="status">
        <CloudOff size={16} aria-hidden />
        <span className={css.bannerText}>{text}{waiting > 0 && ` ${t('conn.waiting', { count: waiting })}`}</span>
      </div>
    );
  }
  if (!newVersion) return null;
  return (
    <div className={css.banner} role="status">
      <RefreshCw size={16} aria-hidden />
      <span className={css.bannerText}>{t('conn.newBuild')}</span>
      <Button look="link" onClick={() => void reloadWithNewVersion()}>{t('conn.reload')}</Button>
    </div>
  );
}

function useBrowserOffline(): boolean {
  const [offline, set] = useState(!navigator.onLine);
  useEffect(() => {
    const update = (): void => set(!navigator.onLine);
    addEventListener('online', update);
    addEventListener('offline', update);
    return () => {
      removeEventListener('online', update);
      removeEventListener('offline', update);
    };
  }, []);
  return offline;
}

/** True once the moment (milliseconds) has passed; null never passes. */
function useAfter(moment: number | null): boolean {
  const [passed, set] = useState<number | null>(null);
  useEffect(() => {
    if (moment === null) return;
    const timer = setTimeout(() => set(moment), Math.max(0, moment - Date.now()));
    return () => clearTimeout(timer);
  }, [moment]);
  return moment !== null && passed === moment;
}

export function AccountBanners() {
  const accounts = useAccounts();
  const [path] = useLocation();
  if (path.startsWith('/accounts')) return null; // the page itself shows it
  return accounts.filter(isInTrouble).map((account) => <AccountBanner key={account.id} account={account} />);
}

const isInTrouble = (account: Account): boolean =>
  account.status === 'needs_reconnect' || (account.status === 'active' && !account.reachable);

function AccountBanner({ account }: { account: Account }) {
  const { t } = useTranslation();
  const { address } = account;
  const wantsPerson = account.status === 'needs_reconnect';
  return (
    <div className={`${css.banner} ${css.bannerWarn}`} role="status">
      <TriangleAlert size={16} aria-hidden />
      <span className={css.bannerText}>
        {wantsPerson && t('conn.trouble', { address, reason: account.status_reason || t(isByConsent(account) ? 'accounts.needsSignIn' : 'accounts.status.needs_reconnect') })}
        {!wantsPerson && (account.as_of
          ? t('conn.unreachable', { address, when: asOf(Date.parse(account.as_of)) })
          : t('conn.unreachableNever', { address }))}
      </span>
      {wantsPerson && account.mine && isByConsent(account) && <Suspense fallback={null}><Again account={account} look="link" /></Suspense>}
      {wantsPerson && account.mine && !isByConsent(account) && (
        <Link href={`/accounts/${account.id}/reconnect`} className={buttonClass('link')}>{t('conn.reconnect')}</Link>
      )}
    </div>
  );
}
