// Search results in the list's place, each opening in the reader beside it.
import { Bookmark, BookmarkCheck, CircleAlert, CloudOff, History, Search, SearchX } from 'lucide-react';
import { Suspense, lazy, useCallback, useEffect, useRef, useState, type FocusEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useSearchParams } from 'wouter';
import type { Id, SearchHit } from '../api/types';
import { setHot } from '../mail/act/hot';
import { ActionsContext, offered, useActions, type Order } from '../mail/act/place';
import { selection, useSelecting } from '../mail/act/selection';
import { SelectionBar } from '../mail/act/SelectionBar';
import { useListActions } from '../mail/act/useListActions';
import { useTouch } from '../mail/act/useTouch';
import { NothingOpen } from '../mail/MailPage';
import { Panes } from '../mail/Panes';
import { PlaceholderRow, ThreadItem } from '../mail/ThreadItem';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { usePhone, usePreference } from '../shell/usePreference';
import { useMailboxes, useMirror } from '../store/hooks';
import type { Mirror } from '../store/mirror';
import { Button, IconButton } from '../ui/Button';
import { Empty, Notice } from '../ui/Feedback';
import { toast } from '../ui/toast';
import mail from '../mail/mail.module.css';
import { fromFirstMark, snippetParts } from './marks';
import { hasWord, operatorValue, toggleWord, withOperator } from './query';
import { forgetSearches, keepSearch, recentSearches } from './recent';
import { isSaved, savedSearches, toggleSaved } from './saved';
import css from './search.module.css';
import { OPERATORS, SearchBox } from './SearchBox';
import { useSearch, type SearchState } from './useSearch';

const Reader = lazy(() => import('../mail/Reader'));

const hrefOf = (query: string, thread?: Id): string => `/search${thread ? `/${thread}` : ''}?q=${encodeURIComponent(query)}`;

export default function SearchPage({ thread, onMenu }: { thread: Id | undefined; onMenu: () => void }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [params] = useSearchParams();
  const phone = usePhone();
  const query = params.get('q')?.trim() ?? '';
  const { state, more, retry } = useSearch(query);
  const toList = (): void => navigate(hrefOf(query));
  const hits = state.status === 'found' ? state.hits : NO_HITS;
  const [cursor, setCursor] = useState<Id | null>(thread ?? null);
  const selecting = useSelecting();
  /** Keys act on the row that has the focus. */
  function meet(event: FocusEvent): void {
    const row = event.target.closest<HTMLElement>('[data-row]')?.dataset['row'];
    if (row && !thread) setCursor(row);
  }
  const source = `search|${query}`;
  useEffect(() => selection.enter(source), [source]);
  const actions = useListActions({
    place: { source, mailbox: null, role: null, filter: null, query },
    order: orderOf(hits, state.status === 'found' ? (state.next === null ? hits.length : Math.max(hits.length, state.total ?? state.about)) : 0),
    cursor,
    setCursor,
    open: thread,
    show: (id) => navigate(hrefOf(query, id ?? undefined), { replace: true }),
  });
  useEffect(() => {
    if (query) keepSearch(query);
  }, [query]);
  useCommand('list.back', toList, thread !== undefined);
  useCommand('app.close', toList, thread !== undefined);
  useCommand('app.close', () => selection.clear(), selecting);
  return (
    <ActionsContext value={actions}>
      <Panes
        reading={thread !== undefined}
        list={
          <section className={mail.listPane} aria-label={t('search.title')}>
            <div className={mail.listTop}>
              {phone && <MenuButton onMenu={onMenu} />}
              <SearchBox focused={!query} />
            </div>
            {selecting && <SelectionBar name={null} />}
            {query && !selecting && <Heading query={query} state={state} />}
            {query && !selecting && <Chips query={query} onChange={(next) => navigate(hrefOf(next))} />}
            <div className={mail.listScroll} data-list data-selecting={selecting || undefined} onPointerOver={heat} onPointerLeave={() => setHot(null)} onFocus={meet}>
              {query ? <Outcome query={query} state={state} open={thread} cursor={cursor} setCursor={setCursor} more={more} retry={retry} /> : <StartPage />}
            </div>
          </section>
        }
        reader={<Suspense fallback={null}>{thread ? <Reader key={thread} id={thread} onBack={toList} /> : <NothingOpen />}</Suspense>}
      />
    </ActionsContext>
  );
}

const NO_HITS: SearchHit[] = [];

function orderOf(hits: SearchHit[], total: number): Order {
  return { total, at: (index) => hits[index]?.id, indexOf: (id) => hits.findIndex((hit) => hit.id === id), known: () => [...new Set(hits.map(({ id }) => id))] };
}

