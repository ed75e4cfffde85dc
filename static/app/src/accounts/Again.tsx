// Signing in again to an account at its provider: one button, wherever it is needed.
import { useTranslation } from 'react-i18next';
import type { Account } from '../api/types';
import { Button, type Look } from '../ui/Button';
import { Notice, Spinner } from '../ui/Feedback';
import { again, useLeaving } from './consent';
import './words';

export default function Again({ account, look }: { account: Account; look: Look }) {
  const { t } = useTranslation('consent');
  const { to, fault, leave } = useLeaving();
  // What the company connected, its administrators mend.
  if (account.by_company) return null;
  return (
    <>
      <Button look={look} aria-disabled={to !== null} onClick={() => void leave(again(account))}>
        {to && <Spinner />}{t('signInAgain')}
      </Button>
      {fault && <Notice kind="bad">{fault}</Notice>}
    </>
  );
}
