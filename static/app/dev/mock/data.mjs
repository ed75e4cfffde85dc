// A mailbox of 100,000 threads that is computed, not stored: thread n of a mailbox is always the same.
// What changes while the mock runs (new mail, flags, removals) lies over it.
import { MAILBOXES, PEOPLE, SENTENCES, SUBJECTS } from './people.mjs';

const MINUTE = 60_000;
const START = Date.now();
export const ME = {
  id: '5d0f1c1e-0000-4000-8000-000000000001',
  email: 'elisa@pmsync.example',
  name: 'Elisa Bianchi',
  locale: 'en',
  timezone: 'Europe/Rome',
  two_step: false,
  tenant: { id: '7e000000-0000-4000-8000-000000000001', slug: 'bianchi', name: 'Studio Bianchi', plan: 'team' },
  role: 'owner',
  tenants: [
    { slug: 'bianchi', name: 'Studio Bianchi', role: 'owner' },
    { slug: 'coro', name: 'Coro San Marco', role: 'member' },
  ],
};

const hash = (n) => {
  let x = (n + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
};
const pick = (list, n) => list[hash(n) % list.length];
const uuid = (kind, a, b = 0) =>
  `${kind}${a.toString(16).padStart(6, '0')}-0000-4000-8000-${b.toString(16).padStart(12, '0')}`;

function account(n, address, name, extra = {}) {
  return {
    id: uuid('ac', n), address, display_name: name, provider_type: 'imap', status: 'active', status_reason: '',
    owner_id: ME.id, mine: true, role: 'owner', as_of: new Date().toISOString(), reachable: true, import: null, color: n, surfaces: ['mail'], simulated: false, ...extra,
  };
}

export class World {
  constructor() {
    this.seq = 1000;
    this.me = structuredClone(ME);
    this.accounts = [
      account(1, 'elisa@studiobianchi.example', 'Studio Bianchi'),
      account(2, 'elisa.bianchi@posta.example', 'Personale'),
    ];
    this.mailboxes = [];
    this.order = new Map(); // mailbox id -> added thread ids at the top
    this.base = new Map(); // mailbox id -> number of computed threads
    this.rows = new Map(); // thread id -> row that differs from the computed one
    this.removed = new Set();
    this.messages = new Map(); // thread id -> added messages
    this.accounts.forEach((item, n) => this.addMailboxes(item, n === 0 ? 1 : 0.004));
  }

  addMailboxes(item, scale) {
    MAILBOXES.forEach(([role, path, count], n) => {
      const parts = path.split('/');
      const id = uuid('b0', Number.parseInt(item.id.slice(2, 8), 16) * 100 + n);
      const threads = Math.ceil(count * scale);
      const parent = parts.length > 1 ? this.mailboxes.find((box) => box.account_id === item.id && box.path.join('/') === parts.slice(0, -1).join('/')) : null;
      const busy = role === 'inbox' || role === 'junk' || role === null;
      this.mailboxes.push({
        id, account_id: item.id, name: parts.at(-1), path: parts, role, parent_id: parent?.id ?? null, selectable: true,
        total: Math.ceil(threads * 1.4), unread: busy ? Math.ceil(threads * 0.012) : 0, threads, unread_threads: busy ? Math.ceil(threads * 0.01) : 0,
        as_of: new Date().toISOString(), backfill_remaining: 0, rev: 1,
      });
      this.order.set(id, []);
      this.base.set(id, threads);
    });
  }

  box(id) {
    return this.mailboxes.find((box) => box.id === id);
  }

  boxNumber(id) {
    return this.mailboxes.findIndex((box) => box.id === id);
  }

  threadId(boxId, n) {
    return uuid('7d', this.boxNumber(boxId), n);
  }

  /** The computed row of a thread id. */
  computed(id) {
    const number = Number.parseInt(id.slice(2, 8), 16);
    const n = Number.parseInt(id.slice(-12), 16);
    const box = this.mailboxes[number];
    const seed = number * 1_000_003 + n;
    const count = hash(seed + 1) % 5 === 0 ? 2 + (hash(seed + 2) % 7) : 1;
    const others = Array.from({ length: Math.min(count, 3) }, (_, i) => pick(PEOPLE, seed + 10 + i));
    const participants = [...new Map(others.map((person) => [person[1], person])).values()].map(([name, address]) => ({ name, address, me: false }));
    if (count > 1 && hash(seed + 3) % 2) participants.push({ name: ME.name, address: this.accounts[0].address, me: true });
    const unread = box.role === 'inbox' && (n === 1 || n === 4 || hash(seed + 4) % 100 < 1) ? 1 : 0;
    const gap = n < 40 ? n * 47 * MINUTE : (40 * 47 + (n - 40) * 61) * MINUTE;
    return {
      id, account_id: box.account_id, subject: n % 97 === 13 ? '' : pick(SUBJECTS, seed + 5), snippet: pick(SENTENCES, seed + 6) + ' ' + pick(SENTENCES, seed + 7),
      participants, count, unread, flagged: hash(seed + 8) % 23 === 0, has_attachment: hash(seed + 9) % 6 === 0,
      last_at: new Date(START - 4 * MINUTE - gap).toISOString(), mailbox_ids: [box.id], rev: 1,
    };
  }

  row(id) {
    return this.rows.get(id) ?? this.computed(id);
  }

  *ids(boxId) {
    const moved = new Set(this.order.get(boxId));
    for (const id of moved) if (!this.removed.has(id)) yield id;
    const start = this.threadId(boxId, 0).slice(0, -12);
    for (let n = 0; n < this.base.get(boxId); n++) {
      const id = start + n.toString(16).padStart(12, '0');
      if (!this.removed.has(id) && !moved.has(id)) yield id;
    }
  }

  page(boxId, filter, position, limit) {
    const fits = (row) => !filter || (filter === 'unread' ? row.unread > 0 : filter === 'flagged' ? row.flagged : row.has_attachment);
    const items = [];
    let total = 0;
    if (!filter && this.order.get(boxId).length === 0 && this.removed.size === 0) {
      total = this.base.get(boxId);
      for (let n = position; n < Math.min(total, position + limit); n++) items.push(this.row(this.threadId(boxId, n)));
    } else {
      const limited = filter ? 6_000 : Infinity; // filters look at the newest part only: the mock has no index
      let looked = 0;
      for (const id of this.ids(boxId)) {
        if (looked++ > limited) break;
        if (filter && !fits(this.row(id))) continue;
        if (total >= position && items.length < limit) items.push(this.row(id));
        total++;
      }
    }
    return { seq: this.seq, items: items.map((row) => ({ ...row, at: row.last_at })), next: position + limit < total ? String(position + limit) : null, total };
  }
}
