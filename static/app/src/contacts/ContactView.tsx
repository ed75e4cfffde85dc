// One contact: all that the card says, and what can be done with it.
import { ArrowLeft, CloudOff, Ellipsis, Mail, Pencil, Trash2, UserX } from 'lucide-react';
import { Suspense, lazy, useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/request';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { openComposer } from '../compose/open';
import readerCss from '../mail/reader.module.css';
import { usePhone } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import { newestOnly } from '../store/newest';
import { Button, IconButton } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Conflict } from './Conflict';
import { ContactForm } from './ContactForm';
import css from './contacts.module.css';
import { partialDate } from './dates';
import { Groups } from './Groups';
import { Linked } from './Linked';
import { Picture } from './Picture';
import type { AddressBook, Group, Labelled, PostalAddress, WholeContact } from './types';

const DeleteDialog = lazy(() => import('./DeleteDialog'));
const MoveDialog = lazy(() => import('./MoveDialog'));
const ContactMenu = lazy(() => import('./ContactMenu'));

interface ContactViewProps {
  id: Id;
  books: AddressBook[];
  groups: Group[];
  onBack: () => void;
}

type Loaded = WholeContact | 'loading' | 'gone' | { fault: unknown };

export function ContactView({ id, books, groups, onBack }: ContactViewProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [loaded, retry] = useContact(id);
  const [editing, edit] = useState(false);
  const saved = (): void => {
    edit(false);
    void retry();
  };
  if (loaded === 'loading') return null;
  if (loaded === 'gone') return <Empty icon={UserX} action={<Button onClick={onBack}>{t('toList')}</Button>}>{t('gone')}</Empty>;
  if ('fault' in loaded) {
    return <Empty icon={CloudOff} action={<Button onClick={retry}>{common('common.retry')}</Button>}>{faultText(common, loaded.fault)}</Empty>;
  }
  if (editing) return <ContactForm books={books} contact={loaded} onDone={() => saved()} onCancel={() => edit(false)} />;
  return <Shown contact={loaded} books={books} groups={groups} onBack={onBack} onEdit={() => edit(true)} />;
}

/** The contact as it stands, read again whenever the journal says that it changed. */
function useContact(id: Id): [Loaded, () => void] {
  const mirror = useMirror();
  const [loaded, setLoaded] = useState<Loaded>('loading');
  const [begin] = useState(newestOnly);
  const read = useCallback(() => {
    const counts = begin();
    request<WholeContact>(`contacts/${id}`).then(
      (contact) => counts() && setLoaded(contact),
      (fault: unknown) => counts() && setLoaded(fault instanceof Problem && fault.status === 404 ? 'gone' : { fault }),
    );
  }, [id, begin]);
  useEffect(() => {
    read();
    return () => void begin()();
  }, [read, begin]);
  useEffect(() => mirror.onStartOver(read), [mirror, read]);
  useEffect(() => mirror.onFrame((frame) => {
    if (frame.event === 'contacts:update' && 'contact' in frame.data && frame.data.contact.id === id) read();
    if (frame.event === 'contacts:update' && 'linked' in frame.data && frame.data.linked.includes(id)) read();
    if (frame.event === 'contacts:delete' && frame.data.id === id) {
      begin()();
      setLoaded('gone');
    }
  }), [mirror, id, read, begin]);
  return [loaded, read];
}

interface ShownProps {
  contact: WholeContact;
  books: AddressBook[];
  groups: Group[];
  onBack: () => void;
  onEdit: () => void;
}

