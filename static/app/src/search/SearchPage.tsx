// Search results in the list's place, each opening in the reader beside it.
import { CircleAlert, CloudOff, History, Search, SearchX } from 'lucide-react';
import { Suspense, lazy, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useSearchParams } from 'wouter';
import type { Id, SearchHit } from '../api/types';
import { NothingOpen } from '../mail/MailPage';
import { Panes } from '../mail/Panes';
import { PlaceholderRow, ThreadItem } from '../mail/ThreadItem';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { usePhone } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import { Button } from '../ui/Button';
import { Empty, Notice } from '../ui/Feedback';
import mail from '../mail/mail.module.css';
import { fromFirstMark, snippetParts } from './marks';
import { hasWord, operatorValue, toggleWord, withOperator } from './query';
import { forgetSearches, keepSearch, recentSearches } from './recent';
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
  useEffect(() => {
    if (query) keepSearch(query);
  }, [query]);
  useCommand('list.back', toList, thread !== undefined);
  useCommand('app.close', toList, thread !== undefined);
  return (
    <Panes
      reading={thread !== undefined}
      list={
        <section className={mail.listPane} aria-label={t('search.title')}>
          <div className={mail.listTop}>
            {phone && <MenuButton onMenu={onMenu} />}
            <SearchBox focused={!query} />
          </div>
          {query && <Heading query={query} state={state} />}
          {query && <Chips query={query} onChange={(next) => navigate(hrefOf(next))} />}
          <div className={mail.listScroll}>
            {query ? <Outcome query={query} state={state} open={thread} more={more} retry={retry} /> : <StartPage />}
          </div>
        </section>
      }
      reader={<Suspense fallback={null}>{thread ? <Reader key={thread} id={thread} onBack={toList} /> : <NothingOpen />}</Suspense>}
    />
  );
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
    </header>
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
  more: () => void;
  retry: () => void;
}

function Outcome({ query, state, open, more, retry }: OutcomeProps) {
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
      if (state.hits.length > 0) return <Results query={query} state={state} open={open} more={more} />;
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

function Results({ query, state, open, more }: { query: string; state: Found; open: Id | undefined; more: () => void }) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const [, navigate] = useLocation();
  const phone = usePhone();
  const [cursor, setCursor] = useState<Id | null>(open ?? null);
  const rows = useRef<HTMLUListElement>(null);
  const hits = state.hits.filter((hit) => !mirror.tables.gone.has(hit.id));
  const end = useSeen(more, state.next !== null && !state.loadingMore);
  useEffect(() => {
    if (open) setCursor(open);
  }, [open]);
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
            />
          </li>
        ))}
      </ul>
      {state.next && <div className={css.more} ref={end}><Button look="quiet" onClick={more} disabled={state.loadingMore}>{t('search.more')}</Button></div>}
    </>
  );
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
  return (
    <div className={css.start}>
      <h1 className="vh">{t('search.title')}</h1>
      <p className={css.startLead}>{t('search.start')}</p>
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
