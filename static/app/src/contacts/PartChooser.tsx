// Of whom the list is: everybody, those of one address book, those in one group. Nothing where there is no choice.
import { useTranslation } from 'react-i18next';
import uiCss from '../ui/ui.module.css';
import type { Part } from './book';
import css from './contacts.module.css';
import type { AddressBook, Group } from './types';

interface PartChooserProps {
  books: readonly AddressBook[];
  groups: readonly Group[];
  part: Part;
  onPart: (part: Part) => void;
}

export function PartChooser({ books, groups, part, onPart }: PartChooserProps) {
  const { t } = useTranslation('contacts');
  if (books.length < 2 && groups.length === 0) return null;
  return (
    <div className={css.part}>
      <select className={uiCss.input} aria-label={t('part')} value={part} onChange={(event) => onPart(event.target.value as Part)}>
        <option value="all">{t('everybody')}</option>
        {books.length > 1 && (
          <optgroup label={t('books')}>
            {books.map(({ id, name }) => <option key={id} value={`book:${id}`}>{name}</option>)}
          </optgroup>
        )}
        {groups.length > 0 && (
          <optgroup label={t('groups')}>
            {groups.map(({ id, name }) => <option key={id} value={`group:${id}`}>{name}</option>)}
          </optgroup>
        )}
      </select>
    </div>
  );
}
