// A group's other name.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Field } from '../ui/Field';
import { regroup } from './acts';
import css from './contacts.module.css';
import type { Group } from './types';

export default function RenameGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [name, setName] = useState(group.name);
  const [fault, setFault] = useState('');
  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    try {
      if (name.trim() !== group.name) await regroup(group.id, { name: name.trim() });
      onClose();
    } catch (error) {
      setFault(faultText(common, error));
    }
  }
  return (
    <Dialog title={t('groupRename')} onClose={onClose}>
      <form className={css.choosing} onSubmit={(event) => void save(event)}>
        {fault && <Notice kind="bad">{fault}</Notice>}
        <Field label={t('groupName')} value={name} maxLength={200} autoFocus onChange={(event) => setName(event.target.value)} />
        <DialogActions>
          <Button onClick={onClose}>{common('common.cancel')}</Button>
          <Button look="primary" type="submit" disabled={!name.trim()}>{t('save')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