function Shown({ contact, books, groups, onBack, onEdit }: ShownProps) {
  const { t, i18n } = useTranslation('contacts');
  const phone = usePhone();
  const [asking, ask] = useState<'delete' | 'move' | null>(null);
  const [menu, openMenu] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const { card } = contact;
  const book = books.find(({ id }) => id === contact.collection_id);
  const others = books.filter(({ id, writable }) => writable && id !== contact.collection_id);
  const first = contact.emails[0];
  const Heading = phone ? 'h1' : 'h2'; // beside it, on a desk, the list has the page's first one
  return (
    <article className={readerCss.reader} aria-label={contact.name}>
      <div className={readerCss.bar}>
        {phone && <IconButton label={t('toList')} onClick={onBack}><ArrowLeft size={20} aria-hidden /></IconButton>}
        {first && <Button look="primary" onClick={() => write(contact.name, first)}><Mail size={16} aria-hidden />{t('write')}</Button>}
        <span className={readerCss.barSpace} />
        {contact.writable && (
          <>
            <IconButton label={t('edit')} onClick={onEdit}><Pencil size={16} aria-hidden /></IconButton>
            <IconButton label={t('delete')} onClick={() => ask('delete')}><Trash2 size={16} aria-hidden /></IconButton>
          </>
        )}
        <IconButton label={t('more')} ref={more} aria-haspopup="menu" aria-expanded={menu} onClick={() => openMenu(true)}><Ellipsis size={16} aria-hidden /></IconButton>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it */}
      <div className={readerCss.scroll} tabIndex={0} role="region" aria-label={contact.name}>
        <div className={css.card}>
          <header className={css.head}>
            <Picture contact={contact} large />
            <div className={css.headText}>
              <Heading>{contact.name}</Heading>
              <p>{[card.title || card.role, card.organization === contact.name ? '' : card.organization, card.unit].filter(Boolean).join(' · ')}</p>
              {card.nickname && <p>“{card.nickname}”</p>}
            </div>
          </header>
          {contact.ours && <Conflict key={contact.rev} contact={contact} ours={contact.ours} />}
          {contact.pending && !contact.conflict && <p className={css.pending} role="status">{t('pending')}</p>}
          <dl className={css.fields}>
            <Values title={t('emails')} items={card.emails.map((item) => ({ label: item.label, shown: <MailLink name={contact.name} address={item.value} /> }))} />
            <Values title={t('phones')} items={card.phones.map((item) => ({ label: item.label, shown: <Phone value={item.value} /> }))} />
            <Values title={t('addresses')} items={card.addresses.map((item) => ({ label: item.label, shown: <span className={css.lines}>{postal(item)}</span> }))} />
            <Values title={t('urls')} items={card.urls.map((item) => ({ label: item.label, shown: <Web value={item.value} /> }))} />
            <Values title={t('chats')} items={card.chats.map((item) => ({ label: item.label, shown: item.value }))} />
            <Values title={t('related')} items={card.related.map((item) => ({ label: item.label, shown: item.value }))} />
            {card.birthday && <Plain title={t('birthday')}>{partialDate(card.birthday, i18n.language)}</Plain>}
            {card.anniversary && <Plain title={t('anniversary')}>{partialDate(card.anniversary, i18n.language)}</Plain>}
            {card.members.length > 0 && <Plain title={t('members', { count: card.members.length })}>{null}</Plain>}
            {card.categories.length > 0 && <Plain title={t('categories')}>{card.categories.join(', ')}</Plain>}
            {card.notes && <Plain title={t('notes')}><span className={css.lines}>{card.notes}</span></Plain>}
            <Groups contact={contact} groups={groups} />
            {book && <Plain title={t('book')}>{book.name}{!book.writable && <span className={css.kind}>{t('readOnly')}</span>}</Plain>}
          </dl>
          {contact.linked && contact.linked.length > 0 && <Linked contact={contact} others={contact.linked} books={books} />}
        </div>
      </div>
      <Suspense fallback={null}>
        {menu && <ContactMenu contact={contact} movable={contact.writable && others.length > 0} button={more} onMove={() => ask('move')} onClose={() => openMenu(false)} />}
        {asking === 'delete' && <DeleteDialog contact={contact} onClose={() => ask(null)} />}
        {asking === 'move' && <MoveDialog contact={contact} books={others} onClose={() => ask(null)} />}
      </Suspense>
    </article>
  );
}

function write(name: string, address: string): void {
  openComposer({ mode: 'new', to: `"${name.replaceAll('"', '')}" <${address}>` });
}

function MailLink({ name, address }: { name: string; address: string }) {
  return <button type="button" className={css.link} onClick={() => write(name, address)}>{address}</button>;
}

function Phone({ value }: { value: string }) {
  return <a href={`tel:${value.replaceAll(/[^\d+]/g, '')}`}>{value}</a>;
}

interface Line { label: string; shown: ReactNode }

function Values({ title, items }: { title: string; items: Line[] }) {
  const { t } = useTranslation('contacts');
  if (items.length === 0) return null;
  const named = (label: string): string => (label in LABELS ? t(`labels.${label as keyof typeof LABELS}`) : label);
  return (
    <div className={css.field}>
      <dt>{title}</dt>
      {items.map(({ label, shown }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- two values may be alike
        <dd key={index}>{shown}{label && <span className={css.kind}>{named(label)}</span>}</dd>
      ))}
    </div>
  );
}

const LABELS = { home: 1, work: 1, cell: 1, fax: 1, other: 1, pager: 1, main: 1 };

function Plain({ title, children }: { title: string; children: ReactNode }) {
  return <div className={css.field}><dt>{title}</dt>{children !== null && <dd>{children}</dd>}</div>;
}

/** Only what leads to a page: a card may hold any address. */
function Web({ value }: { value: Labelled['value'] }) {
  const href = /^https?:\/\//i.test(value) ? value : null;
  return href ? <a href={href} target="_blank" rel="noreferrer noopener">{value}</a> : value;
}

function postal({ box, extended, street, locality, region, code, country }: PostalAddress): string {
  return [box, extended, street, [code, locality, region].filter(Boolean).join(' '), country].filter(Boolean).join('\n');
}
