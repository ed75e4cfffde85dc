import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem, Unreachable } from '../api/request';
import type { Calls, SaveBody } from './calls';
import { Desk, SAVE_AFTER, SAVE_AT_LATEST, UNDO_DISCARD, type DeskEvent } from './desk';
import type { DraftStore, LocalDraft } from './draftStore';
import { Outgoing } from './outgoing';
import type { Draft, DraftFields } from './types';

const FIELDS: DraftFields = {
  account_id: 'account', identity_id: null, mode: 'new', source_message_id: null, to: [], cc: [], bcc: [], subject: '', html: '', include_quote: true,
};

/** A device that remembers, across desks. */
class Device implements DraftStore {
  drafts = new Map<string, LocalDraft>();
  all = (): Promise<LocalDraft[]> => Promise.resolve([...this.drafts.values()]);
  get = (id: string): Promise<LocalDraft | undefined> => Promise.resolve(this.drafts.get(id));
  put = (draft: LocalDraft): Promise<boolean> => Promise.resolve(Boolean(this.drafts.set(draft.id, draft)));
  remove = (id: string): Promise<void> => Promise.resolve(void this.drafts.delete(id));
  files = (): Promise<never[]> => Promise.resolve([]);
  putFile = (): Promise<boolean> => Promise.resolve(true);
  removeFile = (): Promise<void> => Promise.resolve();
  kept = (): Promise<undefined> => Promise.resolve(undefined);
  keep = (): Promise<void> => Promise.resolve();
  close = (): void => undefined;
  forget = (): Promise<void> => Promise.resolve(this.drafts.clear());
}

/** A server that keeps versions as ours does, and answers when it is told to. */
class Server {
  drafts = new Map<string, Draft>();
  saved: SaveBody[] = [];
  sent: string[] = [];
  away = false;
  /** Accept the next save and lose the answer. */
  loses = false;
  held: (() => void)[] = [];
  holds = false;
  refuses: Problem | null = null;

  private read(id: string): Draft {
    const draft = this.drafts.get(id);
    if (!draft) throw problem(404, 'not_found');
    return draft;
  }

  readonly calls = {
    save: async (id: string, body: SaveBody): Promise<Draft> => {
      if (this.away) throw new Unreachable('away');
      if (this.holds) await new Promise<void>((resolve) => this.held.push(resolve));
      const there = this.drafts.get(id);
      if (there && there.rev !== body.rev && there.html !== body.html) {
        const copy: Draft = { ...there, ...body, attachments: [], id: `${id}-copy`, rev: 1 };
        this.drafts.set(copy.id, copy);
        throw problem(409, 'draft_changed', { current: there, copy });
      }
      this.saved.push(body);
      const { attachments: _, ...fields } = body;
      const draft: Draft = {
        ...(there ?? { thread_id: null, quote: null, attachments: [], state: 'editing', send_at: null, undo_until: null, error: null, message_id: null, moves: 0 }),
        ...fields, id, rev: (there?.rev ?? 0) + 1, updated_at: new Date().toISOString(),
      } as Draft;
      this.drafts.set(id, draft);
      if (this.loses) {
        this.loses = false;
        throw new Unreachable('cut');
      }
      return draft;
    },
    draft: async (id: string): Promise<Draft> => {
      if (this.away) throw new Unreachable('away');
      if (this.holds) await new Promise<void>((resolve) => this.held.push(resolve));
      return this.read(id);
    },
    discard: async (id: string): Promise<void> => {
      if (this.away) throw new Unreachable('away');
      this.drafts.delete(id);
    },
    send: async (id: string): Promise<Draft> => {
      if (this.away) throw new Unreachable('away');
      if (this.refuses) throw this.refuses;
      const draft = this.read(id);
      if (draft.state !== 'editing') throw problem(409, 'draft_waiting');
      this.sent.push(id);
      if (this.holds) await new Promise<void>((resolve) => this.held.push(resolve));
      this.drafts.set(id, { ...draft, state: 'waiting', moves: draft.moves + 1 });
      if (this.loses) {
        this.loses = false;
        throw new Unreachable('cut');
      }
      return this.read(id);
    },
    unsend: async (id: string): Promise<Draft> => {
      const draft = { ...this.read(id), state: 'editing' as const, moves: this.read(id).moves + 1 };
      this.drafts.set(id, draft);
      return draft;
    },
  } as unknown as Calls;
}

