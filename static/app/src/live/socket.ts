// One event socket: hello, frames, token renewal, reconnect with full jitter. Knows the wire, not the store.
import type { JournalEvent, ServerFrame } from '../api/types';

export interface SocketEvents {
  frame(frame: JournalEvent): void;
  caughtUp(seq: number): void;
  reset(): void;
  welcome(build: string): void;
  /** True while the server's answers reach us. */
  online(now: boolean): void;
  /** The server does not know our token any more. */
  unknownToken(): void;
}

export interface SocketSource {
  /** A valid access token, or null when there is none yet. */
  token(): string | null;
  /** Journal number to resume from. */
  since(): number | null;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** The server speaks at least every 15 s; twice that and a bit without a word means a dead connection. */
const SILENCE = 35_000;
const WHO_ARE_YOU = 4401;
const NOT_YOURS = 4403;

export interface EventSocket {
  /** Say hello again from where the source now stands. */
  hello(): void;
  renew(token: string): void;
  stop(): void;
}

export function openEvents(source: SocketSource, events: SocketEvents): EventSocket {
  let socket: WebSocket | null = null;
  let attempts = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function connect(): void {
    clearTimeout(retry);
    if (stopped || socket) return;
    if (!source.token()) return again();
    const url = new URL('/ws/v1/events', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const mine = new WebSocket(url);
    socket = mine;
    heard();
    mine.onopen = () => hello();
    mine.onmessage = ({ data }) => socket === mine && receive(JSON.parse(String(data)) as ServerFrame);
    mine.onclose = ({ code }) => socket === mine && closed(code);
  }

  function receive(frame: ServerFrame): void {
    heard();
    switch (frame.type) {
      case 'welcome':
        attempts = 0;
        events.online(true);
        return events.welcome(frame.build);
      case 'caught_up': return events.caughtUp(frame.seq);
      case 'reset': return events.reset();
      case undefined: return events.frame(frame);
    }
  }

  function heard(): void {
    clearTimeout(silence);
    silence = setTimeout(() => socket && abandon(), SILENCE);
  }

  /** A dead peer never answers the closing handshake, so the browser's own close event would come a minute late. */
  function abandon(): void {
    const dead = socket;
    closed(1006);
    dead?.close();
  }

  function closed(code: number): void {
    socket = null;
    clearTimeout(silence);
    if (stopped) return;
    events.online(false);
    if (code === NOT_YOURS) {
      stopped = true;
      return events.unknownToken();
    }
    if (code === WHO_ARE_YOU) events.unknownToken();
    again();
  }

  function again(): void {
    clearTimeout(retry);
    const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempts++);
    retry = setTimeout(connect, Math.random() * ceiling);
  }

  function atOnce(): void {
    if (document.visibilityState === 'hidden' || socket || stopped) return;
    attempts = 0;
    connect();
  }

  function hello(): void {
    const token = source.token();
    if (socket?.readyState === WebSocket.OPEN && token) {
      socket.send(JSON.stringify({ type: 'hello', token, since: source.since() }));
    }
  }

  addEventListener('online', atOnce);
  document.addEventListener('visibilitychange', atOnce);
  connect();

  return {
    hello,
    renew(token) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'auth', token }));
    },
    stop() {
      stopped = true;
      clearTimeout(retry);
      clearTimeout(silence);
      removeEventListener('online', atOnce);
      document.removeEventListener('visibilitychange', atOnce);
      socket?.close();
      socket = null;
    },
  };
}
