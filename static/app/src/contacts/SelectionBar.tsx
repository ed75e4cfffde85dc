// What can be done with those who are selected.
import { Suspense, lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { Button } from '../ui/Button';
import { link, save, told } from './acts';
import css from './contacts.module.css';
import type { AddressBook } from './types';

const MergeDialog = lazy(() => import('./MergeDialog'));
/** The server merges and links no more at once. */
const MOST = 20;

interface SelectionBarProps {
  selected: ReadonlySet<Id>;
  books: readonly AddressBook[];
  onEnd: () => void;
}

export function SelectionBar({ selected, books, onEnd }: SelectionBarProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [merging, merge] = useState(false);
  const contacts = [...selected];
  const some = contacts.length > 1 && contacts.length <= MOST;
  const done = (): void => {
    merge(false);
    onEnd();
  };
  async function same(): Promise<void> {
    await link(contacts, true);
    onEnd();
  }
  return (
    <div className={css.selection} role="toolbar" aria-label={t('select')}>
      <p role="status">{t('selected', { count: contacts.length })}</p>
      <Button disabled={contacts.length === 0} onClick={() => void told(common, () => save('contacts', { contacts }))}>{t('export')}</Button>
      <Button disabled={!some} onClick={() => void told(common, same, t('linked'))}>{t('link')}</Button>
      <Button disabled={!some} onClick={() => merge(true)}>{t('merge')}…</Button>
      <Button look="quiet" onClick={onEnd}>{t('selectEnd')}</Button>
      <Suspense fallback={null}>{merging && <MergeDialog contacts={contacts} books={books} onDone={done} onClose={() => merge(false)} />}</Suspense>
    </div>
  );
}
