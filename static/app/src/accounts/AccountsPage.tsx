// The accounts a person has connected: how each stands, and what can be done about it.
import { CircleAlert, CircleCheck, CircleUser, LoaderCircle, Plus, TriangleAlert, Unplug, type LucideIcon } from 'lucide-react';
import { Suspense, lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Account } from '../api/types';
import { asOf } from '../i18n/format';
import { mailboxOf } from '../shell/home';
import { useAccounts, useMailboxes, useMirror } from '../store/hooks';
import { Button, buttonClass } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import css from './accounts.module.css';
import { ImportView } from './ImportView';

const DisconnectDialog = lazy(() => import('./DisconnectDialog'));

export default function AccountsPage() {
  const { t } = useTranslation();
  const mirror = useMirror();
  const accounts = useAccounts();
  const [leaving, setLeaving] = useState<Account | null>(null);
  if (!mirror.ready) return null;
  return (
    <div className={css.scroll}>
      <div className={css.page}>
        <header className={css.head}>
          <div>
            <h1>{t('accounts.title')}</h1>
            <p className={css.lead}>{t('accounts.lead')}</p>
          </div>
          {accounts.length > 0 && (
            <Link href="/accounts/new" className={buttonClass('primary')}><Plus size={16} aria-hidden />{t('accounts.add')}</Link>
          )}
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

type Standing = 'connecting' | 'active' | 'importing' | 'unreachable' | 'needs_reconnect' | 'disconnected';

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
  disconnected: { icon: Unplug, look: '' },
};

function AccountItem({ account, onDisconnect }: { account: Account; onDisconnect: () => void }) {
  const { t } = useTranslation();
  const inbox = mailboxOf(useMailboxes().filter((box) => box.account_id === account.id), 'inbox');
  const standing = standingOf(account);
  const { icon: Sign, look } = SIGNS[standing];
  const wantsPerson = standing === 'needs_reconnect' || standing === 'disconnected';
  return (
    <li className={css.account}>
      <span className={css.tag} style={{ background: `var(--hue-${account.color % 8}-fg)` }} aria-hidden />
      <div className={css.accountText}>
        <h2 className={css.address}>{account.address}</h2>
        <p className={css.meta}>
          {[account.display_name, t(`accounts.provider.${account.provider_type}`), account.mine ? '' : t('accounts.shared')].filter(Boolean).join(' · ')}
        </p>
        <p className={`${css.standing} ${look ?? ''}`}>
          <Sign size={16} aria-hidden />
          <span>
            <strong>{t(`accounts.status.${standing}`)}</strong>
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
          {wantsPerson && account.mine && (
            <Link href={`/accounts/${account.id}/reconnect`} className={buttonClass('primary')}>{t('accounts.reconnect')}</Link>
          )}
          {inbox && <Link href={`/mail/${inbox.id}`} className={buttonClass()}>{t('accounts.open')}</Link>}
          {account.mine && !wantsPerson && (
            <Link href={`/accounts/${account.id}/reconnect`} className={buttonClass('quiet')}>{t('accounts.reconnect')}</Link>
          )}
          {account.mine && <Button look="quiet" onClick={onDisconnect}>{t('accounts.disconnect')}</Button>}
        </div>
      </div>
    </li>
  );
}
