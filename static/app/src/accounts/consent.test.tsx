// Connecting by a provider's own sign-in: what is offered for an address, what is asked for, and what is said afterwards.
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Account, Consent, Discovery, Provider } from '../api/types';
import { startLanguages } from '../i18n';
import { Mirror } from '../store/mirror';
import { account } from '../testing/rows';
import { FakeServer, problem } from '../testing/server';
import { show } from '../testing/view';

// As in the client, the pages, which bring words of their own, come after the languages have started.
const { default: AccountsPage } = await startLanguages().then(() => import('./AccountsPage'));
const { default: ConnectPage } = await import('./ConnectPage');

const GOOGLE: Provider = { name: 'google', title: 'Google', simulated: true };
const MICROSOFT: Provider = { name: 'microsoft', title: 'Microsoft', simulated: false };
const found = (change: Partial<Discovery>): Discovery => ({
  address: 'ada@gmail.com', provider_type: 'google', source: 'preset', imap: { host: 'imap.gmail.com', port: 993, security: 'tls' }, smtp: null, caldav: null,
  carddav: null, username: 'ada@gmail.com', password_hint: null, password_works: true, confirm_hosts: false, ...change,
});

let server: FakeServer;
let asked: Consent[];

beforeEach(async () => {
  server = new FakeServer();
  await server.start();
  asked = [];
  const answer = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    if (!url.endsWith('accounts/consent')) return answer(url, init);
    asked.push(JSON.parse(String(init.body)) as Consent);
    return Promise.resolve(problem(503, 'try_later', 'The provider cannot be reached at the moment.'));
  });
  server.answers.set('accounts/providers', { items: [GOOGLE, MICROSOFT] });
});
afterEach(() => {
  cleanup();
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

/** The mirror of a person who has this account. */
async function having(change: Partial<Account>): Promise<Mirror> {
  server.answers.set('accounts', { seq: server.seq, items: [account(change)] });
  const mirror = new Mirror('test:person');
  await mirror.refresh();
  return mirror;
}

async function look(address: string): Promise<void> {
  fireEvent.change(screen.getByLabelText('Email address'), { target: { value: address } });
  fireEvent.click(screen.getByRole('button', { name: 'Continue' }));
}

describe('a new account', () => {
  it('asks for what is ticked, and says when the provider cannot be reached', async () => {
    await show(<ConnectPage account={null} />);
    const google = await screen.findByRole('button', { name: 'Sign in with Google Simulated' });
    expect(screen.getByRole('button', { name: 'Sign in with Microsoft' })).toBeTruthy();
    fireEvent.click(screen.getByLabelText('Contacts'));
    fireEvent.click(google);
    expect(await screen.findByText('The provider cannot be reached at the moment.')).toBeTruthy();
    expect(asked).toEqual([{ provider: 'google', surfaces: ['mail', 'calendar'], address: '' }]);
  });

  it('asks for nothing when nothing is ticked', async () => {
    await show(<ConnectPage account={null} />);
    await screen.findByRole('button', { name: 'Sign in with Microsoft' });
    for (const name of ['Mail', 'Calendars', 'Contacts']) fireEvent.click(screen.getByLabelText(name));
    fireEvent.click(screen.getByRole('button', { name: 'Sign in with Microsoft' }));
    expect(screen.getByRole('alert').textContent).toBe('Choose at least one of them.');
    expect(asked).toEqual([]);
  });

  it('leads an address of Google to its sign-in, and to a password for whoever wants that', async () => {
    server.answers.set('accounts/discover', found({}));
    await show(<ConnectPage account={null} />);
    await look('ada@gmail.com');
    expect(await screen.findByText('gmail.com is kept at Google.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Microsoft/ })).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Use a password instead' }));
    expect(screen.getByLabelText('Password')).toBeTruthy();
  });

  it('offers no password where none works', async () => {
    server.answers.set('accounts/discover', found({ address: 'ada@outlook.com', provider_type: 'microsoft', password_works: false }));
    await show(<ConnectPage account={null} />);
    await look('ada@outlook.com');
    expect(await screen.findByRole('button', { name: 'Sign in with Microsoft' })).toBeTruthy();
    expect(screen.queryByText('Use a password instead')).toBeNull();
  });

  it('says so where the installation is not registered with the provider', async () => {
    server.answers.set('accounts/providers', { items: [GOOGLE] });
    server.answers.set('accounts/discover', found({ address: 'ada@outlook.com', provider_type: 'microsoft', password_works: false, password_hint: 'No password works.' }));
    await show(<ConnectPage account={null} />);
    await look('ada@outlook.com');
    expect(await screen.findByText(/has not registered it with Microsoft yet/)).toBeTruthy();
    expect(screen.queryByLabelText('Password')).toBeNull();
  });
});

describe('coming back', () => {
  it.each([
    ['declined', /the permission was not given/], ['admin_needed', /Ask yours to allow PMSync/], ['other_browser', /begun in another browser/],
    ['<b>made up</b>', /did not complete the sign-in/],
  ])('with %s says what happened and what next', async (code, said) => {
    history.replaceState(null, '', `/accounts/new?${new URLSearchParams({ consent: code }).toString()}`);
    await show(<ConnectPage account={null} />);
    expect(screen.getByText(said)).toBeTruthy();
    expect(await screen.findByRole('button', { name: /Google/ })).toBeTruthy();
  });

  it('without the account that was to be mended offers just that again', async () => {
    const mirror = await having({ address: 'ada@gmail.com', provider_type: 'google', surfaces: ['mail', 'contacts'], status: 'needs_reconnect' });
    history.replaceState(null, '', '/accounts/new?consent=other_account&account=account');
    await show(<ConnectPage account={null} />, mirror);
    expect(screen.getByText(/Sign in again and choose ada@gmail.com/)).toBeTruthy();
    expect(screen.queryByLabelText('Email address')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Sign in again' }));
    await waitFor(() => expect(asked).toEqual([{ provider: 'google', surfaces: ['mail', 'contacts'], account: 'account' }]));
  });

  it('with an account shows how far it is', async () => {
    const progress = { done: 10, total: 200, rate: 5, seconds_left: 38, started_at: '2026-03-10T12:00:00Z' };
    const mirror = await having({ address: 'ada@gmail.com', provider_type: 'google', simulated: true, import: progress });
    history.replaceState(null, '', '/accounts?connected=account');
    await show(<AccountsPage />, mirror);
    expect(screen.getByRole('heading').textContent).toBe('ada@gmail.com is connected Simulated');
    expect(screen.getByRole('progressbar')).toBeTruthy();
  });
});

describe('a connected account', () => {
  it('is mended with one click, and says where it lives', async () => {
    const mirror = await having({ address: 'ada@gmail.com', provider_type: 'google', simulated: true, surfaces: ['mail', 'calendar', 'contacts'], status: 'needs_reconnect' });
    await show(<AccountsPage />, mirror);
    expect(screen.getByText('Needs you to sign in again')).toBeTruthy();
    expect(screen.getByText(/^Google · Mail, Calendars,? and Contacts$/)).toBeTruthy();
    expect(screen.getByRole('heading', { level: 2 }).textContent).toBe('ada@gmail.com Simulated');
    fireEvent.click(screen.getByRole('button', { name: 'Sign in again' }));
    await waitFor(() => expect(asked).toEqual([{ provider: 'google', surfaces: ['mail', 'calendar', 'contacts'], account: 'account' }]));
  });

  it('offers what is not connected of it', async () => {
    await show(<AccountsPage />, await having({ provider_type: 'microsoft', surfaces: ['mail'] }));
    fireEvent.click(screen.getByRole('button', { name: 'Connect calendars and contacts too' }));
    await waitFor(() => expect(asked).toEqual([{ provider: 'microsoft', surfaces: ['mail', 'calendar', 'contacts'], account: 'account' }]));
  });
});
