// The REST side of the mock: every path of the contract, answered from the World. State lasts as long as the process.
import { bodyOf, messagesOf, PICTURE, threadOfMessage } from './messages.mjs';
import { PEOPLE } from './people.mjs';

const OPERATORS = ['from:', 'to:', 'cc:', 'subject:', 'in:', 'is:unread', 'is:read', 'is:flagged', 'has:attachment', 'before:', 'after:', 'larger:', 'smaller:', 'filename:'];

export class Refusal extends Error {
  constructor(status, code, detail, extra = {}) {
    super(detail);
    this.status = status;
    this.document = { type: `about:blank#${code}`, title: code, status, detail, code, ...extra };
  }
}

const escape = (text) => text.replace(/[&<>"']/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#x27;' })[char]);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Every route: [method, pattern, handler(context)]. A handler returns {status?, body?, headers?, raw?}. */
export function routes(world, live) {
  let tries = 0;
  const sessions = [
    { id: '5e000000-0000-4000-8000-000000000001', created_at: '2026-03-01T08:00:00Z', last_seen_at: new Date().toISOString(), ip: '203.0.113.9', user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0', current: true },
    { id: '5e000000-0000-4000-8000-000000000002', created_at: '2026-02-11T08:00:00Z', last_seen_at: '2026-03-09T19:20:00Z', ip: '198.51.100.23', user_agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1) Safari/605', current: false },
  ];
  const access = () => `mock-${Date.now()}`;
  const signedIn = () => ({
    body: { access: access(), expires_in: 900, me: world.me },
    headers: { 'Set-Cookie': 'pmsync_refresh=mock; HttpOnly; SameSite=Strict; Path=/api/v1/auth/' },
  });
  const account = (id) => world.accounts.find((item) => item.id === id) ?? (() => { throw new Refusal(404, 'not_found', 'There is no such account.'); })();

  return [
    ['POST', 'auth/login', ({ body }) => {
      if (body.email === 'slow@pmsync.example') throw new Refusal(429, 'rate_limited', 'Too many attempts.', { retry: 42 });
      if (body.password === 'two-step') return { body: { challenge: 'second', channel: 'email' } };
      if (body.password !== 'demo') {
        if (++tries > 8) throw new Refusal(429, 'rate_limited', 'Too many attempts.', { retry: 42 });
        throw new Refusal(401, 'invalid_credentials', 'Email address or password is not right.');
      }
      return signedIn();
    }],
    ['POST', 'auth/code', () => ({ status: 202, body: { challenge: 'mailed' } })],
    ['POST', 'auth/code/verify', ({ body }) => {
      if (body.code !== '123456') throw new Refusal(401, 'invalid_code', 'The code is not right.');
      return signedIn();
    }],
    ['POST', 'auth/refresh', ({ cookies }) => {
      if (!cookies.includes('pmsync_refresh=mock')) throw new Refusal(401, 'session_ended', 'The session has ended.');
      return signedIn();
    }],
    ['POST', 'auth/logout', () => ({ status: 204, headers: { 'Set-Cookie': 'pmsync_refresh=; Max-Age=0; Path=/api/v1/auth/' } })],
    ['POST', 'auth/reset', () => ({ status: 202 })],
    ['POST', 'auth/reset/confirm', ({ body }) => {
      if (body.token !== 'good') throw new Refusal(401, 'invalid_token', 'The link has lapsed.');
      if (body.password.length < 10) throw new Refusal(400, 'weak_password', 'Choose a longer password.', { errors: { password: ['Use at least 10 characters.'] } });
      return { status: 204 };
    }],
    ['POST', 'auth/switch', signedIn],
    ['GET', 'auth/sessions', () => ({ body: { items: sessions } })],
    ['DELETE', 'auth/sessions', () => (sessions.splice(1), { status: 204 })],
    ['DELETE', 'auth/sessions/:id', ({ params }) => (sessions.splice(sessions.findIndex((item) => item.id === params.id), 1), { status: 204 })],
    ['POST', 'auth/password', ({ body }) => {
      if (body.current !== 'demo') throw new Refusal(401, 'invalid_credentials', 'The current password is not right.', { errors: { current: ['The current password is not right.'] } });
      return { status: 204 };
    }],
    ['GET', 'me', () => ({ body: world.me })],
    ['PATCH', 'me', ({ body }) => ({ body: Object.assign(world.me, body) })],

    ['GET', 'accounts', () => ({ body: { seq: world.seq, items: world.accounts } })],
    ['GET', 'accounts/providers', () => ({ body: { items: [{ name: 'google', title: 'Google', simulated: true }, { name: 'microsoft', title: 'Microsoft', simulated: false }] } })],
    ['POST', 'accounts/consent', () => ({ status: 201, body: { url: '/accounts/new?consent=declined' } })],
    ['POST', 'accounts/discover', async ({ body }) => {
      await wait(600);
      const domain = body.address.split('@')[1];
      const guess = domain.startsWith('unknown');
      return { body: {
        address: body.address, provider_type: domain === 'gmail.com' ? 'google' : 'imap', source: guess ? 'guess' : 'srv',
        imap: { host: `imap.${domain}`, port: 993, security: 'tls' }, smtp: { host: `smtp.${domain}`, port: 465, security: 'tls' },
        caldav: guess ? null : `https://dav.${domain}/calendars/`, carddav: null, username: body.address,
        password_hint: guess ? null : 'Use an app password: Settings, Security, App passwords.', password_works: true, confirm_hosts: guess,
      } };
    }],
    ['POST', 'accounts', ({ body }) => connect(body)],
    ['POST', 'accounts/:id/reconnect', async ({ params, body }) => {
      await wait(1200);
      refuseBad({ ...body, imap: body.imap });
      const item = account(params.id);
      Object.assign(item, { status: 'active', status_reason: '', reachable: true, as_of: new Date().toISOString() });
      live.emit('account:status', item.id, { account: item, gone: null, progress: false });
      return { body: item };
    }],
    ['DELETE', 'accounts/:id', ({ params }) => {
      const item = account(params.id);
      world.accounts.splice(world.accounts.indexOf(item), 1);
      live.emit('account:status', item.id, { account: null, gone: item.id, progress: false });
      return { status: 204 };
    }],
    ['POST', 'accounts/:id/sync', () => (setTimeout(() => live.arrive(), 900), { status: 202 })],

    ['GET', 'mailboxes', () => ({ body: { seq: world.seq, items: world.mailboxes.filter((box) => world.accounts.some((item) => item.id === box.account_id)) } })],
    ['GET', 'mailboxes/:id/threads', ({ params, query }) => {
      if (!world.box(params.id)) throw new Refusal(404, 'not_found', 'There is no such mailbox.');
      const position = Number(query.get('position') ?? query.get('cursor') ?? 0);
      return { body: world.page(params.id, query.get('filter'), position, Math.min(200, Number(query.get('limit') ?? 100))) };
    }],
    ['GET', 'threads/:id', ({ params }) => {
      if (world.removed.has(params.id)) throw new Refusal(404, 'not_found', 'There is no such conversation.');
      const thread = world.row(params.id);
      return { body: { seq: world.seq, thread, messages: messagesOf(world, thread) } };
    }],
    ['GET', 'messages/:id/body', ({ params, query }) => ({ body: bodyOf(params.id, query.get('images') === '1') })],
    ['GET', 'messages/:id/raw', ({ params }) => ({ raw: `Subject: mock\r\nMessage-ID: <${params.id}@mail.example>\r\n\r\nMock message.\r\n`, headers: { 'Content-Type': 'message/rfc822' } })],
    ['GET', 'messages/:id', ({ params }) => ({ body: messagesOf(world, world.row(threadOfMessage(params.id))).find((message) => message.id === params.id) })],
    ['POST', 'attachments/:id/link', ({ params }) => ({ body: { url: `/api/v1/attachments/${params.id}?sig=mock` } })],
    ['GET', 'attachments/:id/inline', () => ({ raw: PICTURE, headers: { 'Content-Type': 'image/png' } })],
    ['GET', 'attachments/:id', () => ({ raw: PICTURE, headers: { 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment; filename="file.bin"' } })],

    ['GET', 'search', async ({ query }) => {
      await wait(query.get('q').includes('slow') ? 4000 : 150);
      return { body: search(query.get('q'), Number(query.get('cursor') ?? 0), Number(query.get('limit') ?? 50)) };
    }],
    ['GET', 'search/suggest', ({ query }) => {
      const typed = (query.get('q').split(/\s+/).at(-1) ?? '').toLowerCase();
      const people = PEOPLE.filter(([name, address]) => typed.length > 1 && `${name} ${address}`.toLowerCase().includes(typed.replace(/^(from|to):/, '')));
      const prefix = /^(from|to):/.exec(typed)?.[0] ?? 'from:';
      return { body: { items: [
        ...OPERATORS.filter((name) => typed && name.startsWith(typed)).map((text) => ({ kind: 'operator', text, insert: text })),
        ...people.slice(0, 4).map(([name, address]) => ({ kind: 'person', text: name ? `${name} <${address}>` : address, insert: `${prefix}${address}` })),
      ] } };
    }],
    ['GET', 'sync/status', () => ({ body: { items: [] } })],
  ];

  function refuseBad(body) {
    const host = body.imap?.host ?? 'imap.example.org';
    if (body.password === 'right') return;
    const check = (service, step, ok, message = '', said = '') => ({ service, step, ok, host: service === 'imap' ? host : (body.smtp?.host ?? 'smtp'), port: service === 'imap' ? (body.imap?.port ?? 993) : 465, message, said });
    throw new Refusal(422, 'connection_failed', 'The account could not be connected.', { checks: [
      check('imap', 'name', true), check('imap', 'port', true), check('imap', 'tls', true),
      check('imap', 'login', false, 'The server refused this user name and password.', '[AUTHENTICATIONFAILED] Invalid credentials (Failure)'),
      check('smtp', 'name', true), check('smtp', 'port', false, 'No answer on this port within 10 seconds.'),
    ] });
  }

  async function connect(body) {
    await wait(1600);
    if (world.accounts.some((item) => item.address === body.address)) throw new Refusal(409, 'already_connected', 'This address is connected already.');
    refuseBad(body);
    const number = 3 + Math.floor(Math.random() * 900);
    const item = {
      ...world.accounts[0], id: `ac${number.toString(16).padStart(6, '0')}-0000-4000-8000-000000000000`, address: body.address, display_name: body.display_name ?? '',
      status: 'active', status_reason: '', reachable: true, as_of: null, color: number % 8,
      import: { done: 0, total: null, rate: 0, seconds_left: null, started_at: new Date().toISOString() },
    };
    world.accounts.push(item);
    world.addMailboxes(item, 0.02);
    live.importing(item);
    return { status: 201, body: item };
  }

  function search(text, from, limit) {
    const bad = /(?:before|after):(?!\d{4}-\d{2}-\d{2}(?:\s|$))(\S*)/.exec(text);
    if (bad) throw new Refusal(400, 'bad_query', `"${bad[0]}" needs a date like 2026-03-31.`);
    const words = text.toLowerCase().split(/\s+/).filter((word) => word && !word.includes(':'));
    const unread = text.includes('is:unread');
    const files = text.includes('has:attachment');
    const sender = /from:(\S+)/.exec(text)?.[1];
    const found = [];
    for (const box of world.mailboxes.slice(0, 4)) {
      let looked = 0;
      for (const id of world.ids(box.id)) {
        if (looked++ > 3000 || found.length > 400) break;
        const row = world.row(id);
        const whole = `${row.subject} ${row.snippet} ${row.participants.map((person) => person.name).join(' ')}`.toLowerCase();
        if (words.every((word) => whole.includes(word)) && (!unread || row.unread) && (!files || row.has_attachment) && (!sender || row.participants.some((person) => `${person.name} ${person.address}`.toLowerCase().includes(sender)))) found.push(row);
      }
    }
    found.sort((a, b) => (a.last_at < b.last_at ? 1 : -1));
    const many = found.length > 200;
    return {
      seq: world.seq, next: from + limit < found.length ? String(from + limit) : null, total: many ? null : found.length, ...(many ? { about: found.length * 11 } : {}),
      query: { terms: words, unknown: [...text.matchAll(/\b(colou?r:\S*)/g)].map(([word]) => word) },
      items: found.slice(from, from + limit).map((row) => ({ ...row, match: { message_id: row.id, snippet_html: marked(row.snippet, words) } })),
    };
  }
}

function marked(text, words) {
  const safe = escape(text);
  if (words.length === 0) return safe;
  return safe.replace(new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'gi'), (hit) => `<mark>${hit}</mark>`);
}
