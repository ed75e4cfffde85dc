// A virtual list of conversations: fixed row height, sparse pages, and a place that new mail does not move.
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowUp, CloudOff } from 'lucide-react';
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type FocusEvent, type PointerEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { Id } from '../api/types';
import { useCommand } from '../shell/commands';
import { density } from '../shell/preferences';
import { usePhone, usePreference } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import type { SparseList } from '../store/sparse';
import { Button } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { setHot } from './act/hot';
import { offered, useActions } from './act/place';
import { selection, useSelecting } from './act/selection';
import { useTouch } from './act/useTouch';
import css from './mail.module.css';
import type { ListRows } from './rows';
import { PlaceholderRow, ThreadItem } from './ThreadItem';

const ROW = { phone: 72, comfortable: 64, compact: 36 };
/** Rows asked for beyond the visible ones: about one screen each way. */
const AHEAD = 16;
const PREFETCH_AFTER = 250;

/** Where each list was scrolled to, for the way back. */
const places = new Map<string, number>();

interface ThreadListProps {
  /** Names the list: where it was scrolled to is remembered by it. */
  source: string;
  rows: ListRows;
  open: Id | undefined;
  cursor: Id | null;
  setCursor: (id: Id | null) => void;
  hrefOf: (thread: Id) => string;
  empty: ReactNode;
}

export function ThreadList({ source, rows: { list, version, load, look }, open, cursor, setCursor, hrefOf, empty }: ThreadListProps) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const phone = usePhone();
  const compact = usePreference(density) === 'compact';
  const height = phone ? ROW.phone : compact ? ROW.compact : ROW.comfortable;
  const scroller = useRef<HTMLDivElement>(null);
  const { place, act } = useActions();
  const selecting = useSelecting();
  const offers = offered(place);
  const swipe = offers.find((action) => action === 'archive' || action === 'inbox' || action === 'not_junk');
  useTouch(scroller, swipe ? (id) => act(swipe, [id]) : null);
  const latest = useRef(list);
  useEffect(() => {
    latest.current = list;
    selection.enter(source);
    selection.forget((id) => list.known && !list.has(id));
  }, [source, list, version]);
  const between = useCallback((from: Id, to: Id): Id[] => {
    const now = latest.current;
    const [a, b] = [now.indexOf(from), now.indexOf(to)];
    return a < 0 || b < 0 ? [to] : now.slice(Math.min(a, b), Math.max(a, b) + 1).map(({ id }) => id);
  }, []);

  const rows = useVirtualizer({
    count: list.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    initialOffset: places.get(source) ?? 0,
  });
  useEffect(() => rows.measure(), [rows, height]);
  const visible = rows.getVirtualItems();
  const first = visible[0]?.index ?? 0;
  const last = visible.at(-1)?.index ?? AHEAD;
  useEffect(() => look(first - AHEAD, last + AHEAD), [look, first, last, version]);

  const fresh = useSteadyPlace(scroller, source, list, version, height);
  const { cursorIndex, move } = useCursor(list, cursor, setCursor, open);

  useEffect(() => {
    if (open) setCursor(open);
  }, [open, setCursor]);
  const cursorAt = useRef(cursorIndex);
  useEffect(() => {
    // An action has moved the cursor on: its row must be seen.
    if (cursorIndex >= 0 && cursorIndex !== cursorAt.current) rows.scrollToIndex(cursorIndex, { align: 'auto' });
    cursorAt.current = cursorIndex;
  }, [rows, cursor, cursorIndex]);

  /** Keys act on the row that has the focus. */
  function meet(event: FocusEvent): void {
    const row = event.target.closest<HTMLElement>('[data-row]')?.dataset['row'];
    if (row && !open) setCursor(row);
  }

  function step(by: number): void {
    const target = move(by);
    if (!target) return;
    rows.scrollToIndex(target.index, { align: 'auto' });
    setCursor(target.id);
    if (open && !phone) navigate(hrefOf(target.id), { replace: true });
    const focused = document.activeElement;
    if (focused && scroller.current?.contains(focused)) requestAnimationFrame(() => focusRow(scroller.current, target.id));
  }
  useCommand('list.next', () => step(1));
  useCommand('list.previous', () => step(-1));
  useCommand('list.open', () => cursor && navigate(hrefOf(cursor)), cursor !== null && cursor !== open);
  usePrefetch(list, open ?? cursor);

  if (!list.known && load !== 'idle' && load !== 'loading') return <ListFault load={load} retry={() => look(0, AHEAD)} />;
  if (list.known && list.total === 0) return <div className={css.listScroll}>{empty}</div>;
  const focusable = visible.some(({ index }) => index === cursorIndex) ? cursorIndex : first;
  return (
    <div className={css.listBody}>
      {fresh > 0 && (
        <button type="button" className={css.pill} onClick={() => scroller.current?.scrollTo({ top: 0 })}>
          <ArrowUp size={16} aria-hidden /> {t('list.pill', { count: fresh })}
        </button>
      )}
      <div className={css.listScroll} ref={scroller} data-list data-selecting={selecting || undefined} onPointerOver={heat} onPointerLeave={() => setHot(null)} onFocus={meet}>
        {list.known ? (
          <ul className={css.rows} style={{ height: rows.getTotalSize() }}>
            {visible.map((item) => {
              const entry = list.at(item.index);
              return (
                <li
                  key={entry?.id ?? item.key}
                  className={css.slot}
                  style={{ transform: `translateY(${item.start}px)` }}
                  aria-setsize={list.total}
                  aria-posinset={item.index + 1}
                >
                  {entry ? (
                    <ThreadItem
                      id={entry.id}
                      at={entry.at}
                      href={hrefOf(entry.id)}
                      open={entry.id === open}
                      cursor={entry.id === cursor}
                      tabbable={item.index === focusable}
                      offers={offers}
                      between={between}
                    />
                  ) : (
                    <PlaceholderRow index={item.index} />
                  )}
                </li>
              );
            })}
          </ul>
        ) : (
          <ul className={css.rows} aria-hidden>
            {Array.from({ length: 12 }, (_, index) => <li key={index}><PlaceholderRow index={index} /></li>)}
          </ul>
        )}
      </div>
    </div>
  );
}

