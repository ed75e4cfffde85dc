// Chooses one of many by typing part of its name: mailboxes, labels.
import { Check, type LucideIcon } from 'lucide-react';
import { useState } from 'react';
import { MenuItem } from 'react-aria-components';
import Dialog from '../../ui/Dialog';
import { TypedMenu } from '../../ui/TypedMenu';
import menu from '../../ui/typedMenu.module.css';
import css from './act.module.css';

export interface Choice {
  id: string;
  text: string;
  hint?: string;
  icon: LucideIcon;
  on?: boolean;
}

interface PickerProps {
  title: string;
  find: string;
  none: string;
  /** What can be chosen once this much is typed. */
  choices: (typed: string) => Choice[];
  onChoose: (id: string) => void;
  onClose: () => void;
  onWord?: string;
}

export function Picker({ title, find, none, choices, onChoose, onClose, onWord = '' }: PickerProps) {
  const [typed, type] = useState('');
  const found = choices(typed);
  return (
    <Dialog title={title} plain width="palette" onClose={onClose}>
      <div className={menu.palette}>
        <p className={css.titleOfPicker} aria-hidden>{title}</p>
        <TypedMenu
          label={title}
          find={find}
          none={none}
          typed={typed}
          onType={type}
          items={found}
          first={found[0]?.id}
          onClose={onClose}
          onChoose={(chosen) => {
            onClose();
            onChoose(chosen);
          }}
        >
          {({ id, text, hint, icon: Icon, on }) => (
            <MenuItem id={id} textValue={text} className={menu.item ?? ''}>
              <Icon size={16} aria-hidden />
              <span className={menu.itemText}>{text}</span>
              {hint && <span className={menu.itemHint}>{hint}</span>}
              {on && <Check size={16} role="img" aria-label={onWord} />}
            </MenuItem>
          )}
        </TypedMenu>
      </div>
    </Dialog>
  );
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** True when every typed word is in the text; accents and case do not matter. */
export function fits(text: string, typed: string): boolean {
  return plain(typed).split(/\s+/).every((word) => plain(text).includes(word));
}