function problem(status: number, code: string, more: object = {}): Problem {
  return new Problem({ type: 'about:blank', title: '', status, detail: 'No.', code, ...more }, null);
}

let server: Server;
let device: Device;
let desk: Desk;
let events: DeskEvent[];

function sit(): Desk {
  const made = new Desk(server.calls, device);
  made.listen((event) => event.kind !== 'changed' && events.push(event));
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  device = new Device();
  events = [];
  desk = sit();
});
afterEach(() => {
  desk.stop();
  vi.useRealTimers();
});

const later = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
const texts = (): string[] => server.saved.map(({ html }) => html);

describe('saving as it is typed', () => {
  it('is on the device at once, on the server within two seconds of the last key', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    expect(device.drafts.get('d')?.fields.html).toBe('a');
    await later(SAVE_AFTER - 1);
    expect(texts()).toEqual([]);
    await later(500);
    expect(texts()).toEqual(['a']);
    expect(SAVE_AFTER).toBeLessThanOrEqual(2_000);
  });

  it('does not wait for a pause for ever', async () => {
    desk.begin('d', FIELDS);
    for (let i = 1; i <= 20; i++) {
      desk.edit('d', { html: String(i) });
      await later(250);
    }
    expect(texts().length).toBeGreaterThanOrEqual(1);
    expect(SAVE_AT_LATEST).toBeLessThanOrEqual(5_000);
  });

  it('saves nothing that was only opened', async () => {
    desk.begin('d', { ...FIELDS, subject: 'Re: x' });
    desk.close('d');
    await later(60_000);
    expect(texts()).toEqual([]);
    expect(device.drafts.size).toBe(0);
  });

  it('never lets a slow save land on a newer one', async () => {
    desk.begin('d', FIELDS);
    server.holds = true;
    desk.edit('d', { html: 'old' });
    await later(SAVE_AFTER);
    desk.edit('d', { html: 'new' });
    await later(10_000);
    expect(server.held).toHaveLength(1); // the second waits for the first
    server.holds = false;
    server.held[0]!();
    await later(SAVE_AT_LATEST);
    expect(texts()).toEqual(['old', 'new']);
    expect(server.drafts.get('d')?.html).toBe('new');
    expect(desk.draft('d')?.fields.html).toBe('new');
    expect(events).toEqual([]);
  });
});

describe('without the server', () => {
  it('keeps it here, says so, and saves when the network is back', async () => {
    server.away = true;
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await later(SAVE_AFTER);
    expect(desk.status('d').kind).toBe('away');
    server.away = false;
    dispatchEvent(new Event('online'));
    await later(0);
    expect(texts()).toEqual(['a']);
    expect(desk.status('d').kind).toBe('saved');
  });

  it('survives a crash: the next visit brings it to the server', async () => {
    server.away = true;
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'precious' });
    await later(SAVE_AFTER);
    desk.stop();
    server.away = false;
    desk = sit();
    await desk.takeUp(() => Promise.resolve(true));
    expect(texts()).toEqual(['precious']);
  });

  it('opens what this device holds unsaved rather than what the server had', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'first' });
    await later(SAVE_AFTER);
    server.away = true;
    desk.edit('d', { html: 'second' });
    desk.stop();
    desk = sit();
    expect((await desk.open('d'))?.fields.html).toBe('second');
  });

  it('leaves alone what another tab is writing', async () => {
    server.away = true;
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    desk.stop();
    server.away = false;
    desk = sit();
    await desk.takeUp(() => Promise.resolve(false));
    expect(texts()).toEqual([]);
  });
});

