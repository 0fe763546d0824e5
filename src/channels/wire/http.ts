import { SendError } from '../../model/errors.ts';
import { connectionFailure } from './failure.ts';

const MOST_READ = 512;
const DAY_MS = 86_400_000;

export interface HttpAnswer {
  readonly status: number;
  /** The first few hundred bytes of the body, as text. */
  readonly text: string;
  readonly retryAfterMs: number | null;
}

/**
 * One POST, not followed anywhere and not repeated. Throws a SendError where no answer came before `signal`
 * aborted; what a status means is the caller's to say. The answer's body is read as far as it explains a failure.
 */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const target = new URL(url);
  try {
    const response = await fetch(withoutLogin(target), {
      method: 'POST',
      headers: { ...loginHeader(target), ...headers },
      body,
      redirect: 'manual',
      signal,
    });
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), Date.now());
    return { status: response.status, text: await startOf(response), retryAfterMs };
  } catch (error) {
    throw connectionFailure(peerOf(url), error, signal);
  }
}

/** Host and port of a URL: all of it that errors may show. */
export function peerOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

/** The failure that an HTTP status other than 2xx is (docs/operations.md); `said` is what the far end said, fit to be shown. */
export function statusFailure(peer: string, answer: HttpAnswer, said: string): SendError {
  const { status, retryAfterMs } = answer;
  const text = `${peer} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`;
  const passing = { retryAfterMs };
  if (status === 429) return new SendError('rate_limited', 'passing', text, passing);
  if (status === 408) return new SendError('timeout', 'passing', text, passing);
  if (status === 425) return new SendError('refused', 'passing', text, passing);
  if (status >= 500) return new SendError('server', 'passing', text, passing);
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

/** A far end that never ends its body has answered all the same: what came so far is enough. */
async function startOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), BODY_MS);
  try {
    while (size < MOST_READ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.length;
    }
  } catch {
    // The status was the answer; a body that breaks off changes nothing.
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined);
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, MOST_READ));
}

const BODY_MS = 2000;

/** fetch refuses URLs that carry a login; as a header it is the same to the receiver. */
function withoutLogin(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function loginHeader({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}
