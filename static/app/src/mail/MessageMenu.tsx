// What can be done to one message of a conversation.
import type { RefObject } from 'react';
import { Menu, MenuItem, Popover, Separator } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { CommandAction, Message } from '../api/types';
import { openComposer } from '../compose/open';
import { useMirror } from '../store/hooks';
import { faultText } from '../ui/fault';
import menu from '../ui/menu.module.css';
import { toast } from '../ui/toast';
import { ask } from './act/ask';
import { give } from './act/give';
import { useActions } from './act/place';
import { downloadOriginal } from './download';
import { startPrint } from './startPrint';

interface MessageMenuProps {
  message: Message;
  button: RefObject<HTMLElement | null>;
  onClose: () => void;
}

export default function MessageMenu({ message, button, onClose }: MessageMenuProps) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const { place } = useActions();

  function act(action: CommandAction, messages = [message.id]): void {
    const account = mirror.tables.accounts.get(message.account_id);
    if (account?.role === 'reader') return toast({ text: t('act.readOnly', { address: account.address }) });
    const said = action === 'star' || action === 'unstar' ? null : (count: number): string => t(`act.done.${action}`, { count, mailbox: '', label: '', when: '' });
    const here = message.mailboxes.some(({ id }) => id === place.mailbox);
    const moves = action === 'archive' || action === 'trash' || action === 'delete';
    give(mirror, { action, messages, ...(moves && here && place.mailbox ? { from_mailbox_id: place.mailbox } : {}) }, { said });
  }

  function fromHere(): void {
    const all = mirror.view.conversation(message.thread_id) ?? [message];
    act('unread', all.slice(all.findIndex(({ id }) => id === message.id)).map(({ id }) => id));
  }

  function trash(): void {
    const gone = message.mailboxes.every(({ id }) => mirror.tables.mailboxes.get(id)?.role === 'trash');
    if (!gone) return act('trash');
    ask({ kind: 'sure', danger: true, title: t('act.deleteTitle', { count: 1 }), body: t('act.deleteBody'), yes: t('act.name.delete'), answer: () => act('delete') });
  }

  const items: { id: string; text: string; run: () => void }[] = [
    { id: 'reply', text: t('reader.reply'), run: () => openComposer({ mode: 'reply', messageId: message.id }) },
    { id: 'all', text: t('reader.replyAll'), run: () => openComposer({ mode: 'reply_all', messageId: message.id }) },
    { id: 'forward', text: t('reader.forward'), run: () => openComposer({ mode: 'forward', messageId: message.id }) },
    { id: 'star', text: t(`act.name.${message.flagged ? 'unstar' : 'star'}`), run: () => act(message.flagged ? 'unstar' : 'star') },
    { id: 'unread', text: t('reader.unreadFromHere'), run: fromHere },
    { id: 'archive', text: t('act.name.archive'), run: () => act('archive') },
    { id: 'trash', text: t('act.name.trash'), run: trash },
    { id: 'print', text: t('reader.print'), run: () => startPrint(t, mirror, { message: message.id }) },
    {
      id: 'source',
      text: t('reader.source'),
      run: () => void downloadOriginal(message.id, message.subject).catch((error: unknown) => toast({ text: t('reader.downloadFailed', { reason: faultText(t, error) }) })),
    },
  ];
  return (
    <Popover aria-label={t('reader.messageMenu')} triggerRef={button} isOpen onOpenChange={(open) => !open && onClose()} placement="bottom end" className={menu.popover ?? ''}>
      <Menu aria-label={t('reader.messageMenu')} className={menu.menu ?? ''} autoFocus="first" onClose={onClose} onAction={(key) => items.find(({ id }) => id === key)?.run()}>
        {items.slice(0, 3).map(({ id, text }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{text}</MenuItem>)}
        <Separator className={menu.line ?? ''} />
        {items.slice(3).map(({ id, text }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{text}</MenuItem>)}
      </Menu>
    </Popover>
  );
}