describe('changed elsewhere as well', () => {
  it('keeps both and goes on with what was written here', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'base' });
    await later(SAVE_AFTER);
    server.drafts.set('d', { ...server.drafts.get('d')!, html: 'theirs', rev: 7 });
    desk.edit('d', { html: 'mine' });
    await later(SAVE_AFTER);
    expect(events).toEqual([{ kind: 'conflict', id: 'd', copy: 'd-copy' }]);
    expect(desk.draft('d-copy')?.fields.html).toBe('mine');
    expect(server.drafts.get('d')?.html).toBe('theirs');
    desk.edit('d-copy', { html: 'mine, more' });
    await later(SAVE_AFTER);
    expect(server.drafts.get('d-copy')?.html).toBe('mine, more');
  });

  it('shows what was written elsewhere while nothing is being written here', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'mine' });
    await later(SAVE_AFTER);
    const told: string[] = [];
    desk.listen(({ kind }) => told.push(kind));
    desk.heard({ ...server.drafts.get('d')!, html: 'theirs', rev: 7 });
    expect(desk.draft('d')?.fields.html).toBe('theirs');
    expect(told).toEqual(['newer', 'changed', 'replaced']);
  });

  it('keeps both when words that were not told yet stand against it', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'base' });
    await later(SAVE_AFTER);
    desk.listen((event) => event.kind === 'newer' && desk.edit('d', { html: 'mine' }));
    const theirs = { ...server.drafts.get('d')!, html: 'theirs', rev: 7 };
    server.drafts.set('d', theirs);
    desk.heard(theirs);
    expect(desk.draft('d')?.fields.html).toBe('mine');
    await later(SAVE_AFTER);
    expect([server.drafts.get('d')?.html, server.drafts.get('d-copy')?.html]).toEqual(['theirs', 'mine']);
  });

  it('keeps what is written while a draft that is opened again is looked up', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'base', to: [{ name: '', address: 'nobody@example.org' }] });
    await later(SAVE_AFTER);
    server.holds = true;
    const opened = desk.open('d');
    await later(0);
    desk.edit('d', { to: [{ name: '', address: 'ada@example.org' }] });
    server.holds = false;
    server.held.pop()!();
    expect((await opened)?.fields.to).toEqual([{ name: '', address: 'ada@example.org' }]);
    await later(SAVE_AFTER);
    expect(server.drafts.get('d')?.to).toEqual([{ name: '', address: 'ada@example.org' }]);
    expect(events).toEqual([]);
  });

  it('keeps what is written while it turns out that the draft was deleted elsewhere', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'base' });
    await later(SAVE_AFTER);
    server.drafts.delete('d');
    server.holds = true;
    const opened = desk.open('d');
    await later(0);
    desk.edit('d', { html: 'base and more' });
    server.holds = false;
    server.held.pop()!();
    expect((await opened)?.fields.html).toBe('base and more');
    await later(SAVE_AFTER);
    expect(server.drafts.get('d')?.html).toBe('base and more');
    expect(await desk.open('d')).not.toBeNull();
    server.drafts.delete('d');
    expect(await desk.open('d')).toBeNull();
    expect(device.drafts.size).toBe(0);
  });

  it('tells an editor that is open already what the look found', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'mine' });
    await later(SAVE_AFTER);
    server.drafts.set('d', { ...server.drafts.get('d')!, html: 'theirs', rev: 7 });
    expect((await desk.open('d'))?.fields.html).toBe('theirs');
    expect(events.map(({ kind }) => kind)).toEqual(['newer', 'replaced']);
  });

  it('takes no lost answer for somebody else', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await later(SAVE_AFTER);
    server.loses = true;
    desk.edit('d', { html: 'ab' });
    await later(SAVE_AFTER);
    desk.edit('d', { html: 'abc' });
    await later(20_000);
    expect(events).toEqual([]);
    expect(server.drafts.get('d')?.html).toBe('abc');
    expect([...server.drafts.keys()]).toEqual(['d']);
  });
});