/** The row under the mouse shows what can be done to it; a finger has swipes and bars. */
function heat(event: PointerEvent): void {
  const row = event.pointerType === 'mouse' && event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
  setHot(row?.dataset['row'] ?? null);
}

function focusRow(scroller: HTMLElement | null, id: Id): void {
  scroller?.querySelector<HTMLElement>(`[data-thread="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
}

/** The keyboard's row. When that row leaves the list, its place stays and the next step goes on from there. */
function useCursor(list: SparseList, cursor: Id | null, setCursor: (id: Id | null) => void, open: Id | undefined) {
  const index = cursor ? list.indexOf(cursor) : -1;
  const lastKnown = useRef(-1);
  useEffect(() => {
    if (index >= 0) lastKnown.current = index;
    else if (cursor && cursor !== open) setCursor(null);
  });
  function move(by: number): { index: number; id: Id } | null {
    let target: number;
    if (index >= 0) target = index + by;
    else if (lastKnown.current >= 0) target = by > 0 ? lastKnown.current : lastKnown.current - 1;
    else target = 0;
    const entry = list.at(target);
    return entry ? { index: target, id: entry.id } : null;
  }
  return { cursorIndex: index, move };
}

/**
 * Keep what is on screen where it is while rows come and go above it, and count those that came. At the very top
 * new mail simply appears.
 */
function useSteadyPlace(scroller: { current: HTMLDivElement | null }, source: string, list: SparseList, version: number | string, height: number): number {
  const anchor = useRef<{ id: Id; offset: number } | null>(null);
  const top = useRef<Id | null>(null);
  const [fresh, setFresh] = useState(0);

  useEffect(() => {
    const node = scroller.current;
    if (!node) return;
    const note = (): void => {
      const index = Math.floor(node.scrollTop / height);
      const entry = list.at(index);
      places.set(source, node.scrollTop);
      anchor.current = entry && node.scrollTop > 0 ? { id: entry.id, offset: node.scrollTop - index * height } : null;
      if (node.scrollTop < height) {
        top.current = null;
        setFresh(0);
      } else {
        top.current ??= list.at(0)?.id ?? null;
      }
    };
    note();
    node.addEventListener('scroll', note, { passive: true });
    return () => node.removeEventListener('scroll', note);
  }, [scroller, source, list, height, list.known]);

  useLayoutEffect(() => {
    const node = scroller.current;
    if (!node || !anchor.current) return;
    const index = list.indexOf(anchor.current.id);
    const wanted = index * height + anchor.current.offset;
    if (index >= 0 && Math.abs(wanted - node.scrollTop) >= 1) node.scrollTop = wanted;
    const above = top.current ? list.indexOf(top.current) : -1;
    if (above >= 0) setFresh(above);
  }, [scroller, list, version, height]);

  return fresh;
}

/** Bodies of the rows around the current one, so that moving on paints at once. */
function usePrefetch(list: SparseList, current: Id | null): void {
  const mirror = useMirror();
  useEffect(() => {
    if (!current) return;
    const timer = setTimeout(() => {
      const index = list.indexOf(current);
      if (index < 0) return;
      for (const near of [index + 1, index - 1, index + 2, index - 2]) {
        const entry = list.at(near);
        if (entry) void mirror.prefetch(entry.id);
      }
    }, PREFETCH_AFTER);
    return () => clearTimeout(timer);
  }, [mirror, list, current]);
}

function ListFault({ load, retry }: { load: 'away' | 'missing' | { reason: string }; retry: () => void }) {
  const { t } = useTranslation();
  const text = typeof load === 'object' ? t('list.failed', { reason: load.reason }) : load === 'missing' ? t('fault.notFound') : t('list.away');
  return <Empty icon={CloudOff} action={<Button onClick={retry}>{t('common.retry')}</Button>}>{text}</Empty>;
}
