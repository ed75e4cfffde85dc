import { cleanup, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { Body } from '../api/types';
import { MirrorContext } from '../store/hooks';
import { putThread } from '../store/tables';
import { Mirror } from '../store/mirror';
import { thread } from '../testing/rows';
import { show } from '../testing/view';
import { Attachments } from './Attachments';
import { useMergedRows } from './rows';
import { TextBody } from './TextBody';
import { ThreadItem } from './ThreadItem';

afterEach(cleanup);

const body = (text: string, quoted_from: number | null): Body => ({ html: '', css: '', blocked_remote: 0, trackers: 0, text, quoted_from, from_html: false });

describe('plain text', () => {
  it('folds the quoted history and opens it on request', async () => {
    await show(<TextBody body={body('Yes, gladly.\n> old words', 12)} />);
    expect(screen.getByText('Yes, gladly.')).toBeTruthy();
    expect(screen.queryByText('old words')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Show quoted text' }));
    expect(screen.getByText('old words')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Hide quoted text' }).getAttribute('aria-expanded')).toBe('true');
  });

  it('shows everything when the quote is all there is', async () => {
    await show(<TextBody body={body('> forwarded words', 0)} />);
    expect(screen.getByText('forwarded words')).toBeTruthy();
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('never turns text into markup', async () => {
    const { container } = await show(<TextBody body={body('<img src=x onerror=alert(1)> https://x.example', null)} />);
    expect(container.querySelector('img')).toBeNull();
    expect(screen.getByRole('link').getAttribute('rel')).toBe('noopener noreferrer nofollow ugc');
  });
});

describe('a row', () => {
  const row = { participants: [{ name: 'Giulia Ferraro', address: 'g@x.example', me: false }, { name: 'Ada', address: 'ada@x.example', me: true }], count: 3, unread: 1, flagged: true, has_attachment: true };
  const item = <ThreadItem id="thread-1" at={0} href="/mail/box/thread-1" open={false} cursor={false} tabbable />;

  it('says who, what and how it stands, to the eye and to a screen reader', async () => {
    const mirror = new Mirror('test:person');
    const { at: _, ...plain } = thread(1, { ...row, subject: 'Preventivo', snippet: 'in allegato' });
    putThread(mirror.tables, plain);
    await show(item, mirror);
    const link = screen.getByRole('link');
    expect(link.getAttribute('href')).toBe('/mail/box/thread-1');
    for (const said of ['Giulia, me', '3 messages', 'Preventivo', 'in allegato', 'unread']) expect(link.textContent).toContain(said);
    expect(screen.getByRole('img', { name: 'flagged' })).toBeTruthy();
    expect(screen.getByRole('img', { name: 'has attachment' })).toBeTruthy();
  });

  it('of an unknown thread keeps its geometry and says nothing', async () => {
    const { container } = await show(item);
    expect(screen.queryByRole('link')).toBeNull();
    expect(container.firstElementChild?.getAttribute('aria-hidden')).toBe('true');
  });
});

describe('the inboxes of all accounts', () => {
  function Inboxes() {
    const { list, look } = useMergedRows([]);
    look(0, 16);
    return <p>{list.known ? `${list.total} conversations` : 'not known'}</p>;
  }

  it('are none once the mailboxes are known, not before, and no list is asked for', async () => {
    const mirror = new Mirror('test:person');
    const { rerender } = await show(<Inboxes />, mirror);
    expect(screen.getByText('not known')).toBeTruthy();
    mirror.ready = true;
    rerender(<MirrorContext value={mirror}><Inboxes /></MirrorContext>);
    expect(screen.getByText('0 conversations')).toBeTruthy();
    expect(mirror.load('list:')).toBe('idle');
    expect(mirror.tables.lists.size).toBe(0);
  });
});

describe('attachments', () => {
  const file = { id: 'a', filename: 'plan.pdf', content_type: 'application/pdf', size: 284_113, inline: false, content_id: null, url: '' };

  it('are listed with kind and size; inline ones are not', async () => {
    await show(<Attachments attachments={[file, { ...file, id: 'b', filename: 'logo.png', inline: true }]} />);
    const [preview, download, ...more] = screen.getAllByRole('button');
    expect(preview?.textContent).toContain('PDF · 284 kB');
    expect(download?.getAttribute('aria-label')).toBe('Download plan.pdf');
    expect(more).toEqual([]);
  });

  it('are no section when there are none', async () => {
    const { container } = await show(<Attachments attachments={[{ ...file, inline: true }]} />);
    expect(container.childElementCount).toBe(0);
  });
});
