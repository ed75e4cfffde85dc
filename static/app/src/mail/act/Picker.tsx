// Chooses one of many by typing part of its name: mailboxes, labels.
import { Check, Search, type LucideIcon } from 'lucide-react';
import { useState } from 'react';
import { Autocomplete, Input, Menu, MenuItem, SearchField } from 'react-aria-components';
import overlays from '../../shell/overlays.module.css';
import Dialog from '../../ui/Dialog';
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
      <div className={overlays.palette}>
        <p className={css.titleOfPicker} aria-hidden>{title}</p>
        <Autocomplete inputValue={typed} onInputChange={type}>
          <SearchField aria-label={find} autoFocus className={overlays.field ?? ''}>
            <Search size={20} aria-hidden />
            <Input className={overlays.input ?? ''} placeholder={find} />
          </SearchField>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys must be able to scroll it */}
          <div className={overlays.items} tabIndex={0}>
            <Menu
              aria-label={title}
              className={overlays.menu ?? ''}
              items={found}
              onAction={(key) => {
                onClose();
                onChoose(String(key));
              }}
              renderEmptyState={() => <p className={overlays.none}>{none}</p>}
            >
              {({ id, text, hint, icon: Icon, on }: Choice) => (
                <MenuItem id={id} textValue={text} className={overlays.item ?? ''}>
                  <Icon size={16} aria-hidden />
                  <span className={overlays.itemText}>{text}</span>
                  {hint && <span className={overlays.itemHint}>{hint}</span>}
                  {on && <Check size={16} role="img" aria-label={onWord} />}
                </MenuItem>
              )}
            </Menu>
          </div>
        </Autocomplete>
      </div>
    </Dialog>
  );
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** True when every typed word is in the text; accents and case do not matter. */
export function fits(text: string, typed: string): boolean {
  return plain(typed).split(/\s+/).every((word) => plain(text).includes(word));
}