function heat(event: PointerEvent): void {
  const row = event.pointerType === 'mouse' && event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
  setHot(row?.dataset['row'] ?? null);
}

function Heading({ query, state }: { query: string; state: SearchState }) {
  const { t } = useTranslation();
  const said =
    state.status === 'searching' ? t('search.searching')
      : state.status !== 'found' ? ''
        : state.total !== null ? t('search.count', { count: state.total })
          : t('search.about', { count: state.about });
  return (
    <header className={mail.listHead}>
      <div className={mail.listTitle}>
        <h1 title={query}>{t('search.results', { q: query })}</h1>
        <p role="status" data-num>{said || '\u00a0'}</p>
      </div>
      <SaveButton query={query} />
    </header>
  );
}

/** Searches that are wanted again are kept by name of what they ask. */
function SaveButton({ query }: { query: string }) {
  const { t } = useTranslation();
  const saved = usePreference(() => isSaved(query));
  const Icon = saved ? BookmarkCheck : Bookmark;
  return (
    <IconButton
      label={saved ? t('search.unkeep') : t('search.keep')}
      aria-pressed={saved}
      onClick={() => {
        toggleSaved(query);
        toast({ text: saved ? t('search.unkept') : t('search.kept') });
      }}
    >
      <Icon size={20} aria-hidden />
    </IconButton>
  );
}

const WORDS = [
  { word: 'is:unread', label: 'search.unread' },
  { word: 'is:flagged', label: 'search.flagged' },
  { word: 'has:attachment', label: 'search.attachment' },
] as const;
const SPANS = [
  { days: 7, label: 'search.week' },
  { days: 30, label: 'search.month' },
  { days: 365, label: 'search.year' },
] as const;
const DAY = 86_400_000;
const dateAgo = (days: number): string => new Date(Date.now() - days * DAY).toISOString().slice(0, 10);

function Chips({ query, onChange }: { query: string; onChange: (query: string) => void }) {
  const { t } = useTranslation();
  const after = operatorValue(query, 'after:');
  const span = SPANS.find(({ days }) => dateAgo(days) === after)?.days;
  return (
    <div className={mail.filters} role="group" aria-label={t('search.chips')}>
      {WORDS.map(({ word, label }) => (
        <button key={word} type="button" className={mail.chip} aria-pressed={hasWord(query, word)} onClick={() => onChange(toggleWord(query, word))}>
          {t(label)}
        </button>
      ))}
      <select
        className={mail.chip}
        aria-label={t('search.date')}
        value={span ?? (after ? 'own' : '')}
        onChange={(event) => onChange(withOperator(query, 'after:', event.target.value ? dateAgo(Number(event.target.value)) : null))}
      >
        <option value="">{t('search.anyDate')}</option>
        {SPANS.map(({ days, label }) => <option key={days} value={days}>{t(label)}</option>)}
        {after && !span && <option value="own" disabled>{after}</option>}
      </select>
    </div>
  );
}

interface OutcomeProps {
  query: string;
  state: SearchState;
  open: Id | undefined;
  cursor: Id | null;
  setCursor: (id: Id | null) => void;
  more: () => void;
  retry: () => void;
}

function Outcome({ query, state, open, cursor, setCursor, more, retry }: OutcomeProps) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const again = <Button onClick={retry}>{t('common.retry')}</Button>;
  switch (state.status) {
    case 'none': return null;
    case 'searching': return <div aria-hidden>{Array.from({ length: 8 }, (_, index) => <PlaceholderRow key={index} index={index} />)}</div>;
    case 'bad': return <Empty icon={CircleAlert}>{state.reason}</Empty>;
    case 'away': return <Empty icon={CloudOff} action={again}>{t('search.away')}</Empty>;
    case 'failed': return <Empty icon={CircleAlert} action={again}>{t('search.failed', { reason: state.reason })}</Empty>;
    case 'found': {
      if (state.hits.length > 0) return <Results query={query} state={state} open={open} cursor={cursor} setCursor={setCursor} more={more} />;
      const inMailbox = operatorValue(query, 'in:') !== null;
      return (
        <Empty
          icon={SearchX}
          action={inMailbox ? <Button onClick={() => navigate(hrefOf(withOperator(query, 'in:', null)))}>{t('search.everywhere')}</Button> : undefined}
        >
          {t('search.empty', { q: query })} {t('search.emptyHint')}
        </Empty>
      );
    }
  }
}

type Found = Extract<SearchState, { status: 'found' }>;

