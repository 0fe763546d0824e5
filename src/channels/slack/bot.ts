import { ErrorCode, type Logger, LogLevel, type WebAPICallResult, WebClient } from '@slack/web-api';
import { SendError } from '../../model/errors.ts';
import { codeOf, connectionFailure } from '../wire/failure.ts';
import { parseRetryAfter, peerOf, statusFailure } from '../wire/http.ts';
import { slackFailure } from './failure.ts';

/** One call of the Web API; throws the SendError that its outcome is, `SlackRefusal` where Slack said a word. */
export type CallSlack = (
  method: string,
  args: Record<string, unknown>,
  signal: AbortSignal,
) => Promise<WebAPICallResult & Readonly<Record<string, unknown>>>;

/** A failure for which Slack has a word of its own. */
export class SlackRefusal extends SendError {
  readonly code: string;

  constructor(code: string, retryAfterMs: number | null) {
    const { reason, kind, message } = slackFailure(code);
    super(reason, kind, message, { retryAfterMs });
    this.name = 'SlackRefusal';
    this.code = code;
  }
}

/** A bot on the Web API that tries once and says what happened: waiting and repeating are the outbox's. */
export function slackBot(token: string, apiUrl: string): CallSlack {
  const peer = peerOf(apiUrl);
  return async (method, args, signal) => {
    let status = 0;
    const client = new WebClient(token, {
      slackApiUrl: apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      logger: SILENT,
      // A client is made for each call because only its fetch can be aborted.
      fetch: async (url, init) => {
        const response = await fetch(url, { ...init, signal });
        status = response.status;
        return response;
      },
    });
    try {
      return (await client.apiCall(method, args)) as Awaited<ReturnType<CallSlack>>;
    } catch (error) {
      throw failureOf(error, status, peer, signal);
    }
  };
}

function failureOf(error: unknown, status: number, peer: string, signal: AbortSignal): SendError {
  const failure = error as {
    code?: string;
    retryAfter?: number;
    data?: { error?: unknown; response_metadata?: { retryAfter?: number } };
    headers?: Record<string, string>;
  };
  if (failure.code === ErrorCode.PlatformError && typeof failure.data?.error === 'string') {
    const seconds = failure.data.response_metadata?.retryAfter;
    return /^\w{1,80}$/.test(failure.data.error)
      ? new SlackRefusal(failure.data.error, seconds === undefined ? null : seconds * 1000)
      : new SendError('server', 'passing', `${peer} did not answer as Slack does`);
  }
  if (failure.code === ErrorCode.RateLimitedError || status === 429) {
    const retryAfterMs = failure.retryAfter === undefined ? null : failure.retryAfter * 1000;
    return new SendError('rate_limited', 'passing', `${peer} asks to wait (HTTP 429)`, { retryAfterMs });
  }
  if (failure.code === ErrorCode.HTTPError) {
    const retryAfterMs = parseRetryAfter(failure.headers?.['retry-after'] ?? null, Date.now());
    return statusFailure(peer, { status, text: '', retryAfterMs }, '');
  }
  if (codeOf(error) === ErrorCode.RequestError && error instanceof Error) {
    return connectionFailure(peer, error.cause, signal);
  }
  return connectionFailure(peer, error, signal);
}

/** The library would write to the console, where only the shell of this program may. */
const nothing = (): void => undefined;
const SILENT: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};
