// A menu that is narrowed by typing: the palette, and what chooses mailboxes and labels.
import { Search } from 'lucide-react';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { Autocomplete, Input, Menu, SearchField } from 'react-aria-components';
import css from './typedMenu.module.css';

interface TypedMenuProps<Item extends object> {
  label: string;
  /** What the field asks for. */
  find: string;
  /** What is said when nothing fits. */
  none: string;
  typed: string;
  onType: (typed: string) => void;
  items: Item[];
  /** What Enter takes when no item is marked: as after pasting, or in haste. */
  first: string | undefined;
  onChoose: (id: string) => void;
  onClose: () => void;
  children: (item: Item) => ReactNode;
}

export function TypedMenu<Item extends object>({ label, find, none, typed, onType, items, first, onChoose, onClose, children }: TypedMenuProps<Item>) {
  const menu = useRef<HTMLDivElement>(null);
  function chosen(): string | undefined {
    return menu.current?.querySelector<HTMLElement>('[data-focused]')?.dataset['key'] ?? (typed.trim() ? first : undefined);
  }
  // Not left to the list, which loses an Enter that comes before it has marked an item, nor to the field, whose Escape
  // would empty it first.
  function take(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    const id = event.key === 'Enter' ? chosen() : undefined;
    if (event.key !== 'Escape' && id === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (id === undefined) onClose();
    else onChoose(id);
  }
  return (
    <Autocomplete inputValue={typed} onInputChange={onType}>
      <SearchField aria-label={find} autoFocus className={css.field ?? ''}>
        <Search size={20} aria-hidden />
        <Input className={css.input ?? ''} placeholder={find} onKeyDownCapture={take} />
      </SearchField>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys must be able to scroll it */}
      <div className={css.items} tabIndex={0}>
        <Menu
          ref={menu}
          aria-label={label}
          className={css.menu ?? ''}
          items={items}
          onAction={(key) => onChoose(String(key))}
          renderEmptyState={() => <p className={css.none}>{none}</p>}
        >
          {children}
        </Menu>
      </div>
    </Autocomplete>
  );
}
