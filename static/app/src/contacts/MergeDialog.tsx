// Several contacts become one: which is kept, and whose value where they differ.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Select } from '../ui/Field';
import { toast } from '../ui/toast';
import uiCss from '../ui/ui.module.css';
import { merge, told, unmerge } from './acts';
import css from './contacts.module.css';
import { partialDate } from './dates';
import { choices, chosen, keptFirst, type ChosenField } from './merging';
import { Picture } from './Picture';
import type { AddressBook, Card, WholeContact } from './types';

interface MergeDialogProps {
  contacts: readonly Id[];
  books: readonly AddressBook[];
  onDone: (kept: Id) => void;
  onClose: () => void;
}

export default function MergeDialog({ contacts, books, onDone, onClose }: MergeDialogProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [found, setFound] = useState<WholeContact[] | null>(null);
  const [fault, setFault] = useState('');
  useEffect(() => {
    let over = false;
    Promise.all(contacts.map((id) => request<WholeContact>(`contacts/${id}`))).then(
      (all) => over || setFound(all),
      (error: unknown) => over || setFault(faultText(common, error)),
    );
    return () => {
      over = true;
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- they are read once: what changes meanwhile is refused
  }, []);
  return (
    <Dialog title={t('mergeTitle')} width="wide" onClose={onClose}>
      {fault && <Notice kind="bad">{fault}</Notice>}
      {found && <Choosing contacts={found} books={books} onDone={onDone} onClose={onClose} />}
    </Dialog>
  );
}

interface ChoosingProps extends Omit<MergeDialogProps, 'contacts'> { contacts: WholeContact[] }

function Choosing({ contacts, books, onDone, onClose }: ChoosingProps) {
  const { t, i18n } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [kept, keep] = useState(Math.max(0, contacts.findIndex(({ writable }) => writable)));
  const [picked, pick] = useState<Partial<Record<ChosenField, Id>>>({});
  const [photo, setPhoto] = useState<Id | null>(null);
  const [key, renew] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const ordered = keptFirst(contacts, kept);
  const bookOf = ({ collection_id: id }: WholeContact): string => books.find((book) => book.id === id)?.name ?? '';
  const places = (of: Partial<Record<ChosenField, Id>>): Partial<Record<ChosenField, number>> =>
    Object.fromEntries(Object.entries(of).map(([field, id]) => [field, ordered.findIndex((one) => one.id === id)]));
  const pictured = ordered.filter((one) => one.photo);

  async function go(): Promise<void> {
    setBusy(true);
    try {
      const made = await merge(ordered, chosen(ordered, places(picked)), photo, key);
      const undo = (): void => void told(common, async () => ((await unmerge(made)) ? t('unmerged') : t('undoTitle')));
      toast({ text: t('merged', { name: ordered[0]!.name }), action: { label: t('undo'), run: undo } });
      onDone(ordered[0]!.id);
    } catch (error) {
      setFault(faultText(common, error));
      renew(crypto.randomUUID());
      setBusy(false);
    }
  }

  return (
    <div className={css.choosing}>
      <p>{t('mergeHint')}</p>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <Select label={t('keep')} value={kept} onChange={(event) => keep(Number(event.target.value))}>
        {contacts.map((one, index) => (
          <option key={one.id} value={index} disabled={!one.writable}>{t('keepAs', { name: one.name, book: bookOf(one) })}</option>
        ))}
      </Select>
      {choices(ordered).map(({ field, options }) => (
        <fieldset key={field} className={css.several}>
          <legend className={uiCss.label}>{t(LABELS[field])}</legend>
          {options.map(({ index }, place) => {
            const { id, card } = ordered[index]!;
            return (
              <label key={id} className={css.option}>
                <input type="radio" name={field} checked={picked[field] ? picked[field] === id : place === 0} onChange={() => pick({ ...picked, [field]: id })} />
                <span>{shown(card, field, i18n.language)}</span>
              </label>
            );
          })}
        </fieldset>
      ))}
      {pictured.length > 1 && (
        <fieldset className={css.several}>
          <legend className={uiCss.label}>{t('photo')}</legend>
          <div className={css.pictures}>
            {pictured.map((one, place) => (
              <label key={one.id} className={css.option}>
                <input type="radio" name="photo" aria-label={t('photoOf', { name: one.name, book: bookOf(one) })} checked={photo ? photo === one.id : place === 0} onChange={() => setPhoto(one.id)} />
                <Picture contact={one} large />
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <DialogActions>
        <Button onClick={onClose}>{common('common.cancel')}</Button>
        <Button look="primary" disabled={busy} onClick={() => void go()}>{t('merge')}</Button>
      </DialogActions>
    </div>
  );
}

const LABELS = {
  name: 'fullName', nickname: 'nickname', organization: 'organization', unit: 'unit', title: 'job', role: 'job', birthday: 'birthday', anniversary: 'anniversary',
} as const;

function shown(card: Card, field: ChosenField, locale: string): string {
  if (field === 'name') return card.full_name;
  if (field === 'birthday' || field === 'anniversary') return card[field] ? partialDate(card[field], locale) : '';
  return card[field];
}
