// One mailbox: its list of conversations, and beside it (on phones instead of it) the one that is open.
import { MailOpen, RefreshCw } from 'lucide-react';
import { Suspense, lazy, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useSearchParams } from 'wouter';
import { request } from '../auth/session';
import type { Account, Id, Mailbox, ThreadFilter } from '../api/types';
import { asOf } from '../i18n/format';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { usePhone } from '../shell/usePreference';
import { useAccounts, useList, useMailbox, useMirror } from '../store/hooks';
import { listKey } from '../store/tables';
import { SearchBox } from '../search/SearchBox';
import { Button, IconButton } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { ActionsContext } from './act/place';
import { SelectionBar } from './act/SelectionBar';
import { selection, useSelecting } from './act/selection';
import { useListActions } from './act/useListActions';
import css from './mail.module.css';
import { mailboxName } from './names';
import { Panes } from './Panes';
import { orderOf, useMailboxRows } from './rows';
import { ThreadList } from './ThreadList';

const loadReader = () => import('./Reader');
const Reader = lazy(loadReader);

export const FILTERS: (ThreadFilter | null)[] = [null, 'unread', 'flagged', 'attachment', 'snoozed'];

interface MailPageProps {
  mailbox: Id;
  thread: Id | undefined;
  onMenu: () => void;
}

export function MailPage({ mailbox, thread, onMenu }: MailPageProps) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [params, setParams] = useSearchParams();
  const phone = usePhone();
  const box = useMailbox(mailbox);
  const asked = params.get('filter');
  const filter = FILTERS.find((known) => known === asked) ?? null;
  const query = filter ? `?filter=${filter}` : '';
  const key = listKey(mailbox, filter);
  useEffect(() => {
    // The reader is wanted soon: fetch it once the list has painted.
    const idle = setTimeout(() => void loadReader(), 400);
    return () => clearTimeout(idle);
  }, []);
  const toList = (): void => navigate(`/mail/${mailbox}${query}`);
  const hrefOf = (id: Id): string => `/mail/${mailbox}/${id}${query}`;
  const rows = useMailboxRows(key);
  const [cursor, setCursor] = useState<Id | null>(thread ?? null);
  const actions = useListActions({
    place: { source: key, mailbox, role: box?.role ?? null, filter, query: null },
    order: orderOf(rows.list),
    cursor,
    setCursor,
    open: thread,
    show: (id) => (id ? navigate(hrefOf(id), { replace: true }) : toList()),
  });
  const selecting = useSelecting();
  useCommand('list.back', toList, thread !== undefined);
  useCommand('app.close', toList, thread !== undefined);
  useCommand('app.close', () => selection.clear(), selecting);

  return (
    <ActionsContext value={actions}>
      <Panes
        reading={thread !== undefined}
        list={
          <section className={css.listPane} aria-label={t('list.label', { mailbox: box ? mailboxName(t, box) : '' })}>
            <div className={css.listTop}>
              {phone && <MenuButton onMenu={onMenu} />}
              <SearchBox />
            </div>
            {selecting && box ? <SelectionBar name={mailboxName(t, box)} /> : (
              <>
                {box && <ListHeader box={box} />}
                <Filters filter={filter} snoozed={box?.role === 'inbox'} onChange={(value) => setParams(value ? { filter: value } : {}, { replace: true })} />
              </>
            )}
            <ThreadList
              key={key}
              source={key}
              rows={rows}
              open={thread}
              cursor={cursor}
              setCursor={setCursor}
              hrefOf={hrefOf}
              empty={<EmptyList box={box} filter={filter} onAll={() => setParams({}, { replace: true })} />}
            />
          </section>
        }
        reader={
          <Suspense fallback={null}>
            {thread ? <Reader key={thread} id={thread} onBack={toList} /> : <NothingOpen />}
          </Suspense>
        }
      />
    </ActionsContext>
  );
}

interface FiltersProps {
  filter: ThreadFilter | null;
  /** Offer what is put off. */
  snoozed: boolean;
  onChange: (filter: ThreadFilter | null) => void;
}

export function Filters({ filter, snoozed, onChange }: FiltersProps) {
  const { t } = useTranslation();
  return (
    <div className={css.filters} role="group" aria-label={t('list.filters')}>
      {FILTERS.filter((value) => snoozed || value !== 'snoozed').map((value) => (
        <button key={value ?? 'all'} type="button" className={css.chip} aria-pressed={value === filter} onClick={() => onChange(value)}>
          {t(`list.${value ?? 'all'}`)}
        </button>
      ))}
    </div>
  );
}

export function NothingOpen() {
  const { t } = useTranslation();
  return (
    <Empty icon={MailOpen}>
      {t('reader.nothing')}
      <span className={css.keysHint}>{t('reader.keysHint')}</span>
    </Empty>
  );
}

/** A list older than this is said to be so (milliseconds). */
const OLD = 15 * 60_000;

function ListHeader({ box }: { box: Mailbox }) {
  const { t } = useTranslation();
  const account = useAccounts().find(({ id }) => id === box.account_id);
  const { list } = useList(box.id);
  const count = list.known ? list.total : box.threads;
  const old = freshness(box, account);
  return (
    <header className={css.listHead}>
      <div className={css.listTitle}>
        <h1>{mailboxName(t, box)}</h1>
        <p data-num>
          {t('list.count', { count })}
          {old && <span className={css.old} data-cut={account?.reachable === false || undefined}>{t('list.asOf', { when: old })}</span>}
        </p>
      </div>
      {account && account.status !== 'disconnected' && <CheckButton account={account} />}
    </header>
  );
}

/** The moment this list was last equal to the provider, when that is worth saying. */
function freshness(box: Mailbox, account: Account | undefined): string | null {
  if (!box.as_of || !account || account.import) return null;
  const at = Date.parse(box.as_of);
  return !account.reachable || Date.now() - at > OLD ? asOf(at) : null;
}

function CheckButton({ account }: { account: Account }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  async function check(): Promise<void> {
    setBusy(true);
    try {
      await request(`accounts/${account.id}/sync`, { method: 'POST' });
      toast({ text: t('list.checking') });
    } catch (error) {
      toast({ text: t('list.checkFailed', { reason: faultText(t, error) }) });
    } finally {
      setBusy(false);
    }
  }
  return (
    <IconButton label={t('list.check')} onClick={() => void check()} disabled={busy}>
      <RefreshCw size={16} aria-hidden />
    </IconButton>
  );
}

function EmptyList({ box, filter, onAll }: { box: Mailbox | undefined; filter: ThreadFilter | null; onAll: () => void }) {
  const { t } = useTranslation();
  const mirror = useMirror();
  if (!box) return mirror.ready ? <Empty icon={MailOpen}>{t('fault.notFound')}</Empty> : null;
  const mailbox = mailboxName(t, box);
  if (filter) {
    return (
      <Empty icon={MailOpen} action={<Button onClick={onAll}>{t('list.showAll')}</Button>}>{t('list.emptyFilter', { mailbox })}</Empty>
    );
  }
  return <Empty icon={MailOpen}>{box.role === 'inbox' ? t('list.emptyInbox') : t('list.empty', { mailbox })}</Empty>;
}

