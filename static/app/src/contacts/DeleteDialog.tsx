// Asked before a contact is deleted.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import type { Contact } from './types';

interface DeleteDialogProps {
  contact: Pick<Contact, 'id' | 'name'>;
  /** It is a group: those in it stay. */
  group?: boolean;
  onDone?: () => void;
  onClose: () => void;
}

export default function DeleteDialog({ contact, group = false, onDone, onClose }: DeleteDialogProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [, navigate] = useLocation();
  const [key] = useState(() => crypto.randomUUID());
  const [fault, setFault] = useState('');
  async function remove(): Promise<void> {
    try {
      await request(`contacts/${contact.id}`, { method: 'DELETE', key });
      toast({ text: t('deleted', { name: contact.name }) });
      if (onDone) onDone();
      else navigate('/contacts');
    } catch (error) {
      setFault(faultText(common, error));
    }
  }
  return (
    <Dialog title={t('deleteTitle', { name: contact.name })} alert onClose={onClose}>
      <p>{t(group ? 'deleteGroupBody' : 'deleteBody')}</p>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <DialogActions>
        <Button onClick={onClose} autoFocus>{common('common.cancel')}</Button>
        <Button look="danger" onClick={() => void remove()}>{t('delete')}</Button>
      </DialogActions>
    </Dialog>
  );
}
