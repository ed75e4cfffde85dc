// Asked where a contact is to go.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Select } from '../ui/Field';
import { toast } from '../ui/toast';
import css from './contacts.module.css';
import type { AddressBook, WholeContact } from './types';

interface MoveDialogProps {
  contact: WholeContact;
  books: readonly AddressBook[];
  onClose: () => void;
}

export default function MoveDialog({ contact, books, onClose }: MoveDialogProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [, navigate] = useLocation();
  const [book, setBook] = useState(books[0]?.id ?? '');
  const [key, renew] = useState(() => crypto.randomUUID());
  const [fault, setFault] = useState('');
  async function move(): Promise<void> {
    try {
      const { object } = await request<{ object: Id | null }>(`contacts/${contact.id}/move`, { method: 'POST', key, body: { collection_id: book } });
      toast({ text: t('moved', { name: contact.name, book: books.find(({ id }) => id === book)?.name ?? '' }) });
      onClose();
      if (object) navigate(`/contacts/${object}`);
    } catch (error) {
      setFault(faultText(common, error));
      renew(crypto.randomUUID());
    }
  }
  return (
    <Dialog title={t('moveTitle', { name: contact.name })} onClose={onClose}>
      <div className={css.choosing}>
        {fault && <Notice kind="bad">{fault}</Notice>}
        <Select label={t('moveTo')} value={book} onChange={(event) => setBook(event.target.value)}>
          {books.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </Select>
        <DialogActions>
          <Button onClick={onClose}>{common('common.cancel')}</Button>
          <Button look="primary" onClick={() => void move()}>{t('moveDo')}</Button>
        </DialogActions>
      </div>
    </Dialog>
  );
}