function Results({ query, state, open, cursor, setCursor, more }: Omit<OutcomeProps, 'state' | 'retry'> & { state: Found }) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const [, navigate] = useLocation();
  const phone = usePhone();
  const rows = useRef<HTMLUListElement>(null);
  useMailboxes(); // they change with whatever is moved
  const hits = state.hits.filter((hit) => !mirror.tables.gone.has(hit.id) && !isThrownAway(mirror, hit));
  const between = useCallback((from: Id, to: Id): Id[] => {
    const ids = state.hits.map(({ id }) => id);
    const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
    return a < 0 || b < 0 ? [to] : ids.slice(Math.min(a, b), Math.max(a, b) + 1);
  }, [state.hits]);
  const { act, place } = useActions();
  useTouch(rows, (id) => act('archive', [id]));
  const end = useSeen(more, state.next !== null && !state.loadingMore);
  useEffect(() => {
    if (open) setCursor(open);
  }, [open, setCursor]);
  function step(by: number): void {
    const at = hits.findIndex(({ id }) => id === cursor);
    const next = hits[at < 0 ? 0 : at + by];
    if (!next) return;
    setCursor(next.id);
    if (open && !phone) navigate(hrefOf(query, next.id), { replace: true });
    const row = rows.current?.querySelector<HTMLElement>(`[data-thread="${CSS.escape(next.id)}"]`);
    row?.scrollIntoView({ block: 'nearest' });
    if (rows.current?.contains(document.activeElement)) row?.focus({ preventScroll: true });
  }
  useCommand('list.next', () => step(1));
  useCommand('list.previous', () => step(-1));
  useCommand('list.open', () => cursor && navigate(hrefOf(query, cursor)), cursor !== null && cursor !== open);
  return (
    <>
      {state.unknown.length > 0 && <div className={css.unknown}><Notice>{t('search.unknown', { list: state.unknown.join(', ') })}</Notice></div>}
      <ul ref={rows}>
        {hits.map((hit, index) => (
          <li key={`${hit.id}-${hit.match.message_id}`}>
            <ThreadItem
              id={hit.id}
              at={Date.parse(hit.last_at)}
              href={hrefOf(query, hit.id)}
              open={hit.id === open}
              cursor={hit.id === cursor}
              tabbable={cursor ? hit.id === cursor : index === 0}
              snippet={<Marked hit={hit} />}
              offers={offered(place)}
              between={between}
            />
          </li>
        ))}
      </ul>
      {state.next && <div className={css.more} ref={end}><Button look="quiet" onClick={more} disabled={state.loadingMore}>{t('search.more')}</Button></div>}
    </>
  );
}

/** Found outside of trash and spam, and there now. */
function isThrownAway(mirror: Mirror, hit: SearchHit): boolean {
  const row = mirror.view.thread(hit.id);
  if (!row) return false;
  const apart = (ids: Id[]): boolean => ids.every((id) => ['trash', 'junk'].includes(mirror.tables.mailboxes.get(id)?.role ?? ''));
  return apart(row.mailbox_ids) && !apart(hit.mailbox_ids);
}

function Marked({ hit }: { hit: SearchHit }) {
  return fromFirstMark(snippetParts(hit.match.snippet_html)).map((part, index) => (part.marked ? <mark key={index}>{part.text}</mark> : part.text));
}

/** Calls `seen` when the returned node scrolls into view. */
function useSeen(seen: () => void, enabled: boolean) {
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!node.current || !enabled) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && seen(), { rootMargin: '400px' });
    observer.observe(node.current);
    return () => observer.disconnect();
  }, [seen, enabled]);
  return node;
}

function StartPage() {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [recent, setRecent] = useState(recentSearches);
  const [saved] = useState(savedSearches);
  return (
    <div className={css.start}>
      <h1 className="vh">{t('search.title')}</h1>
      <p className={css.startLead}>{t('search.start')}</p>
      {saved.length > 0 && (
        <section>
          <h2>{t('search.saved')}</h2>
          <ul>
            {saved.map((query) => (
              <li key={query}>
                <button type="button" className={css.recent} onClick={() => navigate(hrefOf(query))}><Bookmark size={16} aria-hidden />{query}</button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {recent.length > 0 && (
        <section>
          <h2>{t('search.recent')}</h2>
          <ul>
            {recent.map((query) => (
              <li key={query}>
                <button type="button" className={css.recent} onClick={() => navigate(hrefOf(query))}><History size={16} aria-hidden />{query}</button>
              </li>
            ))}
          </ul>
          <Button look="link" onClick={() => { forgetSearches(); setRecent([]); }}>{t('search.forget')}</Button>
        </section>
      )}
      <section>
        <h2>{t('search.operators')}</h2>
        <dl className={css.operators}>
          {OPERATORS.map(({ text, label }) => (
            <div key={text}>
              <dt><Search size={16} aria-hidden /><code>{text}</code></dt>
              <dd>{t(`search.op.${label}`)}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}
