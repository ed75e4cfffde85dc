// The page of a whole company: what is asked for, what a refusal says, and that a choice is what was chosen.
import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { session } from '../auth/session';
import { startLanguages } from '../i18n';
import { FakeServer, problem } from '../testing/server';
import { show } from '../testing/view';
import type { Connection, Offer, Person } from './company';

const { default: CompanyPage } = await startLanguages().then(() => import('./CompanyPage'));

const OFFER: Offer = {
  name: 'google', title: 'Google', simulated: true, fields: ['key', 'administrator'], console: 'https://admin.google.com/',
  scopes: { directory: ['directory.readonly'], mail: ['gmail.modify'], calendar: ['calendar.events'], contacts: ['contacts'] },
};
const CONNECTION: Connection = {
  id: 'c1', provider: 'google', title: 'Google', simulated: true, realm: 'firm.example', application: '1234', administrator: 'ada@firm.example',
  surfaces: ['mail'], status: 'active', sentence: '', read_at: null, people: { all: 2, connected: 0, new: 1, left: 0, waiting: 0 },
};
const person = (id: string, change: Partial<Person> = {}): Person => ({
  id, address: `${id}@firm.example`, name: id, unit: '', state: 'offered', left: false, new: false, account_status: null, sentence: '', ...change,
});

let server: FakeServer;
let posted: { path: string; body: Record<string, unknown> }[];
let refusal: Response | null;

beforeEach(async () => {
  server = new FakeServer();
  await server.start();
  posted = [];
  refusal = null;
  const answer = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    if (init.method !== 'POST' || !url.includes('company/')) return answer(url, init);
    posted.push({ path: url.split('/api/v1/')[1]!, body: JSON.parse(String(init.body)) as Record<string, unknown> });
    return Promise.resolve(refusal ?? new Response(JSON.stringify({ people: 1 }), { status: 202, headers: { 'Content-Type': 'application/json' } }));
  });
  const state = session.state();
  vi.spyOn(session, 'state').mockReturnValue({ status: 'in', confirmed: true, me: { ...('me' in state ? state.me : null), role: 'owner' } as never });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('a new company', () => {
  it('shows what to delegate for what is ticked, sends no half, and says what the provider refuses', async () => {
    server.answers.set('company/connections', { items: [], offers: [OFFER] });
    await show(<CompanyPage />);
    fireEvent.click(await screen.findByRole('button', { name: /Connect a Google Workspace domain/ }));
    const scopes = (): string[] => within(screen.getByRole('list', { name: 'Scopes to delegate' })).getAllByRole('listitem').map((item) => item.textContent);
    expect(scopes()).toEqual(['directory.readonly', 'gmail.modify', 'calendar.events', 'contacts']);
    fireEvent.click(screen.getByRole('checkbox', { name: 'Calendars' }));
    expect(scopes()).toEqual(['directory.readonly', 'gmail.modify', 'contacts']);
    fireEvent.click(screen.getByRole('button', { name: 'Check and connect' }));
    expect(await screen.findByText('Fill in every field.')).toBeTruthy();
    expect(posted).toEqual([]);
    refusal = problem(422, 'company_refused', 'Missing now: gmail.modify.');
    fireEvent.change(screen.getByLabelText('Or paste what is in it'), { target: { value: '{}' } });
    fireEvent.change(screen.getByLabelText('Address of an administrator'), { target: { value: 'ada@firm.example' } });
    fireEvent.click(screen.getByRole('button', { name: 'Check and connect' }));
    expect((await screen.findByRole('alert')).textContent).toContain('Missing now: gmail.modify.');
    expect(posted).toEqual([{ path: 'company/connections', body: { provider: 'google', surfaces: ['mail', 'contacts'], key: '{}', administrator: 'ada@firm.example' } }]);
  });
});

describe('the people', () => {
  it('are chosen one by one, and those who left or are connected cannot be', async () => {
    server.answers.set('company/connections', { items: [CONNECTION], offers: [OFFER] });
    server.answers.set('company/connections/c1/people', {
      items: [person('anna', { new: true }), person('bob'), person('carl', { state: 'connected', account_status: 'active' }), person('dora', { state: 'connected', left: true, account_status: 'suspended' })],
    });
    await show(<CompanyPage />);
    expect(await screen.findByText('New')).toBeTruthy();
    expect(screen.queryByRole('checkbox', { name: 'Choose carl' })).toBeNull();
    expect(screen.getByText('Suspended: has left the directory')).toBeTruthy();
    fireEvent.click(screen.getByRole('checkbox', { name: 'Choose bob' }));
    fireEvent.click(screen.getByRole('button', { name: 'Connect 1 person' }));
    await waitFor(() => expect(posted).toEqual([{ path: 'company/connections/c1/people', body: { people: ['bob'] } }]));
    fireEvent.click(await screen.findByRole('button', { name: 'Disconnect carl' }));
    await waitFor(() => expect(posted[1]).toEqual({ path: 'company/connections/c1/people/let-go', body: { people: ['carl'] } }));
  });
});
