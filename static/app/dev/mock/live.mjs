// The event side of the mock: a journal with gap-free replay, new mail every few seconds, imports that progress.
import { PEOPLE, SENTENCES, SUBJECTS } from './people.mjs';
import { messagesOf } from './messages.mjs';

const BUILD = 'mock-1';
const KEPT = 2_000;

export class Live {
  constructor(world) {
    this.world = world;
    this.journal = [];
    this.sockets = new Set();
    this.counter = 0x900000;
    setInterval(() => this.say({ type: 'caught_up', seq: world.seq }), 15_000).unref();
  }

  emit(event, account, data) {
    const prev = this.world.seq;
    this.world.seq += 1 + Math.floor(Math.random() * 3); // others' events leave holes
    const frame = { seq: this.world.seq, prev, event, account, at: new Date().toISOString(), data };
    this.journal.push(frame);
    if (this.journal.length > KEPT) this.journal.shift();
    this.say(frame);
  }

  say(frame) {
    for (const socket of this.sockets) if (socket.greeted) socket.send(JSON.stringify(frame));
  }

  join(socket) {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('message', (data) => this.hear(socket, JSON.parse(String(data))));
  }

  hear(socket, frame) {
    if (frame.type !== 'hello') return;
    const oldest = this.journal[0]?.prev ?? this.world.seq;
    socket.greeted = true;
    socket.send(JSON.stringify({ type: 'welcome', seq: this.world.seq, build: BUILD }));
    if (frame.since !== null && frame.since < oldest) return socket.send(JSON.stringify({ type: 'reset' }));
    for (const entry of this.journal) if (frame.since !== null && entry.seq > frame.since) socket.send(JSON.stringify(entry));
    socket.send(JSON.stringify({ type: 'caught_up', seq: this.world.seq }));
  }

  /** New mail in an inbox: a new thread, or an answer in one that is already there. */
  arrive({ subject, from, answer = false } = {}) {
    const { world } = this;
    const box = world.mailboxes[0];
    const n = this.counter++;
    const [name, address] = from ?? PEOPLE[n % PEOPLE.length];
    const at = new Date().toISOString();
    const id = answer ? world.threadId(box.id, 3) : `7d${'0'.repeat(6)}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
    const before = answer ? world.row(id) : null;
    const row = {
      ...(before ?? world.computed(id)), subject: subject ?? before?.subject ?? SUBJECTS[n % SUBJECTS.length], snippet: SENTENCES[n % SENTENCES.length],
      participants: [...(before?.participants.slice(-2) ?? []), { name, address, me: false }], count: before ? before.count + 1 : 1, unread: (before?.unread ?? 0) + 1,
      flagged: false, has_attachment: false, last_at: at, rev: (before?.rev ?? 1) + 1,
    };
    world.rows.set(id, row);
    const order = world.order.get(box.id);
    world.order.set(box.id, [id, ...order.filter((other) => other !== id)]);
    const message = { ...messagesOf(world, { ...row, count: 1, unread: 1 })[0], id: `3e${'f'.repeat(6)}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`, thread_id: id, date: at, date_header: at, from: [{ name, address }] };
    if (before) world.messages.set(id, [...(world.messages.get(id) ?? []), message]);
    box.total++;
    box.unread++;
    if (!before) box.threads++;
    if (!before?.unread) box.unread_threads++;
    box.rev++;
    if (before) row.count = messagesOf(world, { ...row, count: before.count }).length;
    this.emit('email:new', row.account_id, { message, thread: { ...row, at: { [box.id]: at } } });
    this.emit('email:thread_update', row.account_id, { threads: [{ ...row, at: { [box.id]: at } }], gone: [] });
    this.emit('email:unread_count_update', row.account_id, { mailboxes: [box], gone: [], backfill: false });
  }

  /** Another client read, flagged or deleted the n-th thread of the first inbox. */
  change(n, what) {
    const { world } = this;
    const box = world.mailboxes[0];
    const id = world.page(box.id, null, n, 1).items[0].id;
    const row = world.row(id);
    if (what === 'delete') {
      const messages = messagesOf(world, row);
      world.removed.add(id);
      box.threads--;
      box.rev++;
      for (const message of messages) this.emit('email:delete', row.account_id, { id: message.id, thread_id: id });
      this.emit('email:thread_update', row.account_id, { threads: [], gone: [id] });
    } else {
      const next = { ...row, rev: row.rev + 1, ...(what === 'read' ? { unread: 0 } : { flagged: !row.flagged }) };
      world.rows.set(id, next);
      for (const message of messagesOf(world, next)) {
        const { thread_id, flags, unread, flagged, answered, draft, mailboxes, rev } = message;
        this.emit('email:update', row.account_id, { message: { id: message.id, thread_id, flags, unread, flagged, answered, draft, mailboxes, rev } });
      }
      if (row.unread && !next.unread) {
        box.unread_threads--;
        box.unread -= row.unread;
        box.rev++;
      }
      this.emit('email:thread_update', row.account_id, { threads: [{ ...next, at: { [box.id]: row.last_at } }], gone: [] });
    }
    this.emit('email:unread_count_update', row.account_id, { mailboxes: [box], gone: [], backfill: false });
  }

  trouble(what) {
    const item = this.world.accounts[1] ?? this.world.accounts[0];
    if (what === 'password') Object.assign(item, { status: 'needs_reconnect', status_reason: 'The provider refused the password.' });
    else Object.assign(item, { status: 'active', status_reason: '', reachable: what !== 'unreachable', as_of: new Date(Date.now() - 40 * 60_000).toISOString() });
    this.emit('account:status', item.id, { account: { ...item }, gone: null, progress: false });
  }

  importing(item) {
    const boxes = this.world.mailboxes.filter((box) => box.account_id === item.id);
    const total = 4_812;
    let done = 0;
    this.emit('email:unread_count_update', item.id, { mailboxes: boxes, gone: [], backfill: true });
    const timer = setInterval(() => {
      if (!this.world.accounts.includes(item)) return clearInterval(timer); // disconnected meanwhile
      done = Math.min(total, done + 240);
      item.import = done < total ? { ...item.import, done, total, rate: 243.7, seconds_left: Math.ceil((total - done) / 240) } : null;
      if (!item.import) {
        item.as_of = new Date().toISOString();
        clearInterval(timer);
      }
      this.emit('account:status', item.id, { account: { ...item }, gone: null, progress: true });
    }, 1000);
  }
}
