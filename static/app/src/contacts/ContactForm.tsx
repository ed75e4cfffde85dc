// Making a contact, or changing one: only the fields that were changed are sent, so that what somebody else changes
// meanwhile stays.
import { Plus, X } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/request';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import readerCss from '../mail/reader.module.css';
import { usePhone } from '../shell/usePreference';
import { Button, IconButton } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Field } from '../ui/Field';
import uiCss from '../ui/ui.module.css';
import { changeOf, filled, type Filled } from './change';
import css from './contacts.module.css';
import { PhotoField } from './PhotoField';
import { LABELS, said } from './said';
import type { AddressBook, Card, CardChange, Labelled, Photo, WholeContact } from './types';

interface ContactFormProps {
  books: AddressBook[];
  /** Null makes a new one. */
  contact: WholeContact | null;
  onDone: (made: Id | null) => void;
  onCancel: () => void;
}

export function ContactForm({ books, contact, onDone, onCancel }: ContactFormProps) {
  const { t, i18n } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [values, setValues] = useState<Filled>(() => filled(contact?.card));
  /** Undefined leaves the picture as it is. */
  const [photo, setPhoto] = useState<Photo | null>();
  const [book, setBook] = useState(books[0]?.id ?? '');
  const [key] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  // What the person has seen of the contact: what somebody else changes meanwhile is not overwritten before it was.
  const [begun] = useState(contact?.card);
  const [seen, see] = useState<Partial<Card>>(begun ?? {});
  const Heading = usePhone() ? 'h1' : 'h2';
  const set = (part: Partial<Filled>): void => setValues((now) => ({ ...now, ...part }));

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const change = changeOf(begun, values);
    if (!contact && Object.keys(change).length === 0) return setFault(t('needName'));
    if (photo !== undefined && (photo || contact?.photo)) change.photo = photo;
    if (contact && Object.keys(change).length === 0) return onDone(contact.id);
    setBusy(true);
    setFault('');
    try {
      const path = contact ? `contacts/${contact.id}` : 'contacts';
      const body = contact ? { ...change, seen } : { ...change, collection_id: book || books[0]?.id };
      const { object } = await request<{ object: Id | null }>(path, { method: contact ? 'PATCH' : 'POST', key, body });
      onDone(object);
    } catch (error) {
      if (error instanceof Problem && error.code === 'changed_meanwhile') {
        const current = error.document.current as Partial<Card>;
        see({ ...seen, ...current });
        setFault(t('meanwhile', { values: Object.keys(current).map((field) => `${t(LABELS[field as keyof typeof LABELS])}: ${said(current, field as keyof CardChange, i18n.language) || t('nothing')}`).join(' · ') }));
      } else setFault(faultText(common, error));
      setBusy(false);
    }
  }

  return (
    <form className={readerCss.reader} onSubmit={(event) => void save(event)} aria-label={contact ? t('edit') : t('add')}>
      <div className={readerCss.bar}>
        <Button onClick={onCancel}>{common('common.cancel')}</Button>
        <span className={readerCss.barSpace} />
        <Button look="primary" type="submit" disabled={busy || (!contact && books.length === 0)}>{busy ? t('saving') : t('save')}</Button>
      </div>
      <div className={readerCss.scroll}>
        <div className={css.card}>
          <Heading>{contact ? contact.name : t('add')}</Heading>
          {fault && <Notice kind="bad">{fault}</Notice>}
          <PhotoField contact={contact} name={[values.given, values.family].filter(Boolean).join(' ')} photo={photo} onChange={setPhoto} />
          <div className={css.two}>
            <Field label={t('given')} value={values.given} maxLength={1000} autoFocus onChange={(event) => set({ given: event.target.value })} />
            <Field label={t('family')} value={values.family} maxLength={1000} onChange={(event) => set({ family: event.target.value })} />
          </div>
          <Several title={t('emails')} add={t('addEmail')} type="email" labels={['home', 'work', 'other']} items={values.emails} onChange={(emails) => set({ emails })} />
          <Several title={t('phones')} add={t('addPhone')} type="tel" labels={['cell', 'home', 'work', 'main', 'fax', 'other']} items={values.phones} onChange={(phones) => set({ phones })} />
          <div className={css.two}>
            <Field label={t('organization')} value={values.organization} maxLength={1000} onChange={(event) => set({ organization: event.target.value })} />
            <Field label={t('job')} value={values.title} maxLength={1000} onChange={(event) => set({ title: event.target.value })} />
            <Field label={t('unit')} value={values.unit} maxLength={1000} onChange={(event) => set({ unit: event.target.value })} />
            <Field label={t('nickname')} value={values.nickname} maxLength={1000} onChange={(event) => set({ nickname: event.target.value })} />
          </div>
          {!contact?.card.categories.some((one) => one.includes(',')) && <Field label={t('categories')} hint={t('categoriesHint')} value={values.categories} maxLength={2000} onChange={(event) => set({ categories: event.target.value })} />}
          <label className={css.area}>
            <span className={uiCss.label}>{t('notes')}</span>
            <textarea className={uiCss.input} rows={4} maxLength={100_000} value={values.notes} onChange={(event) => set({ notes: event.target.value })} />
          </label>
          {!contact && books.length > 1 && (
            <label className={css.area}>
              <span className={uiCss.label}>{t('book')}</span>
              <select className={uiCss.input} value={book} onChange={(event) => setBook(event.target.value)}>
                {books.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
              </select>
            </label>
          )}
        </div>
      </div>
    </form>
  );
}

interface SeveralProps {
  title: string;
  add: string;
  type: 'email' | 'tel';
  labels: ('home' | 'work' | 'cell' | 'main' | 'fax' | 'other')[];
  items: Labelled[];
  onChange: (items: Labelled[]) => void;
}

function Several({ title, add, type, labels, items, onChange }: SeveralProps) {
  const { t } = useTranslation('contacts');
  const replace = (index: number, part: Partial<Labelled>): void => onChange(items.map((item, at) => (at === index ? { ...item, ...part } : item)));
  return (
    <fieldset className={css.several}>
      <legend className={uiCss.label}>{title}</legend>
      {items.map((item, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a value has no identity but its place
        <div key={index} className={css.value}>
          <input className={uiCss.input} type={type} aria-label={title} maxLength={1000} value={item.value} onChange={(event) => replace(index, { value: event.target.value })} />
          <select className={uiCss.input} aria-label={t('label')} value={item.label} onChange={(event) => replace(index, { label: event.target.value })}>
            <option value="">{t('noLabel')}</option>
            {labels.map((label) => <option key={label} value={label}>{t(`labels.${label}`)}</option>)}
            {item.label && !(labels as string[]).includes(item.label) && <option value={item.label}>{item.label}</option>}
          </select>
          <IconButton label={t('remove', { value: item.value || title })} onClick={() => onChange(items.filter((_, at) => at !== index))}><X size={16} aria-hidden /></IconButton>
        </div>
      ))}
      <Button look="quiet" onClick={() => onChange([...items, { value: '', label: '', preferred: false }])}><Plus size={16} aria-hidden />{add}</Button>
    </fieldset>
  );
}
