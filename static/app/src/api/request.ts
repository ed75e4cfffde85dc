// One HTTP request to our own server: JSON in and out, problem documents as typed errors. Knows no feature.
import type { ProblemDocument } from './types';

/** The server answered and said no. `message` is written for the person. */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly errors: Record<string, string[]>;
  readonly document: ProblemDocument;
  /** Seconds to wait before another try, when the server said so. */
  readonly retryAfter: number | null;

  constructor(document: ProblemDocument, retryAfter: number | null) {
    super(document.detail || document.title);
    this.status = document.status;
    this.code = document.code;
    this.errors = document.errors ?? {};
    this.document = document;
    this.retryAfter = retryAfter;
  }
}

/** No answer: the network, the server or a proxy in between is away. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  /** Bytes instead of JSON. */
  raw?: Blob;
  /** A form with a file in it instead of JSON. */
  form?: FormData;
  signal?: AbortSignal | undefined;
  token?: string | null;
  /** The same key again is the same request: the server does it once. */
  key?: string;
  /** Let it be finished although the page is being left; for small bodies. */
  keepalive?: boolean;
}

const BASE = '/api/v1/';

/** Fetch `path` under the API base. Raises Problem, Unreachable, or the abort reason. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json', 'Accept-Language': document.documentElement.lang });
  if (options.body !== undefined) headers.set('Content-Type', 'application/json');
  if (options.key) headers.set('Idempotency-Key', options.key);
  if (options.token) headers.set('Authorization', `Bearer ${options.token}`);
  const init: RequestInit = { method: options.method ?? 'GET', headers, credentials: 'same-origin' };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  if (options.raw) {
    headers.set('Content-Type', 'application/octet-stream');
    init.body = options.raw;
  }
  if (options.form) init.body = options.form;
  if (options.keepalive) init.keepalive = true;
  if (options.signal) init.signal = options.signal;
  let answer: Response;
  try {
    answer = await fetch(path.startsWith('/') ? path : BASE + path, init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable(String(error));
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** The typed error of one refused answer. A gateway's own HTML error page counts as nobody answering. */
async function refusal(answer: Response): Promise<Problem | Unreachable> {
  const seconds = Number(answer.headers.get('Retry-After'));
  const wait = answer.headers.has('Retry-After') && Number.isFinite(seconds) ? seconds : null;
  const kind = answer.headers.get('Content-Type') ?? '';
  if (!kind.includes('json')) {
    if (answer.status >= 500) return new Unreachable(`HTTP ${answer.status}`);
    const title = answer.statusText || `HTTP ${answer.status}`;
    return new Problem({ type: 'about:blank', title, status: answer.status, detail: '', code: `http_${answer.status}` }, wait);
  }
  const document = (await answer.json()) as Partial<ProblemDocument>;
  return new Problem(
    {
      type: 'about:blank',
      title: answer.statusText,
      detail: '',
      code: `http_${answer.status}`,
      ...document,
      status: answer.status,
    },
    wait,
  );
}

/** The JSON of an answer; undefined for an empty one (204, or 202 without a document). */
export async function json<T>(answer: Response): Promise<T> {
  const text = answer.status === 204 ? '' : await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
