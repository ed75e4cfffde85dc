// A stand-in for the PMSync server, for working on the client alone: REST, events, and the built client under the
// production page policy. `PORT` chooses the port, `QUIET=1` stops the new mail that else arrives every 20 seconds.
// POST /mock/arrive, /mock/change/<n>/<read|flag|delete>, /mock/trouble/<password|unreachable|well>,
// /mock/language/<it|en>, /mock/empty and /mock/drop make things happen.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { Refusal, routes } from './api.mjs';
import { World } from './data.mjs';
import { Live } from './live.mjs';

const PORT = Number(process.env.PORT ?? 4801);
const STATIC = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.json': 'application/json', '.webmanifest': 'application/manifest+json', '.html': 'text/html' };
// React Aria adds this one constant style element (its press handling).
const ARIA_STYLE = "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='";

const world = new World();
const live = new Live(world);
const table = routes(world, live).map(([method, path, handle]) => ({
  method,
  pattern: new RegExp(`^/api/v1/${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`),
  handle,
}));

function pagePolicy(html) {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return `default-src 'none'; script-src 'self' ${scripts.join(' ')}; style-src 'self' ${ARIA_STYLE}; img-src 'self' data: blob:; font-src 'self'; ` +
    `connect-src 'self' ws://127.0.0.1:${PORT} ws://localhost:${PORT}; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

function readBody(request) {
  return new Promise((resolve) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => resolve(text ? JSON.parse(text) : {}));
  });
}

async function answerApi(request, url, response) {
  const route = table.find(({ method, pattern }) => method === request.method && pattern.test(url.pathname));
  try {
    if (!route) throw new Refusal(404, 'not_found', 'There is no such path.');
    const open = url.pathname.startsWith('/api/v1/auth/') || url.searchParams.has('sig');
    if (!open && !request.headers.authorization) throw new Refusal(401, 'not_authenticated', 'Log in first.');
    const params = route.pattern.exec(url.pathname).groups ?? {};
    const answer = await route.handle({ params, query: url.searchParams, body: await readBody(request), cookies: request.headers.cookie ?? '' });
    response.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json', ...answer.headers });
    response.end(answer.raw ?? (answer.body === undefined ? '' : JSON.stringify(answer.body)));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const headers = { 'Content-Type': 'application/problem+json', ...(error.document.retry ? { 'Retry-After': String(error.document.retry) } : {}) };
    response.writeHead(error.status, headers);
    response.end(JSON.stringify(error.document));
  }
}

function answerFile(url, response) {
  const path = url.pathname === '/sw.js' ? '/static/dist/sw.js' : url.pathname;
  if (path.startsWith('/static/')) {
    const file = join(STATIC, normalize(path.slice('/static/'.length)));
    if (!file.startsWith(STATIC) || !existsSync(file)) return response.writeHead(404).end();
    const headers = { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Cache-Control': path.includes('/assets/') ? 'max-age=31536000, immutable' : 'no-cache' };
    if (path.endsWith('/sw.js')) headers['Service-Worker-Allowed'] = '/';
    return response.writeHead(200, headers).end(readFileSync(file));
  }
  const html = readFileSync(join(STATIC, 'dist/index.html'), 'utf8');
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': pagePolicy(html), 'Cache-Control': 'no-cache' });
  response.end(html);
}

function answerMock(url, response) {
  const [, , what, n, how] = url.pathname.split('/');
  if (what === 'arrive') for (let i = 0; i < Number(n ?? 1); i++) live.arrive({ answer: how === 'answer' });
  else if (what === 'change') live.change(Number(n), how);
  else if (what === 'trouble') live.trouble(n);
  else if (what === 'language') world.me.locale = n;
  else if (what === 'empty') world.accounts.splice(0);
  else if (what === 'drop') for (const socket of live.sockets) socket.close(1013);
  else return response.writeHead(404).end();
  response.writeHead(204).end();
}

const server = createServer((request, response) => {
  const url = new URL(request.url, `http://${request.headers.host}`);
  if (url.pathname.startsWith('/api/')) void answerApi(request, url, response);
  else if (url.pathname.startsWith('/mock/')) answerMock(url, response);
  else if (url.pathname.startsWith('/img/')) response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end('<svg xmlns="http://www.w3.org/2000/svg"/>');
  else answerFile(url, response);
});
const sockets = new WebSocketServer({ server, path: '/ws/v1/events' });
sockets.on('connection', (socket) => live.join(socket));
if (!process.env.QUIET) setInterval(() => live.arrive(), 20_000);
server.listen(PORT, '127.0.0.1', () => process.stdout.write(`Mock server on http://127.0.0.1:${PORT} (log in with any address and "demo")\n`));
