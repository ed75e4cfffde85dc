// The other contacts that are the same person: what each of them says, from its own address book.
import { Unlink } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { usePhone } from '../shell/usePreference';
import { Button, IconButton } from '../ui/Button';
import { told } from './acts';
import css from './contacts.module.css';
import MergeDialog from './MergeDialog';
import type { AddressBook, WholeContact } from './types';

interface LinkedProps {
  contact: WholeContact;
  others: NonNullable<WholeContact['linked']>;
  books: readonly AddressBook[];
}

export function Linked({ contact, others, books }: LinkedProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [merging, merge] = useState(false);
  const Heading = usePhone() ? 'h2' : 'h3';
  const book = (id: Id): string => books.find((one) => one.id === id)?.name ?? '';
  const apart = (id: Id): void => void told(common, async () => {
    await request(`contacts/${id}/unlink`, { method: 'POST' });
  }, t('aparted'));
  return (
    <section className={css.linked} aria-label={t('also')}>
      <Heading>{t('also')}</Heading>
      {others.map(({ id, name, card, collection_id: of }) => (
        <div key={id} className={css.source} data-source>
          <div className={css.sourceHead}>
            <Link href={`/contacts/${id}`}>{name}</Link>
            <IconButton label={t('unlink', { name, book: book(of) })} onClick={() => apart(id)}><Unlink size={16} aria-hidden /></IconButton>
          </div>
          <p className={css.second}>{t('source', { book: book(of) })}</p>
          {[[card.title || card.role, card.organization].filter(Boolean).join(' · '), ...card.emails.map(({ value }) => value), ...card.phones.map(({ value }) => value), card.notes]
            .filter(Boolean)
            // oxlint-disable-next-line react/no-array-index-key -- two lines may be alike
            .map((line, index) => <p key={index} className={css.lines}>{line}</p>)}
        </div>
      ))}
      {contact.writable && others.every(({ writable }) => writable) && (
        <div className={css.choice}><Button onClick={() => merge(true)}>{t('merge')}…</Button></div>
      )}
      {merging && <MergeDialog contacts={[contact.id, ...others.map(({ id }) => id)]} books={books} onDone={() => merge(false)} onClose={() => merge(false)} />}
    </section>
  );
}
