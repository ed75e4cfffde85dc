// Contacts go into a group: one that is there, or a new one.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Field, Select } from '../ui/Field';
import { toast } from '../ui/toast';
import { makeGroup, regroup } from './acts';
import css from './contacts.module.css';
import type { AddressBook, Contact, Group } from './types';

const NEW = 'new';

interface GroupDialogProps {
  contacts: readonly Contact[];
  books: readonly AddressBook[];
  groups: readonly Group[];
  onDone: (group: Id | null) => void;
  onClose: () => void;
}

export default function GroupDialog({ contacts, books, groups, onDone, onClose }: GroupDialogProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const book = books.find(({ id }) => id === contacts[0]?.collection_id);
  const own = groups.filter(({ collection_id: of, writable }) => of === book?.id && writable);
  const [into, choose] = useState(own[0]?.id ?? NEW);
  const [name, setName] = useState('');
  const [key, renew] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState(() => why());
  function why(): string {
    if (!book || contacts.some(({ collection_id: of }) => of !== book.id)) return t('groupOneBook');
    return book.groups ? '' : t('groupNone', { book: book.name });
  }
  async function put(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!book) return;
    setBusy(true);
    const ids = contacts.map(({ id }) => id);
    try {
      if (into === NEW) onDone(await makeGroup(book.id, name.trim(), ids, key));
      else {
        await regroup(into, { add: ids });
        onDone(into);
      }
      toast({ text: t('grouped', { name: into === NEW ? name.trim() : own.find(({ id }) => id === into)?.name ?? '' }) });
    } catch (error) {
      setFault(faultText(common, error));
      renew(crypto.randomUUID());
      setBusy(false);
    }
  }
  const possible = why() === '';
  return (
    <Dialog title={t('groupTitle')} onClose={onClose}>
      <form className={css.choosing} onSubmit={(event) => void put(event)}>
        {fault && <Notice kind="bad">{fault}</Notice>}
        {possible && own.length > 0 && (
          <Select label={t('group')} value={into} onChange={(event) => choose(event.target.value)}>
            {own.map(({ id, name: called }) => <option key={id} value={id}>{called}</option>)}
            <option value={NEW}>{t('groupNew')}</option>
          </Select>
        )}
        {possible && into === NEW && <Field label={t('groupName')} value={name} maxLength={200} autoFocus onChange={(event) => setName(event.target.value)} />}
        <DialogActions>
          <Button onClick={onClose}>{common('common.cancel')}</Button>
          {possible && <Button look="primary" type="submit" disabled={busy || (into === NEW && !name.trim())}>{t('groupDo')}</Button>}
        </DialogActions>
      </form>
    </Dialog>
  );
}
