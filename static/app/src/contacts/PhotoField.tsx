// The picture of a contact in its form: shown, chosen from a file, taken away.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, buttonClass } from '../ui/Button';
import { Avatar, Notice } from '../ui/Feedback';
import css from './contacts.module.css';
import { shrunk } from './photo';
import { Picture } from './Picture';
import type { Photo, WholeContact } from './types';

interface PhotoFieldProps {
  contact: WholeContact | null;
  name: string;
  /** Undefined leaves it as it is; null takes it away. */
  photo: Photo | null | undefined;
  onChange: (photo: Photo | null) => void;
}

export function PhotoField({ contact, name, photo, onChange }: PhotoFieldProps) {
  const { t } = useTranslation('contacts');
  const [bad, setBad] = useState(false);
  const there = photo ?? (photo === undefined ? contact?.photo : null);
  async function choose(file: File | undefined): Promise<void> {
    if (!file) return;
    try {
      onChange(await shrunk(file));
      setBad(false);
    } catch {
      setBad(true);
    }
  }
  return (
    <div className={css.photoField} role="group" aria-label={t('photo')}>
      {photo || !contact || photo === null
        ? <span className={css.picture}>{photo ? <img src={`data:${photo.media_type};base64,${photo.data}`} alt="" /> : <Avatar name={name} address="" />}</span>
        : <Picture contact={contact} large />}
      <label className={`${buttonClass()} ${css.photoPick}`}>
        {t('photoAdd')}
        <input type="file" accept="image/*" onChange={(event) => void choose(event.target.files?.[0])} />
      </label>
      {there && <Button onClick={() => onChange(null)}>{t('photoRemove')}</Button>}
      {bad && <Notice kind="bad">{t('photoBad')}</Notice>}
    </div>
  );
}
