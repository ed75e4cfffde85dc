// An account that has just been connected: how far its import is, and where to go from here.
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Account } from '../api/types';
import { mailboxOf } from '../shell/home';
import { useAccounts, useMailboxes } from '../store/hooks';
import { Button, buttonClass } from '../ui/Button';
import { Progress } from '../ui/Feedback';
import css from './accounts.module.css';
import { ImportView } from './ImportView';
import { Simulated } from './Simulated';
import './words';

export function DoneStep({ initial, again }: { initial: Account; again: () => void }) {
  const { t } = useTranslation();
  const { t: say } = useTranslation('consent');
  const account = useAccounts().find(({ id }) => id === initial.id) ?? initial;
  const inbox = mailboxOf(useMailboxes().filter((box) => box.account_id === account.id), 'inbox');
  return (
    <div className={css.fields}>
      <h1>{t('connect.doneTitle', { address: account.address })} {account.simulated && <Simulated />}</h1>
      {account.surfaces.includes('mail') ? <MailProgress account={account} /> : <p className={css.lead}>{say('withoutMail')}</p>}
      <div className={css.actions}>
        {inbox && <Link href={`/mail/${inbox.id}`} className={buttonClass('primary')}>{t('connect.toInbox')}</Link>}
        {!inbox && account.surfaces.includes('calendar') && <Link href="/calendar" className={buttonClass()}>{say('toCalendar')}</Link>}
        {!inbox && account.surfaces.includes('contacts') && <Link href="/contacts" className={buttonClass()}>{say('toContacts')}</Link>}
        <Link href="/accounts" className={buttonClass('quiet')}>{say('toAccounts')}</Link>
        <Button look="quiet" onClick={again}>{t('connect.another')}</Button>
      </div>
    </div>
  );
}

function MailProgress({ account }: { account: Account }) {
  const { t } = useTranslation();
  const finished = account.import === null && account.status === 'active';
  return (
    <>
      <p className={css.lead}>{finished ? t('connect.importDone') : t('connect.importing')}</p>
      {account.import ? <ImportView progress={account.import} /> : <Progress label={t('connect.importDone')} done={finished ? 1 : 0} total={1} />}
    </>
  );
}
