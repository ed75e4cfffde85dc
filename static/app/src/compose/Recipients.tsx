// The people of one field: chips and a line to type in, with who may be meant below it. Everything by keyboard too.
import { X } from 'lucide-react';
import { useEffect, useId, useImperativeHandle, useRef, useState, type ClipboardEvent, type KeyboardEvent, type ReactNode, type Ref } from 'react';
import { Menu, MenuItem, Popover, Separator } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Addr } from '../api/types';
import { Avatar } from '../ui/Feedback';
import menu from '../ui/menu.module.css';
import { addressFault, formatAddress, parseAddresses, sameAddress } from './address';
import css from './compose.module.css';
import type { People } from './people';
import type { Known } from './types';

export type Field = 'to' | 'cc' | 'bcc';
export const FIELDS: readonly Field[] = ['to', 'cc', 'bcc'];

export interface RecipientsHandle {
  /** Focus the line, with what was typed before it was there. */
  focus: (typed: string) => void;
  /** Take what stands in the line as a recipient. */
  commit: () => void;
}

interface RecipientsProps {
  ref: Ref<RecipientsHandle>;
  field: Field;
  label: string;
  people: Addr[];
  source: People;
  disabled: boolean;
  end?: ReactNode;
  onChange: (people: Addr[]) => void;
  onMove: (person: Addr, from: Field, to: Field) => void;
  /** Enter on an empty line. */
  onSubmit: () => void;
}

const DRAGGED = 'application/x-pmsync-recipient';
/** Typing pauses this long (milliseconds) before the server is asked. */
const ASK_AFTER = 120;

