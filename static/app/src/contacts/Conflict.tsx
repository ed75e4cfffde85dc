// After a conflict: what the person wrote beside what somebody else did, and the choice between the two.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { differing } from './change';
import css from './contacts.module.css';
import { LABELS, said } from './said';
import type { Card, CardChange, WholeContact } from './types';

export function Conflict({ contact, ours }: { contact: WholeContact; ours: Card }) {
  const { t, i18n } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [fault, setFault] = useState('');
  const [key] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const { mine, other } = differing(contact.card, ours);
  async function keep(change: CardChange): Promise<void> {
    setBusy(true);
    try {
      await request(`contacts/${contact.id}`, { method: 'PATCH', key, body: change });
    } catch (error) {
      setFault(faultText(common, error));
      setBusy(false);
    }
  }
  return (
    <Notice kind="warn">
      <p>{t('conflict')}</p>
      <ul>
        {Object.keys(mine).map((field) => (
          <li key={field} className={css.lines}>
            {t('yours', { field: t(LABELS[field as keyof typeof LABELS]), value: said(mine, field as keyof CardChange, i18n.language) || t('nothing') })}
          </li>
        ))}
      </ul>
      {fault && <p role="alert">{fault}</p>}
      {contact.writable && (
        <div className={css.choice}>
          <Button disabled={busy} onClick={() => void keep(mine)}>{t('keepMine')}</Button>
          <Button disabled={busy} onClick={() => void keep(other)}>{t('keepTheirs')}</Button>
        </div>
      )}
    </Notice>
  );
}
