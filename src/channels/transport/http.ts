// Sends one HTTP request, and says what its response means for a delivery.

import { SendError } from '../../model/errors.ts';
import type { Redact } from '../../model/redact.ts';
import { type Body, type BodyLimits, readBody } from './body.ts';
import { connectionFailure } from './failure.ts';
import { basicAuth, loginOf } from './login.ts';
import type { HttpProxy } from './proxy.ts';
import { excerptOf } from './redact.ts';

/** So much of a body is enough to explain a failure. */
const MOST_BYTES = 8_192;
/** How long to wait for a body when the status alone decides. */
const BODY_MS = 2_000;
const DAY_MS = 86_400_000;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** The proxy to go through. */
  readonly via?: HttpProxy | null;
}

export interface HttpAnswer extends Body {
  readonly status: number;
  readonly retryAfterMs: number | null;
}

const EXPLANATION: BodyLimits = { mostBytes: MOST_BYTES, untilMs: BODY_MS };

/**
 * Sends one request, without redirects and retries. Every HTTP request of spendwatch goes through here. Throws a SendError
 * without a secret (`redact`) if no answer came before `signal` aborted. What an answer means is up to the caller. No more
 * than `limits` of the body is held in memory, however it is compressed.
 */
export async function exchange(
  url: string,
  { method, headers, body, via = null }: HttpRequest,
  redact: Redact,
  signal: AbortSignal,
  limits: BodyLimits = EXPLANATION,
): Promise<HttpAnswer> {
  try {
    const target = new URL(url);
    const ask = via?.fetch ?? fetch;
    const response = await ask(withoutLogin(target), {
      method,
      headers: { ...loginHeader(target), ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal,
    });
    // Feishu has a name of its own for it.
    const wait = response.headers.get('retry-after') ?? response.headers.get('x-ogw-ratelimit-reset');
    const retryAfterMs = parseRetryAfter(wait, Date.now());
    return { status: response.status, ...(await readBody(response, limits)), retryAfterMs };
  } catch (error) {
    const peer = peerOf(url);
    if (via === null) throw connectionFailure(peer, error, signal, redact);
    throw via.failureOf(peer, error) ?? connectionFailure(throughProxy(peer, via), error, signal, redact);
  }
}

/**
 * The failure that an answer means, or null for a receipt: a status of 2xx and no web page. A web page comes from a
 * portal, a login or a proxy that answers in place of the receiver.
 */
export function answerFailure(peer: string, answer: HttpAnswer, redact: Redact): SendError | null {
  const { status, text } = answer;
  if (status < 200 || status > 299) return statusFailure(peer, answer, redact);
  if (!isWebPage(text)) return null;
  const words = `${peer} answered HTTP ${status} with a web page, which is not a receipt: is it a portal, a login or a proxy?`;
  return new SendError('refused', 'passing', words);
}

/** The failure that an HTTP status other than 2xx means (docs/channels.md). */
export function statusFailure(peer: string, answer: HttpAnswer, redact: Redact): SendError {
  const { status, retryAfterMs } = answer;
  const said = excerptOf(answer.text, redact);
  const text = `${peer} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`;
  const passing = { retryAfterMs };
  if (status === 429) return new SendError('rate_limited', 'passing', text, passing);
  if (status === 408) return new SendError('timeout', 'passing', text, passing);
  if (status === 425) return new SendError('refused', 'passing', text, passing);
  if (status >= 500) return new SendError('server', 'passing', text, passing);
  if (status === 407) {
    return new SendError('auth', 'person', `${text} (a proxy on the way wants a login)`, passing);
  }
  if (status === 401 || status === 403) return new SendError('auth', 'person', text, passing);
  if (status === 404 || status === 405) return new SendError('refused', 'person', text, passing);
  if (status >= 400) return new SendError(status === 410 ? 'refused' : 'invalid', 'final', text);
  const redirect = status >= 300 ? `${text} (redirects are not followed)` : text;
  return new SendError('refused', 'passing', redirect, passing);
}

/** `Retry-After` in ms: seconds or an HTTP date, at most a day; null when it is neither. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), DAY_MS);
}

/**
 * Host and port of a URL, the only part that errors may show. If an `@` follows them, they may be the beginning of a login
 * whose password contains `/`, `?` or `#`; then nothing is shown.
 */
export function peerOf(url: string): string {
  const target = new URL(url);
  const { hostname, pathname, search, hash } = target;
  if (`${pathname}${search}${hash}`.includes('@')) return 'the receiver';
  return `${hostname}:${portOf(target)}`;
}

/** The port that a URL names, or the usual one of its protocol. */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/** The receiver's name in an error whose cause may be on either side of the proxy. */
export function throughProxy(peer: string, { name }: HttpProxy): string {
  return `${peer} (through the proxy ${name})`;
}

function isWebPage(text: string): boolean {
  return /^\ufeff?(?:\s|<!--(?:(?!-->)[\s\S])*-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html)\b/i.test(text);
}

/** The URL without its login, which fetch refuses. The login is sent as a header instead. */
function withoutLogin(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function loginHeader(url: URL): Record<string, string> {
  const login = loginOf(url);
  return login === null ? {} : { authorization: basicAuth(login) };
}
