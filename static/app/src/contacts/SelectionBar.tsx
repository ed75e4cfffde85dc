// What can be done with those who are selected.
import { Suspense, lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { Button } from '../ui/Button';
import { link, regroup, save, told } from './acts';
import css from './contacts.module.css';
import type { Part } from './book';
import type { AddressBook, Contact, Group } from './types';

const GroupDialog = lazy(() => import('./GroupDialog'));
const MergeDialog = lazy(() => import('./MergeDialog'));
/** The server merges and links no more at once. */
const MOST = 20;

interface SelectionBarProps {
  selected: ReadonlyMap<Id, Contact>;
  books: readonly AddressBook[];
  groups: readonly Group[];
  part: Part;
  onPart: (part: Part) => void;
  onEnd: () => void;
}

export function SelectionBar({ selected, books, groups, part, onPart, onEnd }: SelectionBarProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [merging, merge] = useState(false);
  const [grouping, group] = useState(false);
  const contacts = [...selected.keys()];
  const shown = groups.find(({ id, writable }) => part === `group:${id}` && writable);
  const some = contacts.length > 1 && contacts.length <= MOST;
  const done = (): void => {
    merge(false);
    onEnd();
  };
  const grouped = (into: Id | null): void => {
    group(false);
    onEnd();
    if (into) onPart(`group:${into}`);
  };
  async function same(): Promise<void> {
    await link(contacts, true);
    onEnd();
  }
  async function leave(from: Group): Promise<void> {
    await regroup(from.id, { remove: contacts });
    onEnd();
  }
  return (
    <div className={css.selection} role="toolbar" aria-label={t('select')}>
      <p role="status">{t('selected', { count: contacts.length })}</p>
      <Button disabled={contacts.length === 0} onClick={() => void told(common, () => save('contacts', { contacts }))}>{t('export')}</Button>
      <Button disabled={!some} onClick={() => void told(common, same, t('linked'))}>{t('link')}</Button>
      <Button disabled={!some} onClick={() => merge(true)}>{t('merge')}…</Button>
      {books.some((book) => book.groups && book.writable) && <Button disabled={contacts.length === 0} onClick={() => group(true)}>{t('group')}…</Button>}
      {shown && <Button disabled={contacts.length === 0} onClick={() => void told(common, () => leave(shown), t('ungrouped', { name: shown.name }))}>{t('ungroup')}</Button>}
      <Button look="quiet" onClick={onEnd}>{t('selectEnd')}</Button>
      <Suspense fallback={null}>
        {merging && <MergeDialog contacts={contacts} books={books} onDone={done} onClose={() => merge(false)} />}
        {grouping && <GroupDialog contacts={[...selected.values()]} books={books} groups={groups} onDone={grouped} onClose={() => group(false)} />}
      </Suspense>
    </div>
  );
}
