// One action as a button with its icon, name and key.
import { Archive, Clock, FolderInput, Inbox, Mail, MailOpen, OctagonAlert, ShieldCheck, Star, StarOff, Tag, Trash2, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { tipKeys, type CommandId } from '../../shell/keymap';
import { IconButton } from '../../ui/Button';
import type { ActionId } from './place';

const ICONS: Record<ActionId, LucideIcon> = {
  archive: Archive, trash: Trash2, junk: OctagonAlert, not_junk: ShieldCheck, inbox: Inbox, delete: Trash2, read: MailOpen, unread: Mail, star: Star,
  unstar: StarOff, move: FolderInput, label: Tag, snooze: Clock, unsnooze: Clock,
};
const KEYS: Partial<Record<ActionId, CommandId>> = {
  archive: 'mail.archive', trash: 'mail.trash', junk: 'mail.junk', not_junk: 'mail.junk', delete: 'mail.trash', read: 'mail.read', unread: 'mail.unread', star: 'mail.star',
  unstar: 'mail.star', move: 'mail.move', label: 'mail.label', snooze: 'mail.snooze',
};

interface ActionButtonProps {
  action: ActionId;
  onAct: () => void;
  size?: number;
  /** Reached by the pointer alone: keys and bars offer the same. */
  pointerOnly?: boolean;
  className?: string;
}

export function ActionButton({ action, onAct, size = 20, pointerOnly = false, className = '' }: ActionButtonProps) {
  const { t } = useTranslation();
  const Icon = ICONS[action];
  const command = KEYS[action];
  return (
    <IconButton
      label={t(`act.name.${action}`)}
      keys={command ? tipKeys(command) : undefined}
      className={className}
      onClick={onAct}
      {...(pointerOnly ? { tabIndex: -1 } : {})}
    >
      <Icon size={size} aria-hidden />
    </IconButton>
  );
}
