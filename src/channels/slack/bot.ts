// Calls Slack's Web API as a bot.

import { ErrorCode, type Logger, LogLevel, type WebAPICallResult, WebClient } from '@slack/web-api';
import { SendError } from '../../model/errors.ts';
import { type Redact, redactor } from '../../model/redact.ts';
import { codeOf, connectionFailure } from '../transport/failure.ts';
import { exchange, peerOf, statusFailure } from '../transport/http.ts';
import type { HttpProxy } from '../transport/proxy.ts';
import { slackFailure } from './failure.ts';

/** One call of the Web API. Throws a SendError; if Slack answered with an error word, a SlackRefusal. */
export type CallSlack = (
  method: string,
  args: Record<string, unknown>,
  signal: AbortSignal,
) => Promise<WebAPICallResult & Readonly<Record<string, unknown>>>;

/** Slack answered with an error word. */
export class SlackRefusal extends SendError {
  readonly code: string;

  constructor(code: string, retryAfterMs: number | null) {
    const { reason, kind, message } = slackFailure(code);
    super(reason, kind, message, { retryAfterMs });
    this.name = 'SlackRefusal';
    this.code = code;
  }
}

/** Far more than Slack's answer to a post, and than a page of a busy channel's history. */
const MOST_READ = 4_194_304;

/** A bot on the Web API. It tries once; waits and retries are up to the outbox. */
export function slackBot(token: string, apiUrl: string, via: HttpProxy | null): CallSlack {
  const peer = peerOf(apiUrl);
  const redact = redactor([token, ...(via?.secrets ?? [])]);
  return async (method, args, signal) => {
    const client = new WebClient(token, {
      slackApiUrl: apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      logger: SILENT,
      // Each call makes its own client, because only the client's fetch can be aborted. The client would read and
      // decompress a body without a limit, so it gets the text of a body that was read within one.
      fetch: async (url, { headers, body } = {}) => {
        const request = {
          method: 'POST',
          headers: headers as Record<string, string>,
          body: String(body),
          via,
        } as const;
        const limits = { mostBytes: MOST_READ, untilMs: null };
        const answer = await exchange(String(url), request, redact, signal, limits);
        if (answer.status < 200 || answer.status > 299) throw statusFailure(peer, answer, redact);
        if (!answer.isWhole) throw cutOff(peer, signal);
        // The library would take a text that is not JSON for one of Slack's error words.
        if (!isObject(answer.text)) throw notSlack(peer);
        return new Response(answer.text, {
          headers: answer.retryAfterMs === null ? {} : { 'retry-after': String(answer.retryAfterMs / 1000) },
        });
      },
    });
    try {
      const result = (await client.apiCall(method, args)) as Awaited<ReturnType<CallSlack>>;
      if (result.ok !== true) throw notSlack(peer);
      return result;
    } catch (error) {
      throw failureOf(error, peer, signal, redact);
    }
  };
}

/** An answer was too large. A request for fewer messages may get a smaller one. */
export class AnswerTooLong extends SendError {
  constructor(peer: string) {
    super('server', 'passing', `${peer} answered with more than ${MOST_READ / 1_048_576} MiB`);
  }
}

function cutOff(peer: string, signal: AbortSignal): SendError {
  return signal.aborted
    ? new SendError('timeout', 'passing', `no answer from ${peer} in time`)
    : new AnswerTooLong(peer);
}

/** The error for an answer that is not Slack's, such as a proxy's page. */
export function notSlack(peer: string): SendError {
  return new SendError('server', 'passing', `${peer} did not answer as Slack does`);
}

function failureOf(error: unknown, peer: string, signal: AbortSignal, redact: Redact): SendError {
  const failure = error as {
    code?: string;
    data?: { error?: unknown; response_metadata?: { retryAfter?: number } };
  };
  if (failure.code === ErrorCode.PlatformError) {
    const word = failure.data?.error;
    const seconds = failure.data?.response_metadata?.retryAfter;
    return typeof word === 'string' && /^\w{1,80}$/.test(word)
      ? new SlackRefusal(word, seconds === undefined ? null : seconds * 1000)
      : notSlack(peer);
  }
  const isOfFetch = codeOf(error) === ErrorCode.RequestError && error instanceof Error;
  return connectionFailure(peer, isOfFetch ? error.cause : error, signal, redact);
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
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
