// Who is signed in. The access token lives in this module's memory only; the refresh token is a cookie that no
// script can read. One refresh at a time over all tabs (Web Locks), its result shared by BroadcastChannel.
import { Problem, Unreachable, json, send, type RequestOptions } from '../api/request';
import type { Challenge, Me, SignedIn } from '../api/types';
import { Emitter } from '../store/emitter';
import { alone } from './alone';
import { forgetPerson, rememberPerson, rememberedPerson } from './remembered';

export type SessionState =
  | { status: 'starting'; me: Me | null }
  | { status: 'out'; reason: 'none' | 'ended' | 'left' }
  | { status: 'away' }
  | { status: 'in'; me: Me; confirmed: boolean };

const REFRESH_LOCK = 'pmsync:refresh';
/** Renew this many milliseconds before the token lapses, so that a request never meets a lapsed one. */
const MARGIN = 60_000;
const RETRY = 5_000;

type TabNews = { kind: 'token'; signed: SignedIn } | { kind: 'left' };

let state: SessionState = { status: 'starting', me: rememberedPerson() };
let access: { token: string; until: number } | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let refreshing: Promise<string | null> | null = null;

const changed = new Emitter();
const tabs = new BroadcastChannel('pmsync:session');
tabs.onmessage = ({ data }: MessageEvent<TabNews>) => {
  if (data.kind === 'left') end('left');
  else if (state.status === 'in' && state.me.id === data.signed.me.id) accept(data.signed);
};

export const session = {
  subscribe: (listener: () => void): (() => void) => changed.on(listener),
  state: (): SessionState => state,
  token: (): string | null => (access && access.until > Date.now() ? access.token : null),
  onToken: (listener: (token: string) => void): (() => void) =>
    changed.on(() => access && listener(access.token)),
  start,
  /** The server does not know our token although it has not lapsed: get another, or find that the session is over. */
  async renewNow(): Promise<void> {
    access = null;
    await refresh();
  },
  signIn,
  requestCode: (email: string): Promise<Challenge> => call('auth/code', { email }),
  verifyCode: (challenge: string, code: string): Promise<void> =>
    call<SignedIn>('auth/code/verify', { challenge, code }).then(accept),
  requestReset: (email: string): Promise<void> => call('auth/reset', { email }),
  confirmReset: (token: string, password: string): Promise<void> => call('auth/reset/confirm', { token, password }),
  switchTenant: (tenant: string): Promise<void> =>
    request<SignedIn>('auth/switch', { method: 'POST', body: { tenant } }).then(accept),
  signOut,
  setMe(me: Me): void {
    if (state.status === 'in') set({ ...state, me });
  },
};

function set(next: SessionState): void {
  state = next;
  if (next.status === 'in') rememberPerson(next.me);
  changed.emit();
}

function call<T>(path: string, body: unknown): Promise<T> {
  return send(path, { method: 'POST', body }).then((answer) => json<T>(answer));
}

/** Resume the session that the cookie holds. A remembered person sees their cached mail meanwhile. */
async function start(): Promise<void> {
  if (state.status === 'starting' && state.me) set({ status: 'in', me: state.me, confirmed: false });
  await refresh();
}

async function signIn(email: string, password: string): Promise<Challenge | null> {
  const answer = await call<SignedIn | Challenge>('auth/login', { email, password });
  if ('challenge' in answer) return answer;
  accept(answer);
  return null;
}

function accept(signed: SignedIn): void {
  const life = signed.expires_in * 1000;
  access = { token: signed.access, until: Date.now() + life };
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), Math.max(life - MARGIN, life / 2));
  set({ status: 'in', me: signed.me, confirmed: true });
}

/** A fresh access token, or null when the session is over or the server is away. */
function refresh(): Promise<string | null> {
  refreshing ??= alone(REFRESH_LOCK, renew).finally(() => (refreshing = null));
  return refreshing;
}

async function renew(): Promise<string | null> {
  // Another tab may have renewed while this one waited for the lock.
  if (access && access.until - Date.now() > MARGIN) return access.token;
  try {
    const signed = await call<SignedIn>('auth/refresh', {});
    accept(signed);
    tabs.postMessage({ kind: 'token', signed } satisfies TabNews);
    return signed.access;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      end(state.status === 'in' ? 'ended' : 'none');
      return null;
    }
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), RETRY);
    if (state.status === 'starting') set({ status: 'away' });
    return null;
  }
}

async function signOut(): Promise<void> {
  try {
    await request('auth/logout', { method: 'POST' });
  } catch (error) {
    // Without an answer the cookie would still be alive: say so instead of pretending.
    if (!(error instanceof Problem)) throw error;
  }
  tabs.postMessage({ kind: 'left' } satisfies TabNews);
  end('left');
}

function end(reason: 'none' | 'ended' | 'left'): void {
  access = null;
  clearTimeout(timer);
  forgetPerson();
  set({ status: 'out', reason });
}

/** A request in the person's name: renews a lapsed token once. Raises as `send` does. */
export async function authorised(path: string, options: RequestOptions = {}): Promise<Response> {
  const token = session.token() ?? (await refresh());
  if (!token) throw state.status === 'out' ? new Problem(SESSION_ENDED, null) : new Unreachable('no session');
  try {
    return await send(path, { ...options, token });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    access = null;
    const again = await refresh();
    if (!again) throw error;
    return send(path, { ...options, token: again });
  }
}

export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return json<T>(await authorised(path, options));
}

const SESSION_ENDED = { type: 'about:blank', title: '', status: 401, detail: '', code: 'session_ended' };