export function Recipients({ ref, field, label, people, source, disabled, end, onChange, onMove, onSubmit }: RecipientsProps) {
  const { t } = useTranslation('compose');
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const row = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const [chosen, choose] = useState(-1);
  const { found, close } = useSuggestions(text, source, people);
  const [over, setOver] = useState(false);
  const listed = found.length > 0 && text.trim() !== '';
  const complete = addressFault(text.trim()) === null;
  // Typed out in full, an address is meant as it stands, whatever resembles it.
  const marked = chosen >= 0 ? chosen : complete ? -1 : 0;
  const bad = people.find(({ address }) => addressFault(address));

  function add(added: Addr[]): void {
    const next = [...people];
    for (const one of added) if (one.address && !next.some(({ address }) => sameAddress(address, one.address))) next.push({ name: one.name, address: one.address });
    setText('');
    choose(-1);
    close();
    if (next.length !== people.length) onChange(next);
  }
  const commit = (): void => {
    if (text.trim()) add(parseAddresses(text).map((one) => source.named(one)));
  };
  useImperativeHandle(ref, () => ({
    focus: (typed) => {
      if (typed) setText((before) => before + typed);
      input.current?.focus();
    },
    commit,
  }));

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>): void {
    if (event.nativeEvent.isComposing || event.ctrlKey || event.metaKey) return;
    const atStart = input.current?.selectionStart === 0 && input.current.selectionEnd === 0;
    const picked = listed ? found[marked] : undefined;
    switch (event.key) {
      case 'ArrowDown': case 'ArrowUp':
        if (!listed) return;
        choose((Math.max(marked, -1) + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % found.length);
        break;
      case 'Enter': case 'Tab':
        if (event.shiftKey || (event.key === 'Tab' && !text.trim())) return;
        if (picked) add([picked]);
        else if (text.trim()) commit();
        else onSubmit();
        break;
      case ',': case ';':
        if (!text.trim() || quoteOpen(text)) return;
        commit();
        break;
      case ' ':
        if (!complete) return;
        commit();
        break;
      case 'Escape':
        if (!listed) return;
        close();
        break;
      case 'Backspace': case 'ArrowLeft':
        if (!atStart || people.length === 0) return;
        focusChip(row.current, people.length - 1);
        break;
      default: return;
    }
    event.preventDefault();
  }

  function onPaste(event: ClipboardEvent<HTMLInputElement>): void {
    const pasted = event.clipboardData.getData('text/plain');
    const added = parseAddresses(pasted);
    if (added.length === 0 || (added.length === 1 && addressFault(added[0]!.address))) return;
    event.preventDefault();
    add([...(text.trim() ? parseAddresses(text) : []), ...added]);
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- a place to drop; the menu of a chip does the same by keyboard
    <div
      ref={row}
      className={css.row}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const dragged = event.dataTransfer.getData(DRAGGED);
        if (!dragged) return;
        event.preventDefault();
        event.stopPropagation();
        const { from, person } = JSON.parse(dragged) as { from: Field; person: Addr };
        onMove(person, from, field);
      }}
    >
      <label className={css.rowLabel} htmlFor={id}>{label}</label>
      <div className={css.people}>
        {people.length > 0 && (
          <ul className={css.chips} aria-label={`${label}: ${t('recipients', { count: people.length })}`}>
            {people.map((person, index) => (
              <Chip
                key={person.address}
                person={person}
                field={field}
                disabled={disabled}
                onRemove={() => {
                  // First the focus, then the removal: a key typed in between would be a shortcut of the page.
                  if (people.length > 1) focusChip(row.current, index + 1 < people.length ? index + 1 : index - 1);
                  else input.current?.focus();
                  onChange(people.filter((one) => one !== person));
                }}
                onEdit={() => {
                  input.current?.focus();
                  onChange(people.filter((one) => one !== person));
                  setText(formatAddress(person));
                }}
                onStep={(by) => {
                  if (index + by >= people.length) input.current?.focus();
                  else focusChip(row.current, Math.max(0, index + by));
                }}
                onMove={(to) => onMove(person, field, to)}
              />
            ))}
          </ul>
        )}
        <input
          ref={input}
          id={id}
          className={css.typed}
          style={{ flexBasis: `${text.length + 2}ch` }}
          value={text}
          type="text"
          inputMode="email"
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={listed}
          aria-controls={listed ? `${id}-list` : undefined}
          aria-activedescendant={listed && marked >= 0 ? `${id}-${marked}` : undefined}
          aria-invalid={bad ? true : undefined}
          aria-describedby={bad ? `${id}-fault` : undefined}
          onChange={(event) => {
            setText(event.target.value);
            choose(-1);
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={(event) => {
            close();
            // Into its own list: the choice comes with the click.
            if (!(event.relatedTarget instanceof Node && row.current?.contains(event.relatedTarget))) commit();
          }}
        />
        {bad && <p id={`${id}-fault`} className={css.rowFault}>{t('badRecipient', { text: formatAddress(bad), fault: t(`fault.${addressFault(bad.address)!}`) })}</p>}
      </div>
      {end && <span className={css.rowEnd}>{end}</span>}
      {listed && (
        <div id={`${id}-list`} className={css.found} role="listbox" aria-label={t('suggestions')}>
          {found.map((known, index) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the line above it has focus and keys
            <div
              key={known.address}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === marked}
              className={css.option}
              onPointerDown={(event) => event.preventDefault()}
              onPointerMove={() => index !== marked && choose(index)}
              onClick={() => add([known])}
            >
              <Avatar name={known.name} address={known.address} />
              <span className={css.optionText}>
                <bdi>{known.name || known.address}</bdi>
                {known.name && <bdi className={css.optionAddress}>{known.address}</bdi>}
              </span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** A comma inside a quoted name ends nothing. */
const quoteOpen = (text: string): boolean => (text.match(/"/g)?.length ?? 0) % 2 === 1;

function focusChip(row: HTMLElement | null, index: number): void {
  row?.querySelectorAll<HTMLElement>('[data-chip]')[index]?.focus();
}

/** Who may be meant: at once from this device, then as the server ranks them. */
function useSuggestions(text: string, source: People, people: Addr[]): { found: Known[]; close: () => void } {
  const [found, setFound] = useState<Known[]>([]);
  const [closed, setClosed] = useState('');
  useEffect(() => {
    const query = text.trim();
    if (!query || query === closed) {
      setFound([]);
      return;
    }
    setFound(source.near(query));
    const stop = new AbortController();
    const timer = setTimeout(() => void source.ask(query, stop.signal).then((items) => items && !stop.signal.aborted && setFound(items)), ASK_AFTER);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, source, closed]);
  const fresh = found.filter(({ address }) => !people.some((one) => sameAddress(one.address, address)));
  return {
    found: fresh,
    close: () => {
      setClosed(text.trim());
      setFound([]);
    },
  };
}

interface ChipProps {
  person: Addr;
  field: Field;
  disabled: boolean;
  onRemove: () => void;
  onEdit: () => void;
  onStep: (by: number) => void;
  onMove: (to: Field) => void;
}

function Chip({ person, field, disabled, onRemove, onEdit, onStep, onMove }: ChipProps) {
  const { t } = useTranslation('compose');
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const fault = addressFault(person.address);
  const whole = formatAddress(person);
  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() === 'c') void navigator.clipboard?.writeText(whole);
      return;
    }
    switch (event.key) {
      case 'ArrowLeft': onStep(-1); break;
      case 'ArrowRight': onStep(1); break;
      case 'Home': onStep(-Infinity); break;
      case 'End': onStep(Infinity); break;
      case 'Delete': case 'Backspace': onRemove(); break;
      case 'F2': onEdit(); break;
      case 'Escape': onStep(Infinity); break;
      default: return;
    }
    event.preventDefault();
  }
  const act: Record<string, () => void> = { edit: onEdit, copy: () => void navigator.clipboard?.writeText(whole), remove: onRemove };
  return (
    <li className={css.chip} data-bad={fault ? true : undefined}>
      <button
        ref={button}
        type="button"
        data-chip
        className={css.chipName}
        tabIndex={-1}
        title={fault ? t('chipFault', { person: whole, fault: t(`fault.${fault}`) }) : whole}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={fault ? t('chipFault', { person: whole, fault: t(`fault.${fault}`) }) : t('chip', { person: whole })}
        draggable={!disabled}
        onDragStart={(event) => {
          event.dataTransfer.setData(DRAGGED, JSON.stringify({ from: field, person }));
          event.dataTransfer.setData('text/plain', whole);
          event.dataTransfer.effectAllowed = 'copyMove';
        }}
        onKeyDown={onKeyDown}
        onClick={() => setOpen(true)}
        onDoubleClick={onEdit}
      >
        <bdi>{person.name || person.address}</bdi>
      </button>
      {/* For the pointer; the keyboard has Delete and the menu. */}
      <button type="button" className={css.chipRemove} tabIndex={-1} aria-hidden onClick={onRemove}><X size={12} aria-hidden /></button>
      {open && (
        <Popover triggerRef={button} isOpen onOpenChange={setOpen} placement="bottom start" aria-label={t('chipMenu', { person: person.name || person.address })} className={menu.popover ?? ''}>
          <p className={css.chipWhole}><bdi>{whole}</bdi></p>
          <Menu
            aria-label={t('chipMenu', { person: person.name || person.address })}
            className={menu.menu ?? ''}
            autoFocus="first"
            onClose={() => setOpen(false)}
            onAction={(key) => (key === 'to' || key === 'cc' || key === 'bcc' ? onMove(key) : act[String(key)]?.())}
          >
            <MenuItem id="edit" className={menu.item ?? ''}>{t('edit')}</MenuItem>
            <MenuItem id="copy" className={menu.item ?? ''}>{t('copyAddress')}</MenuItem>
            {FIELDS.filter((other) => other !== field).map((other) => <MenuItem key={other} id={other} className={menu.item ?? ''}>{t('moveTo', { field: t(other) })}</MenuItem>)}
            <Separator className={menu.line ?? ''} />
            <MenuItem id="remove" className={menu.item ?? ''}>{t('remove')}</MenuItem>
          </Menu>
        </Popover>
      )}
    </li>
  );
}
