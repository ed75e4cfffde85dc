// The people a person knows: a list by name, and beside it (on phones instead of it) the one that is open.
import { BookUser, CloudOff, Ellipsis, UserPlus, X } from 'lucide-react';
import { Suspense, lazy, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useCollectionName } from '../accounts/collectionName';
import { useComing } from '../accounts/coming';
import type { Id } from '../api/types';
import { Panes } from '../mail/Panes';
import mailCss from '../mail/mail.module.css';
import searchCss from '../search/search.module.css';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { usePhone } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import { Button, IconButton } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { ContactList, type Part } from './book';
import { ContactForm } from './ContactForm';
import { ContactRows } from './ContactRows';
import { ContactView } from './ContactView';
import css from './contacts.module.css';
import { PartChooser } from './PartChooser';
import { SelectionBar } from './SelectionBar';
import type { Contact } from './types';
import './words';

const Duplicates = lazy(() => import('./Duplicates'));
const DeleteDialog = lazy(() => import('./DeleteDialog'));
const RenameGroup = lazy(() => import('./RenameGroup'));
const ListMenu = lazy(() => import('./ListMenu'));
const ImportDialog = lazy(() => import('../exchange/ImportDialog'));

const ASK_AFTER = 150;

interface ContactsPageProps {
  id: Id | undefined;
  onMenu: () => void;
}

export default function ContactsPage({ id, onMenu }: ContactsPageProps) {
  const { t } = useTranslation('contacts');
  const [, navigate] = useLocation();
  const phone = usePhone();
  const [query, setQuery] = useState('');
  const [part, setPart] = useState<Part>('all');
  const [selected, setSelected] = useState<ReadonlyMap<Id, Contact> | null>(null);
  const [menu, openMenu] = useState(false);
  const [importing, bring] = useState(false);
  const [renaming, rename] = useState(false);
  const [removing, remove] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const list = useContacts(query, part);
  const shown = list.groups.find((group) => part === `group:${group.id}` && group.writable);
  const nameOf = useCollectionName(list.books);
  const books = list.books.map((book) => ({ ...book, name: nameOf(book) }));
  const writable = books.filter((book) => book.writable);
  const select = (contact: Contact): void => setSelected((now) => {
    const next = new Map(now);
    if (!next.delete(contact.id)) next.set(contact.id, contact);
    return next;
  });
  const ungroup = (): void => {
    remove(false);
    setPart('all');
  };
  const toList = (): void => navigate('/contacts');
  useCommand('list.back', toList, id !== undefined);
  useCommand('app.close', toList, id !== undefined);
  const reader = id === 'duplicates'
    ? <Suspense fallback={null}><Duplicates books={books} onBack={toList} /></Suspense>
    : id === 'new'
    ? <ContactForm books={writable} contact={null} onDone={(made) => navigate(made ? `/contacts/${made}` : '/contacts')} onCancel={toList} />
    : id ? <ContactView key={id} id={id} books={books} groups={list.groups} onBack={toList} /> : <Empty icon={BookUser}>{t('pick')}</Empty>;
  return (
    <Panes
      reading={id !== undefined}
      list={
        <section className={mailCss.listPane} aria-label={t('title')}>
          <div className={mailCss.listTop}>
            {phone && <MenuButton onMenu={onMenu} />}
            <SearchContacts query={query} onQuery={setQuery} />
          </div>
          <header className={mailCss.listHead}>
            <div className={mailCss.listTitle}>
              <h1>{t('title')}</h1>
              <p data-num>{list.state === 'known' && <Count list={list} />}</p>
            </div>
            <div className={css.headActs}>
              {writable.length > 0 && (
                <IconButton label={t('add')} onClick={() => navigate('/contacts/new')}><UserPlus size={16} aria-hidden /></IconButton>
              )}
              <IconButton label={t('more')} ref={more} aria-haspopup="menu" aria-expanded={menu} onClick={() => openMenu(true)}><Ellipsis size={16} aria-hidden /></IconButton>
            </div>
          </header>
          <PartChooser books={books} groups={list.groups} part={part} onPart={setPart} />
          {selected && <SelectionBar selected={selected} books={books} groups={list.groups} part={part} onPart={setPart} onEnd={() => setSelected(null)} />}
          <Body list={list} query={query} open={id} selected={selected} onSelect={select} />
          <Suspense fallback={null}>
            {menu && (
              <ListMenu
                button={more}
                part={part}
                importable={writable.length > 0}
                group={shown}
                onRename={() => rename(true)}
                onDelete={() => remove(true)}
                onSelect={() => setSelected(new Map())}
                onImport={() => bring(true)}
                onClose={() => openMenu(false)}
              />
            )}
            {renaming && shown && <RenameGroup group={shown} onClose={() => rename(false)} />}
            {removing && shown && <DeleteDialog contact={shown} group onDone={() => ungroup()} onClose={() => remove(false)} />}
            {importing && <ImportDialog title={t('import')} path="contacts/import" accept=".vcf,text/vcard" places={writable} onClose={() => bring(false)} />}
          </Suspense>
        </section>
      }
      reader={reader}
    />
  );
}

function Count({ list }: { list: ContactList }) {
  const { t } = useTranslation('contacts');
  const left = list.books.reduce((sum, book) => sum + book.remaining, 0);
  return <>{left > 0 ? t('importing', { count: left }) : t('count', { count: list.total })}</>;
}

interface BodyProps {
  list: ContactList;
  query: string;
  open: Id | undefined;
  selected: ReadonlyMap<Id, Contact> | null;
  onSelect: (contact: Contact) => void;
}

function Body({ list, query, open, selected, onSelect }: BodyProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const coming = useComing('contacts');
  if (list.state === 'loading') return null;
  if (list.state !== 'known') {
    return (
      <Empty icon={CloudOff} action={<Button onClick={() => list.retry()}>{common('common.retry')}</Button>}>
        {faultText(common, list.state.fault)}
      </Empty>
    );
  }
  if (list.total === 0) {
    const none = coming && list.books.length === 0 ? t('coming', { address: coming }) : t('empty');
    return <Empty icon={BookUser}>{query ? t('emptySearch', { query }) : none}</Empty>;
  }
  return <ContactRows list={list} open={open} selected={selected} onSelect={onSelect} />;
}

function SearchContacts({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  const { t } = useTranslation('contacts');
  return (
    <div className={searchCss.search} role="search">
      <div className={searchCss.box}>
        <input
          type="search"
          className={searchCss.field}
          aria-label={t('search')}
          placeholder={t('search')}
          value={query}
          maxLength={200}
          onChange={(event) => onQuery(event.target.value)}
        />
        {query && (
          <IconButton label={t('clear')} className={searchCss.clear ?? ''} onClick={() => onQuery('')}><X size={16} aria-hidden /></IconButton>
        )}
      </div>
    </div>
  );
}

/** The list that a query finds, kept right by the journal for as long as it is on screen. */
function useContacts(query: string, part: Part): ContactList {
  const mirror = useMirror();
  const [list] = useState(() => new ContactList());
  useSyncExternalStore(list.subscribe, () => list.version);
  useEffect(() => {
    const wait = setTimeout(() => list.search(query.trim(), part), query ? ASK_AFTER : 0);
    return () => clearTimeout(wait);
  }, [list, query, part]);
  useEffect(() => {
    const ends = [mirror.onFrame((frame) => list.hear(frame)), mirror.onStartOver(() => list.anew()), () => list.stop()];
    return () => ends.forEach((end) => end());
  }, [mirror, list]);
  return list;
}
