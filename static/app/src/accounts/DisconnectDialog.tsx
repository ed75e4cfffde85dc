// Asked before an account is disconnected: what goes, and what stays.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Account } from '../api/types';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { isByConsent } from './shown';
import './words';

export default function DisconnectDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const { t } = useTranslation();
  const { t: say } = useTranslation('consent');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  async function disconnect(): Promise<void> {
    setBusy(true);
    setFault('');
    try {
      await request(`accounts/${account.id}`, { method: 'DELETE' });
      toast({ text: t('accounts.disconnected', { address: account.address }) });
      onClose();
    } catch (error) {
      setFault(faultText(t, error));
      setBusy(false);
    }
  }
  return (
    <Dialog title={t('accounts.confirmTitle', { address: account.address })} alert onClose={onClose}>
      <p>{isByConsent(account) ? say('disconnectBody') : t('accounts.confirmBody')}</p>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <DialogActions>
        <Button onClick={onClose} autoFocus>{t('common.cancel')}</Button>
        <Button look="danger" disabled={busy} onClick={() => void disconnect()}>
          {busy && <Spinner />}{busy ? t('accounts.confirming') : t('accounts.confirmYes')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
