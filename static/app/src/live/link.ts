// One event socket per browser: the tab that holds the lock speaks with the server and hands every frame to the
// other tabs. Each tab folds the same frames into its own store and asks the leader for what it misses.
import type { JournalEvent } from '../api/types';
import { alone } from '../auth/alone';
import { openEvents, type EventSocket } from './socket';

export interface LinkEvents {
  frame(frame: JournalEvent): void;
  caughtUp(seq: number): void;
  reset(): void;
  online(now: boolean): void;
  newBuild(): void;
  unknownToken(): void;
}

export interface LinkSource {
  token(): string | null;
  since(): number | null;
}

export interface Link {
  /** A gap was met: ask for everything after `since`. */
  want(since: number): void;
  renew(token: string): void;
  /** True in the one tab that holds the socket; that tab alone writes the cache. */
  leads(): boolean;
  stop(): void;
}

type TabNews =
  | { kind: 'frame'; frame: JournalEvent }
  | { kind: 'caught_up'; seq: number }
  | { kind: 'reset' }
  | { kind: 'online'; now: boolean; build: string | null }
  | { kind: 'want'; since: number }
  | { kind: 'joined' };

/** `scope` names tenant and person: tabs of another person do not share a socket. */
export function openLink(scope: string, source: LinkSource, events: LinkEvents): Link {
  const tabs = new BroadcastChannel(`pmsync:live:${scope}`);
  const ended = new AbortController();
  let socket: EventSocket | null = null;
  let online = false;
  let build: string | null = null;
  let asked: number | null = null;

  const tell = (news: TabNews): void => tabs.postMessage(news);

  tabs.onmessage = ({ data }: MessageEvent<TabNews>) => {
    switch (data.kind) {
      case 'frame': return events.frame(data.frame);
      case 'caught_up': return events.caughtUp(data.seq);
      case 'reset': return events.reset();
      case 'online':
        seen(data.build);
        return events.online(data.now);
      case 'want':
        if (socket) replayFrom(data.since);
        return;
      case 'joined':
        if (socket) tell({ kind: 'online', now: online, build });
        return;
    }
  };

  function seen(id: string | null): void {
    if (build !== null && id !== null && id !== build) events.newBuild();
    build = id ?? build;
  }

  function replayFrom(since: number): void {
    asked = Math.min(since, asked ?? since);
    socket?.hello();
  }

  async function leadUntilStopped(): Promise<void> {
    lead();
    await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
  }

  function lead(): void {
    socket = openEvents(
      {
        token: source.token,
        since: () => (asked === null ? source.since() : Math.min(asked, source.since() ?? asked)),
      },
      {
        frame: (frame) => {
          tell({ kind: 'frame', frame });
          events.frame(frame);
        },
        caughtUp: (seq) => {
          asked = null;
          tell({ kind: 'caught_up', seq });
          events.caughtUp(seq);
        },
        reset: () => {
          asked = null;
          tell({ kind: 'reset' });
          events.reset();
        },
        welcome: (id) => {
          seen(id);
          tell({ kind: 'online', now: true, build });
        },
        online: (now) => {
          online = now;
          tell({ kind: 'online', now, build });
          events.online(now);
        },
        unknownToken: events.unknownToken,
      },
    );
  }

  alone(`pmsync:lead:${scope}`, leadUntilStopped, ended.signal).catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });
  tell({ kind: 'joined' });
  const since = source.since();
  if (since !== null) tell({ kind: 'want', since });

  return {
    want(from) {
      if (socket) replayFrom(from);
      else tell({ kind: 'want', since: from });
    },
    renew: (token) => socket?.renew(token),
    leads: () => socket !== null,
    stop() {
      ended.abort();
      socket?.stop();
      socket = null;
      tabs.close();
    },
  };
}
