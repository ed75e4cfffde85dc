// What can be done to a mailbox, from the sidebar: by its button, a right click, or the menu key.
import type { RefObject } from 'react';
import { Menu, MenuItem, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Account, Mailbox } from '../api/types';
import { createMailbox, emptyMailbox, readAll, removeMailbox, renameMailbox } from '../mail/act/mailboxes';
import { mailboxName } from '../mail/names';
import { useMirror } from '../store/hooks';
import menu from '../ui/menu.module.css';

interface MailboxMenuProps {
  /** Null: the account itself. */
  box: Mailbox | null;
  account: Account;
  button: RefObject<HTMLElement | null>;
  onClose: () => void;
}

export default function MailboxMenu({ box, account, button, onClose }: MailboxMenuProps) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const name = box ? mailboxName(t, box) : account.address;
  const own = box !== null && box.role === null;
  const items: { id: string; text: string; run: () => void }[] = [
    ...(box && box.unread > 0 ? [{ id: 'read', text: t('box.readAll'), run: () => readAll(mirror, box) }] : []),
    { id: 'create', text: box ? t('box.createIn', { name }) : t('box.create'), run: () => createMailbox(account.id, box) },
    ...(own ? [
      { id: 'rename', text: t('box.rename'), run: () => renameMailbox(box) },
      { id: 'remove', text: t('box.remove'), run: () => removeMailbox(box) },
    ] : []),
    ...(box && (box.role === 'trash' || box.role === 'junk') && box.total > 0 ? [{ id: 'empty', text: t('box.empty'), run: () => emptyMailbox(box) }] : []),
  ];
  return (
    <Popover aria-label={t('box.menu', { name })} triggerRef={button} isOpen onOpenChange={(open) => !open && onClose()} placement="bottom start" className={menu.popover ?? ''}>
      <Menu aria-label={t('box.menu', { name })} className={menu.menu ?? ''} autoFocus="first" onClose={onClose} onAction={(key) => items.find(({ id }) => id === key)?.run()}>
        {items.map(({ id, text }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{text}</MenuItem>)}
      </Menu>
    </Popover>
  );
}
