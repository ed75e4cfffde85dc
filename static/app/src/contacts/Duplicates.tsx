// Contacts that may be one person, with the reason: linked, said not to be the same, or merged; and what was merged lately.
import { ArrowLeft, CloudOff, UsersRound } from 'lucide-react';
import { Suspense, lazy, useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { messageDate } from '../i18n/format';
import readerCss from '../mail/reader.module.css';
import { usePhone } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import { newestOnly } from '../store/newest';
import { Button, IconButton } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { link, told, unmerge } from './acts';
import css from './contacts.module.css';
import { Picture } from './Picture';
import type { AddressBook, Likely, Merged } from './types';

const MergeDialog = lazy(() => import('./MergeDialog'));
/** A burst of events is one reading (milliseconds). */
const SETTLE = 400;

interface Held { items: Likely[]; total: number; merges: Merged[] }

interface DuplicatesProps {
  books: readonly AddressBook[];
  onBack: () => void;
}

export default function Duplicates({ books, onBack }: DuplicatesProps) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const phone = usePhone();
  const [held, fault, read] = useLikely();
  const [merging, merge] = useState<Id[] | null>(null);
  const Heading = phone ? 'h1' : 'h2';
  const act = (contacts: Id[], same: boolean): void => void told(common, () => link(contacts, same), t(same ? 'linked' : 'aparted'));
  return (
    <article className={readerCss.reader} aria-label={t('duplicates')}>
      <div className={readerCss.bar}>
        {phone && <IconButton label={t('toList')} onClick={onBack}><ArrowLeft size={20} aria-hidden /></IconButton>}
        <Heading className={css.barTitle}>{t('duplicates')}</Heading>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it */}
      <div className={readerCss.scroll} tabIndex={0} role="region" aria-label={t('duplicates')}>
        {fault !== null && !held && <Empty icon={CloudOff} action={<Button onClick={() => read()}>{common('common.retry')}</Button>}>{faultText(common, fault)}</Empty>}
        {held && held.items.length === 0 && held.merges.length === 0 && <Empty icon={UsersRound}>{t('duplicatesNone')}</Empty>}
        {held && (
          <div className={css.card}>
            {held.items.length > 0 && <p>{t('duplicatesWhy')} {t('linkHint')}</p>}
            {held.items.length === 0 && held.merges.length > 0 && <p>{t('duplicatesNone')}</p>}
            <ul className={css.likely}>
              {held.items.map((group) => <Group key={group.contacts.map(({ id }) => id).join()} group={group} books={books} onAct={act} onMerge={merge} />)}
            </ul>
            {held.total > held.items.length && <Button onClick={() => read(held.items.length)}>{t('moreToSee')}</Button>}
            {held.merges.length > 0 && <Recent merges={held.merges} onUndone={() => read()} />}
          </div>
        )}
      </div>
      <Suspense fallback={null}>
        {merging && <MergeDialog contacts={merging} books={books} onDone={() => merge(null)} onClose={() => merge(null)} />}
      </Suspense>
    </article>
  );
}

interface GroupProps {
  group: Likely;
  books: readonly AddressBook[];
  onAct: (contacts: Id[], same: boolean) => void;
  onMerge: (contacts: Id[]) => void;
}

function Group({ group: { contacts, reasons }, books, onAct, onMerge }: GroupProps) {
  const { t } = useTranslation('contacts');
  const ids = contacts.map(({ id }) => id);
  const book = (id: Id): AddressBook | undefined => books.find((one) => one.id === id);
  const writable = contacts.every(({ collection_id: id }) => book(id)?.writable);
  return (
    <li className={css.group} data-likely>
      <ul className={css.people}>
        {contacts.map((contact) => (
          <li key={contact.id}>
            <Link href={`/contacts/${contact.id}`} className={css.person ?? ''}>
              <Picture contact={contact} />
              <span className={css.rowText}>
                <span className={css.name}>{contact.name}</span>
                <span className={css.second}>{[contact.organization, contact.emails[0] ?? contact.phones[0], book(contact.collection_id)?.name].filter(Boolean).join(' · ')}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <ul className={css.reasons}>
        {reasons.map(({ kind, value }) => <li key={`${kind} ${value}`}>{t(`because.${kind}`, { value })}</li>)}
      </ul>
      <div className={css.choice}>
        <Button onClick={() => onAct(ids, true)}>{t('link')}</Button>
        <Button onClick={() => onAct(ids, false)}>{t('apart')}</Button>
        {writable && <Button onClick={() => onMerge(ids)}>{t('merge')}…</Button>}
      </div>
    </li>
  );
}

function Recent({ merges, onUndone }: { merges: Merged[]; onUndone: () => void }) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const [asked, ask] = useState<Merged | null>(null);
  const [undoing, setUndoing] = useState<readonly Id[]>([]);
  const undo = async (one: Merged, anyway = false): Promise<void> => {
    ask(null);
    setUndoing((now) => [...now, one.id]);
    await told(common, async () => {
      if (await unmerge(one.id, anyway)) onUndone();
      else ask(one);
    });
    setUndoing((now) => now.filter((id) => id !== one.id));
  };
  const Heading = usePhone() ? 'h2' : 'h3';
  return (
    <section className={css.recent}>
      <Heading>{t('recent')}</Heading>
      <ul className={css.likely}>
        {merges.map((one) => (
          <li key={one.id} className={css.merged}>
            <span className={css.rowText}>
              <span>{t('recentOne', { name: one.name, others: one.others.join(', ') })}</span>
              <time className={css.second} dateTime={one.at}>{messageDate(one.at)}</time>
            </span>
            <Button disabled={undoing.includes(one.id)} onClick={() => void undo(one)}>{t('undo')}</Button>
          </li>
        ))}
      </ul>
      {asked && (
        <Dialog title={t('undoTitle')} alert onClose={() => ask(null)}>
          <p>{t('undoBody', { name: asked.name })}</p>
          <DialogActions>
            <Button onClick={() => ask(null)} autoFocus>{common('common.cancel')}</Button>
            <Button look="primary" onClick={() => void undo(asked, true)}>{t('undoAnyway')}</Button>
          </DialogActions>
        </Dialog>
      )}
    </section>
  );
}

/** What may be one person, read again when the journal tells of contacts. */
function useLikely(): [Held | null, unknown, (from?: number) => void] {
  const mirror = useMirror();
  const [held, setHeld] = useState<Held | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [begin] = useState(newestOnly);
  const read = useCallback((from = 0): void => {
    const counts = begin();
    Promise.all([
      request<{ items: Likely[]; total: number }>(`contacts/duplicates?position=${from}`),
      request<{ items: Merged[] }>('contacts/merges'),
    ]).then(
      ([{ items, total }, { items: merges }]) => counts() && setHeld((now) => ({ items: [...(now?.items.slice(0, from) ?? []), ...items], total, merges })),
      (error: unknown) => setFault(error),
    );
  }, [begin]);
  useEffect(() => read(), [read]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = mirror.onFrame(({ event }) => {
      if (!event.startsWith('contacts:')) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        read();
      }, SETTLE);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [mirror, read]);
  useEffect(() => mirror.onStartOver(() => read()), [mirror, read]);
  return [held, fault, read];
}
