// Something that the server tells, read again when an event says that it is another thing now.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { JournalEvent } from '../api/types';
import { request } from '../auth/session';
import { useMirror } from './hooks';
import { newestOnly } from './newest';

/** A burst of events is one reading (milliseconds). */
const SETTLE = 150;

export type Loaded<T> = T | { fault: unknown } | null;

export const failed = <T,>(loaded: Loaded<T>): loaded is { fault: unknown } => typeof loaded === 'object' && loaded !== null && 'fault' in loaded;

export function useServer<T>(path: string, concerns: (frame: JournalEvent) => boolean): [Loaded<T>, () => Promise<void>] {
  const mirror = useMirror();
  const [loaded, setLoaded] = useState<Loaded<T>>(null);
  const asked = useRef(concerns);
  useEffect(() => {
    asked.current = concerns;
  });
  const [begin] = useState(newestOnly);
  const read = useCallback(async (): Promise<void> => {
    const counts = begin();
    const found = await request<T>(path).catch((fault: unknown) => ({ fault }));
    if (counts()) setLoaded(found as Loaded<T>);
  }, [path, begin]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void read();
      }, SETTLE);
    };
    void read();
    const ends = [mirror.onFrame((frame) => asked.current(frame) && soon()), mirror.onStartOver(soon)];
    return () => {
      begin()();
      clearTimeout(timer);
      ends.forEach((end) => end());
    };
  }, [mirror, read, begin]);
  return [loaded, read];
}
