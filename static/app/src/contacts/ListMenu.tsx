// What can be done with the list of contacts: duplicates, selecting, files in and out.
import type { RefObject } from 'react';
import { Menu, MenuItem, Popover, Separator } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import menu from '../ui/menu.module.css';
import { save, told } from './acts';
import type { Part } from './book';
import type { Group } from './types';

interface ListMenuProps {
  button: RefObject<HTMLElement | null>;
  part: Part;
  /** The group that is shown and may be changed. */
  group: Group | undefined;
  onRename: () => void;
  onDelete: () => void;
  importable: boolean;
  onSelect: () => void;
  onImport: () => void;
  onClose: () => void;
}

export default function ListMenu({ button, part, group, onRename, onDelete, importable, onSelect, onImport, onClose }: ListMenuProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [, navigate] = useLocation();
  const book = part.startsWith('book:') ? part.slice('book:'.length) : null;
  const items = [
    { id: 'duplicates', text: t('duplicates'), run: () => navigate('/contacts/duplicates') },
    { id: 'select', text: t('select'), run: onSelect },
    ...(group ? [{ id: 'rename', text: t('groupRename'), run: onRename }, { id: 'delete', text: t('groupDelete'), run: onDelete }] : []),
    ...(importable ? [{ id: 'import', text: t('import'), run: onImport }] : []),
    { id: 'export', text: book ? t('exportBook') : t('exportShown'), run: () => void told(common, () => save('contacts', { book })) },
  ];
  const own = group ? 4 : 2;
  return (
    <Popover aria-label={t('more')} triggerRef={button} isOpen onOpenChange={(open) => !open && onClose()} placement="bottom end" className={menu.popover ?? ''}>
      <Menu aria-label={t('more')} className={menu.menu ?? ''} autoFocus="first" onClose={onClose} onAction={(key) => items.find(({ id }) => id === key)?.run()}>
        {items.slice(0, own).map(({ id, text }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{text}</MenuItem>)}
        <Separator className={menu.line ?? ''} />
        {items.slice(own).map(({ id, text }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{text}</MenuItem>)}
      </Menu>
    </Popover>
  );
}
