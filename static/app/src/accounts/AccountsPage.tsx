// The accounts a person has connected: how each stands, and what can be done about it.
import { Building2, CircleAlert, CircleCheck, CircleUser, LoaderCircle, Plus, TriangleAlert, Unplug, type LucideIcon } from 'lucide-react';
import { Suspense, lazy, useState } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useSearchParams } from 'wouter';
import { SURFACES, type Account, type Surface } from '../api/types';
import { language, region } from '../i18n';
import { asOf } from '../i18n/format';
import { mailboxOf } from '../shell/home';
import { useAccounts, useMailboxes, useMirror } from '../store/hooks';
import { Button, buttonClass } from '../ui/Button';
import { Empty, Notice, Spinner } from '../ui/Feedback';
import css from './accounts.module.css';
import Again from './Again';
import { again, useLeaving } from './consent';
import { useAdministers } from './company';
import { DoneStep } from './DoneStep';
import { ImportView } from './ImportView';
import { isByConsent } from './shown';
import { Simulated } from './Simulated';
import './words';

const DisconnectDialog = lazy(() => import('./DisconnectDialog'));

export default function AccountsPage() {
  const { t } = useTranslation();
  const { t: say } = useTranslation('consent');
  const administers = useAdministers();
  const mirror = useMirror();
  const accounts = useAccounts();
  const [leaving, setLeaving] = useState<Account | null>(null);
  const [params] = useSearchParams();
  const [, navigate] = useLocation();
  if (!mirror.ready) return null;
  const connected = accounts.find(({ id }) => id === params.get('connected'));
  if (connected) {
    return (
      <div className={css.scroll}>
        <div className={css.wizard}><DoneStep initial={connected} again={() => navigate('/accounts/new')} /></div>
      </div>
    );
  }
  return (
    <div className={css.scroll}>
      <div className={css.page}>
        <header className={css.head}>
          <div>
            <h1>{t('accounts.title')}</h1>
            <p className={css.lead}>{t('accounts.lead')}</p>
          </div>
          <div className={css.actions}>
            {administers && <Link href="/accounts/company" className={buttonClass('secondary')}><Building2 size={16} aria-hidden />{say('company')}</Link>}
            {accounts.length > 0 && (
            <Link href="/accounts/new" className={buttonClass('primary')}><Plus size={16} aria-hidden />{t('accounts.add')}</Link>
            )}
          </div>
        </header>
        {accounts.length === 0 && (
          <Empty icon={CircleUser} action={<Link href="/accounts/new" className={buttonClass('primary')}>{t('accounts.emptyAction')}</Link>}>
            {t('accounts.empty')}
          </Empty>
        )}
        <ul className={css.accounts}>
          {accounts.map((account) => <AccountItem key={account.id} account={account} onDisconnect={() => setLeaving(account)} />)}
        </ul>
      </div>
      <Suspense fallback={null}>{leaving && <DisconnectDialog account={leaving} onClose={() => setLeaving(null)} />}</Suspense>
    </div>
  );
}

type Standing = 'connecting' | 'active' | 'importing' | 'unreachable' | 'needs_reconnect' | 'suspended' | 'disconnected';

function standingOf(account: Account): Standing {
  if (account.status !== 'active') return account.status;
  if (!account.reachable) return 'unreachable';
  return account.import ? 'importing' : 'active';
}

const SIGNS: Record<Standing, { icon: LucideIcon; look: string | undefined }> = {
  connecting: { icon: LoaderCircle, look: '' },
  active: { icon: CircleCheck, look: css.good },
  importing: { icon: CircleCheck, look: css.good },
  unreachable: { icon: TriangleAlert, look: css.warn },
  needs_reconnect: { icon: CircleAlert, look: css.warn },
  suspended: { icon: CircleAlert, look: css.warn },
  disconnected: { icon: Unplug, look: '' },
};

function AccountItem({ account, onDisconnect }: { account: Account; onDisconnect: () => void }) {
  const { t } = useTranslation();
  const { t: say } = useTranslation('consent');
  const inbox = mailboxOf(useMailboxes().filter((box) => box.account_id === account.id), 'inbox');
  const standing = standingOf(account);
  const { icon: Sign, look } = SIGNS[standing];
  const wantsPerson = standing === 'needs_reconnect' || standing === 'disconnected';
  const theirs = account.mine && !account.by_company;
  return (
    <li className={css.account}>
      <span className={css.tag} style={{ background: `var(--hue-${account.color % 8}-fg)` }} aria-hidden />
      <div className={css.accountText}>
        <h2 className={css.address}>{account.address} {account.simulated && <Simulated />}</h2>
        <p className={css.meta}>
          {[account.display_name, t(`accounts.provider.${account.provider_type}`), listed(say, account.surfaces), account.mine ? '' : t('accounts.shared'), account.by_company ? say('byCompany') : ''].filter(Boolean).join(' · ')}
        </p>
        <p className={`${css.standing} ${look ?? ''}`}>
          <Sign size={16} aria-hidden />
          <span>
            <strong>{standing === 'needs_reconnect' && account.by_company ? say('companyAway') : standing === 'needs_reconnect' && isByConsent(account) ? t('accounts.needsSignIn') : t(`accounts.status.${standing}`)}</strong>
            {account.status_reason && <> · {account.status_reason}</>}
            {!account.import && standing !== 'connecting' && (
              <span className={css.asOf} data-num>
                {' · '}{account.as_of ? t('accounts.asOf', { when: asOf(Date.parse(account.as_of)) }) : t('accounts.never')}
              </span>
            )}
          </span>
        </p>
        {account.import && <ImportView progress={account.import} />}
        <div className={css.actions}>
          {theirs && isByConsent(account) && wantsPerson && <Again account={account} look="primary" />}
          {wantsPerson && theirs && !isByConsent(account) && (
            <Link href={`/accounts/${account.id}/reconnect`} className={buttonClass('primary')}>{t('accounts.reconnect')}</Link>
          )}
          {inbox && <Link href={`/mail/${inbox.id}`} className={buttonClass()}>{t('accounts.open')}</Link>}
          {theirs && !wantsPerson && (isByConsent(account) ? <More account={account} /> : (
            <Link href={`/accounts/${account.id}/reconnect`} className={buttonClass('quiet')}>{t('accounts.reconnect')}</Link>
          ))}
          {theirs && <Button look="quiet" onClick={onDisconnect}>{t('accounts.disconnect')}</Button>}
        </div>
      </div>
    </li>
  );
}

/** Several surfaces in a row: "Mail, Calendars and Contacts". */
function listed(say: TFunction<'consent'>, surfaces: readonly Surface[]): string {
  return new Intl.ListFormat(region(), { type: 'conjunction' }).format(surfaces.map((surface) => say(`surface.${surface}`)));
}

/** What of an account is not connected yet; with everything connected, signing in again. */
function More({ account }: { account: Account }) {
  const { t: say } = useTranslation('consent');
  const { to, fault, leave } = useLeaving();
  const missing = SURFACES.filter((surface) => !account.surfaces.includes(surface));
  if (missing.length === 0) return <Again account={account} look="quiet" />;
  return (
    <>
      <Button aria-disabled={to !== null} onClick={() => void leave(again(account, missing))}>
        {to && <Spinner />}{say('more', { surfaces: listed(say, missing).toLocaleLowerCase(language()) })}
      </Button>
      {fault && <Notice kind="bad">{fault}</Notice>}
    </>
  );
}
