import 'fake-indexeddb/auto';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startLanguages } from '../i18n';
import { MirrorContext } from '../store/hooks';
import { Mirror } from '../store/mirror';
import { FakeServer } from '../testing/server';
import type { FollowUp, Report } from './types';

let server: FakeServer;
let FollowUpsPage: typeof import('./FollowUpsPage').default;
let ReportView: typeof import('./ReportView').ReportView;

const show = (children: ReactNode): unknown => render(<MirrorContext value={new Mirror('test:person')}>{children}</MirrorContext>);

// The pages bring their words along, into languages that run already.
beforeAll(async () => {
  await startLanguages();
  FollowUpsPage = (await import('./FollowUpsPage')).default;
  ({ ReportView } = await import('./ReportView'));
});

beforeEach(async () => {
  // jsdom has no media queries; what they would say is a wide window.
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  server = new FakeServer();
  await server.start();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const matter = (change: Partial<FollowUp> = {}): FollowUp => ({
  id: 'f1', account_id: 'a', thread_id: 't', message_id: 'm', direction: 'mine', kind: 'asked', who: 'bob@x.example', said: 'Can you draw it?',
  due_on: null, due_at: null, since: new Date(Date.now() - 3 * 86_400_000).toISOString(), missed: false, ...change,
});

const report: Report = {
  id: 'r', date: '2026-03-30', first_day: '2026-03-29', zone: 'Europe/Rome', made_at: '2026-03-30T05:50:00Z', summary: '<b>Bob</b> waits.', suggestions: ['Draw it'],
  assistant: '', accounts: [], important: [], follow_ups: [matter({ missed: true })], conflicts: [['e1', 'e2']], actions: [],
  events: [
    { id: 'e1', key: '', title: 'Site', location: '', start: '2026-03-30T07:00:00Z', end: '2026-03-30T08:00:00Z', all_day: false },
    { id: 'e2', key: '', title: 'Call', location: '', start: '2026-03-30T07:30:00Z', end: '2026-03-30T09:00:00Z', all_day: false },
  ],
  stats: { received: 3, sent: 1, unread: 2, mine: 1, mine_missed: 1, theirs: 0, theirs_missed: 0, read: 0, actions: {}, senders: [], cut: false },
};

describe('a report', () => {
  it('shows the words of a model as text, times of its own zone, and what clashes', async () => {
    server.answers.set('reports/2026-03-30', report);
    show(<ReportView day="2026-03-30" onBack={() => {}} onForgotten={() => {}} />);
    expect(await screen.findByText('<b>Bob</b> waits.')).toBeTruthy();
    expect(screen.getByText('09:00–10:00')).toBeTruthy();
    expect(screen.getByText('At the same time as Call')).toBeTruthy();
    expect(screen.getByText('bob@x.example · Overdue, for 3 days')).toBeTruthy();
  });

  it('says why there are no words', async () => {
    server.answers.set('reports/2026-03-30', { ...report, summary: '', suggestions: [], assistant: 'timed_out' });
    show(<ReportView day="2026-03-30" onBack={() => {}} onForgotten={() => {}} />);
    expect(await screen.findByText(/gave no answer in time/)).toBeTruthy();
  });

  it('that is not there leads back', async () => {
    show(<ReportView day="2026-03-31" onBack={() => {}} onForgotten={() => {}} />);
    expect(await screen.findByRole('button', { name: 'Back to reports' })).toBeTruthy();
  });
});

describe('follow-ups', () => {
  it('are decided here, and read again', async () => {
    server.answers.set('follow-ups?direction=mine', { items: [matter()], cursor: null });
    server.answers.set('follow-ups/f1', matter());
    show(<FollowUpsPage onMenu={() => {}} />);
    expect(await screen.findByText('bob@x.example · for 3 days')).toBeTruthy();
    server.answers.set('follow-ups?direction=mine', { items: [], cursor: null });
    fireEvent.click(screen.getByRole('button', { name: 'Done' }));
    await waitFor(() => expect(screen.queryByText('Can you draw it?')).toBeNull());
    expect(screen.getByText(/Nothing is open/)).toBeTruthy();
  });
});
