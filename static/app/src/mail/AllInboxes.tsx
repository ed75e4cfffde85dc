// The inboxes of all accounts as one list, newest first.
import { MailOpen } from 'lucide-react';
import { Suspense, lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useSearchParams } from 'wouter';
import type { Id } from '../api/types';
import { SearchBox } from '../search/SearchBox';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { usePhone } from '../shell/usePreference';
import { useMailboxes } from '../store/hooks';
import { listKey } from '../store/tables';
import { Button } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { ActionsContext } from './act/place';
import { selection, useSelecting } from './act/selection';
import { SelectionBar } from './act/SelectionBar';
import { useListActions } from './act/useListActions';
import css from './mail.module.css';
import { FILTERS, Filters, NothingOpen } from './MailPage';
import { Panes } from './Panes';
import { orderOf, useMergedRows } from './rows';
import { ThreadList } from './ThreadList';

const Reader = lazy(() => import('./Reader'));

export default function AllInboxes({ thread, onMenu }: { thread: Id | undefined; onMenu: () => void }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [params, setParams] = useSearchParams();
  const phone = usePhone();
  const asked = params.get('filter');
  const filter = FILTERS.find((known) => known === asked) ?? null;
  const query = filter ? `?filter=${filter}` : '';
  const inboxes = useMailboxes().filter(({ role, selectable }) => role === 'inbox' && selectable);
  const rows = useMergedRows(inboxes.map(({ id }) => listKey(id, filter)));
  const source = `inboxes|${filter ?? ''}`;
  const toList = (): void => navigate(`/inboxes${query}`);
  const hrefOf = (id: Id): string => `/inboxes/${id}${query}`;
  const [cursor, setCursor] = useState<Id | null>(thread ?? null);
  const actions = useListActions({
    place: { source, mailbox: null, role: 'inbox', filter, query: null },
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
          <section className={css.listPane} aria-label={t('list.label', { mailbox: t('box.all') })}>
            <div className={css.listTop}>
              {phone && <MenuButton onMenu={onMenu} />}
              <SearchBox />
            </div>
            {selecting ? <SelectionBar name={t('box.all')} /> : (
              <>
                <header className={css.listHead}>
                  <div className={css.listTitle}>
                    <h1>{t('box.all')}</h1>
                    <p data-num>{rows.list.known ? t('list.count', { count: rows.list.total }) : '\u00a0'}</p>
                  </div>
                </header>
                <Filters filter={filter} snoozed onChange={(value) => setParams(value ? { filter: value } : {}, { replace: true })} />
              </>
            )}
            <ThreadList
              key={source}
              source={source}
              rows={rows}
              open={thread}
              cursor={cursor}
              setCursor={setCursor}
              hrefOf={hrefOf}
              empty={filter
                ? <Empty icon={MailOpen} action={<Button onClick={() => setParams({}, { replace: true })}>{t('list.showAll')}</Button>}>{t('list.emptyFilter', { mailbox: t('box.all') })}</Empty>
                : <Empty icon={MailOpen}>{t('list.emptyInbox')}</Empty>}
            />
          </section>
        }
        reader={<Suspense fallback={null}>{thread ? <Reader key={thread} id={thread} onBack={toList} /> : <NothingOpen />}</Suspense>}
      />
    </ActionsContext>
  );
}
