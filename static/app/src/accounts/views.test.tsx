import { cleanup, screen } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import type { ConnectionCheck } from '../api/types';
import { show } from '../testing/view';
import { CheckList } from './CheckList';
import { ImportView } from './ImportView';

afterEach(cleanup);

describe('a refused connection', () => {
  const check = (change: Partial<ConnectionCheck>): ConnectionCheck => ({ service: 'imap', step: 'name', ok: true, host: 'imap.x.example', port: 993, message: '', said: '', ...change });

  it('says what works, what does not, in whose words, and what to do', async () => {
    await show(<CheckList checks={[check({}), check({ step: 'login', ok: false, message: 'The password was refused.', said: 'AUTHENTICATIONFAILED' })]} />);
    expect(screen.getByRole('img', { name: 'Works' })).toBeTruthy();
    expect(screen.getByRole('img', { name: 'Does not work' })).toBeTruthy();
    expect(screen.getByText(/The password was refused\. Check user name and password/)).toBeTruthy();
    expect(screen.getByText('The server said: AUTHENTICATIONFAILED')).toBeTruthy();
    expect(document.activeElement?.textContent).toContain('Not connected yet');
  });

  it('is grouped by service', async () => {
    await show(<CheckList checks={[check({ service: 'smtp', host: 'smtp.x.example' }), check({})]} />);
    expect(screen.getAllByRole('heading').map((node) => node.textContent)).toEqual(['Incoming mail imap.x.example:993', 'Outgoing mail smtp.x.example:993']);
  });
});

describe('a first import', () => {
  const progress = { done: 12_300, total: 48_000, rate: 243.4, seconds_left: 147, started_at: '2026-03-10T12:00:00Z' };

  it('names what is done, how fast, and what is left', async () => {
    await show(<ImportView progress={progress} />);
    expect(screen.getByText('12,300 of about 48,000 messages · 243 messages a second · about 2 minutes left')).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('26');
  });

  it('does not guess what it does not know', async () => {
    await show(<ImportView progress={{ ...progress, done: 0, total: null, rate: 0, seconds_left: null }} />);
    expect(screen.getByText('Counting messages…')).toBeTruthy();
    expect(screen.getByRole('progressbar').hasAttribute('aria-valuenow')).toBe(false);
  });
});
