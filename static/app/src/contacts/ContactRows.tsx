// A virtual list of contacts with a strip of letters to jump by.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Id } from '../api/types';
import mailCss from '../mail/mail.module.css';
import { usePhone } from '../shell/usePreference';
import type { ContactList } from './book';
import css from './contacts.module.css';
import { Picture } from './Picture';
import type { Contact } from './types';

const ROW = { phone: 64, desk: 56 };
const AHEAD = 20;
/** Where the list was scrolled to, for the way back. */
const place = { offset: 0 };

interface ContactRowsProps {
  list: ContactList;
  open: Id | undefined;
  /** Who is selected; null while nobody is being selected. */
  selected: ReadonlyMap<Id, Contact> | null;
  onSelect: (contact: Contact) => void;
}

export function ContactRows({ list, open, selected, onSelect }: ContactRowsProps) {
  const { t } = useTranslation('contacts');
  const height = usePhone() ? ROW.phone : ROW.desk;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: list.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    initialOffset: place.offset,
  });
  useEffect(() => rows.measure(), [rows, height]);
  const visible = rows.getVirtualItems();
  const first = visible[0]?.index ?? 0;
  const last = visible.at(-1)?.index ?? AHEAD;
  useEffect(() => list.look(first - AHEAD, last + AHEAD), [list, list.version, first, last]);
  let start = 0;
  const letters = list.letters.map(({ letter, count }) => {
    const index = start;
    start += count;
    return { letter, index };
  });
  return (
    <div className={css.body}>
      <div className={mailCss.listScroll} ref={scroller} tabIndex={-1} onScroll={(event) => (place.offset = event.currentTarget.scrollTop)}>
        <ul className={mailCss.rows} style={{ height: rows.getTotalSize() }}>
          {visible.map(({ key, index, start: top }) => {
            const contact = list.at(index);
            return (
              <li key={contact?.id ?? key} className={mailCss.slot} style={{ transform: `translateY(${top}px)` }} aria-setsize={list.total} aria-posinset={index + 1}>
                {contact ? <Row contact={contact} open={contact.id === open} height={height} selected={selected} onSelect={onSelect} /> : <div className={css.row} style={{ height }} />}
              </li>
            );
          })}
        </ul>
      </div>
      {letters.length > 2 && (
        <nav className={css.letters} aria-label={t('letters')}>
          {letters.map(({ letter, index }) => (
            <button key={letter} type="button" onClick={() => rows.scrollToIndex(index, { align: 'start' })}>{letter}</button>
          ))}
        </nav>
      )}
    </div>
  );
}

interface RowProps extends Omit<ContactRowsProps, 'list' | 'open'> {
  contact: Contact;
  open: boolean;
  height: number;
}

function Row({ contact, open, height, selected, onSelect }: RowProps) {
  if (selected) {
    return (
      <label className={css.row} style={{ height }} data-contact={contact.id}>
        <input type="checkbox" className={css.check} checked={selected.has(contact.id)} onChange={() => onSelect(contact)} />
        <Told contact={contact} />
      </label>
    );
  }
  return (
    <Link href={`/contacts/${contact.id}`} className={css.row ?? ''} style={{ height }} aria-current={open ? 'true' : undefined} data-contact={contact.id}>
      <Told contact={contact} />
    </Link>
  );
}

function Told({ contact }: { contact: Contact }) {
  const { t } = useTranslation('contacts');
  const second = [contact.title, contact.organization].filter((text) => text && text !== contact.name).join(', ') || contact.emails[0] || contact.phones[0] || '';
  const linked = contact.linked ? t('sources', { count: contact.linked }) : '';
  return (
    <>
      <Picture contact={contact} />
      <span className={css.rowText}>
        <span className={css.name}>{contact.name}</span>
        <span className={css.second}>{[second, linked].filter(Boolean).join(' · ')}</span>
      </span>
    </>
  );
}
