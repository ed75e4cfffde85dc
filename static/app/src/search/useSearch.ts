// One search: the first page at once, further pages on demand, a newer query cancels an older one.
import { useCallback, useEffect, useRef, useState } from 'react';
import { Problem, Unreachable } from '../api/request';
import type { SearchHit, SearchPage } from '../api/types';
import { useMirror } from '../store/hooks';

export type SearchState =
  | { status: 'none' }
  | { status: 'searching' }
  | { status: 'found'; hits: SearchHit[]; next: string | null; total: number | null; about: number; unknown: string[]; loadingMore: boolean }
  | { status: 'bad'; reason: string }
  | { status: 'failed'; reason: string }
  | { status: 'away' };

export function useSearch(query: string): { state: SearchState; more: () => void; retry: () => void } {
  const mirror = useMirror();
  const [state, set] = useState<SearchState>({ status: 'none' });
  const [attempt, setAttempt] = useState(0);
  const running = useRef<AbortController | null>(null);

  useEffect(() => {
    const mine = new AbortController();
    running.current = mine;
    if (!query) {
      set({ status: 'none' });
      return () => mine.abort();
    }
    set({ status: 'searching' });
    mirror.search(query, null, mine.signal).then(
      (page) => !mine.signal.aborted && set(foundFirst(page)),
      (error: unknown) => !mine.signal.aborted && set(faultOf(error)),
    );
    return () => mine.abort();
  }, [mirror, query, attempt]);

  const more = useCallback(() => {
    const mine = running.current;
    if (state.status !== 'found' || !state.next || state.loadingMore || !mine) return;
    set({ ...state, loadingMore: true });
    mirror.search(query, state.next, mine.signal).then(
      (page) => !mine.signal.aborted && set({ ...state, hits: [...state.hits, ...page.items], next: page.next, loadingMore: false }),
      (error: unknown) => {
        if (mine.signal.aborted) return;
        faultOf(error);
        set({ ...state, loadingMore: false }); // what was found stays; the button offers another try
      },
    );
  }, [mirror, query, state]);

  return { state, more, retry: () => setAttempt(attempt + 1) };
}

function foundFirst(page: SearchPage): SearchState {
  return {
    status: 'found',
    hits: page.items,
    next: page.next,
    total: page.total,
    about: page.about ?? page.total ?? page.items.length,
    unknown: page.query.unknown,
    loadingMore: false,
  };
}

function faultOf(error: unknown): SearchState {
  if (error instanceof Unreachable) return { status: 'away' };
  if (error instanceof Problem) return { status: error.code === 'bad_query' ? 'bad' : 'failed', reason: error.message };
  throw error;
}