describe('throwing away', () => {
  it('can be undone for a while, then the server hears of it', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await later(SAVE_AFTER);
    desk.discard('d');
    await later(UNDO_DISCARD - 1);
    expect(desk.undiscard('d')).toBe(true);
    await later(UNDO_DISCARD * 2);
    expect(server.drafts.has('d')).toBe(true);
    desk.discard('d');
    await later(UNDO_DISCARD);
    expect(server.drafts.has('d')).toBe(false);
    expect(device.drafts.size).toBe(0);
    expect(desk.undiscard('d')).toBe(false);
  });
});

describe('sending', () => {
  it('saves what is unsaved first', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'last words' });
    await desk.send('d', { undo_seconds: 10 });
    expect(server.drafts.get('d')?.html).toBe('last words');
    expect(server.sent).toEqual(['d']);
    expect(events.map(({ kind }) => kind)).toEqual(['taken']);
  });

  it('waits for the network, across a reload', async () => {
    server.away = true;
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await desk.send('d', { undo_seconds: 0 });
    expect(desk.status('d').kind).toBe('away');
    desk.stop();
    server.away = false;
    desk = sit();
    await desk.takeUp(() => Promise.resolve(true));
    expect(server.sent).toEqual(['d']);
  });

  it('asks for one sending although the first answer was lost', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await later(SAVE_AFTER);
    server.loses = true;
    await desk.send('d', { undo_seconds: 10 });
    await later(30_000);
    expect(server.sent).toEqual(['d']);
    expect(events.map(({ kind }) => kind)).toEqual(['taken']);
  });

  it('gives a refused one back, with the reason', async () => {
    server.refuses = problem(422, 'bad_recipient');
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await desk.send('d', { undo_seconds: 10 });
    expect(events).toMatchObject([{ kind: 'unsendable', id: 'd', problem: { code: 'bad_recipient' } }]);
    expect(desk.draft('d')?.sending).toBeNull();
  });

  it('takes one back that never left this device', async () => {
    server.away = true;
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await desk.send('d', { undo_seconds: 10 });
    expect(await desk.unsend('d')).toBe(true);
    server.away = false;
    dispatchEvent(new Event('online'));
    await later(60_000);
    expect(server.sent).toEqual([]);
    expect(texts()).toEqual(['a']);
  });

  it('takes one back from the server, as it was', async () => {
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a', subject: 's' });
    await desk.send('d', { undo_seconds: 10 });
    expect(await desk.unsend('d')).toBe(true);
    expect(desk.draft('d')).toMatchObject({ state: 'editing', fields: { html: 'a', subject: 's' } });
  });
});

describe('on its way out', () => {
  let outgoing: Outgoing;
  const phases = (): string[] => outgoing.all().map(({ phase }) => phase);
  const told = (state: Draft['state'], moves: number): void => outgoing.heard({ ...server.drafts.get('d')!, state, moves });

  beforeEach(async () => {
    outgoing = new Outgoing(desk, server.calls);
    desk.begin('d', FIELDS);
    desk.edit('d', { html: 'a' });
    await desk.flush('d');
  });
  afterEach(() => outgoing.stop());

  it('can be undone still when the news of its last save comes after the answer to "send"', async () => {
    await outgoing.send('d', { undo_seconds: 10 });
    told('editing', 0);
    expect(phases()).toEqual(['waiting']);
    expect(desk.draft('d')).toMatchObject({ state: 'waiting' });
    expect(await outgoing.undo('d')).toBe('back');
    told('waiting', 1);
    expect(phases()).toEqual([]);
    expect(desk.draft('d')).toMatchObject({ state: 'editing' });
  });

  it('is sent when that is told before the answer', async () => {
    server.holds = true;
    const sending = outgoing.send('d', { undo_seconds: 0 });
    await later(0);
    told('sending', 2);
    told('sent', 3);
    server.held.forEach((go) => go());
    await sending;
    expect(phases()).toEqual(['sent']);
    await later(7_000);
    expect(phases()).toEqual([]);
    expect(device.drafts.size).toBe(0);
  });

  it('is taken back here when another device takes it back', async () => {
    await outgoing.send('d', { undo_seconds: 10 });
    told('editing', 2);
    expect(phases()).toEqual([]);
    expect(desk.draft('d')).toMatchObject({ state: 'editing' });
  });
});
