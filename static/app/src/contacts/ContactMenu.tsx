// What else can be done to the contact that is open.
import type { RefObject } from 'react';
import { Menu, MenuItem, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { fileName } from '../mail/download';
import menu from '../ui/menu.module.css';
import { save, told } from './acts';
import type { WholeContact } from './types';

interface ContactMenuProps {
  contact: WholeContact;
  movable: boolean;
  button: RefObject<HTMLElement | null>;
  onMove: () => void;
  onClose: () => void;
}

export default function ContactMenu({ contact, movable, button, onMove, onClose }: ContactMenuProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const items = [
    ...(movable ? [{ id: 'move', text: t('move'), run: onMove }] : []),
    { id: 'export', text: t('exportOne'), run: () => void told(common, () => save(fileName(contact.name) || 'contact', { contacts: [contact.id] })) },
  ];
  return (
    <Popover aria-label={t('more')} triggerRef={button} isOpen onOpenChange={(open) => !open && onClose()} placement="bottom end" className={menu.popover ?? ''}>
      <Menu aria-label={t('more')} className={menu.menu ?? ''} autoFocus="first" onClose={onClose} onAction={(key) => items.find(({ id }) => id === key)?.run()}>
        {items.map(({ id, text }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{text}</MenuItem>)}
      </Menu>
    </Popover>
  );
}
