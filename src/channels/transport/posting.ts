// A channel that POSTs JSON to one address and reads the answer.

import { setTimeout as sleep } from 'node:timers/promises';
import { SendError } from '../../model/errors.ts';
import type { Message } from '../../model/message.ts';
import { type Redact, redactor } from '../../model/redact.ts';
import type { Secret } from '../../model/secret.ts';
import type { Channel, Envelope, Receipt } from '../channel.ts';
import { checkConnection } from './connect-check.ts';
import { within } from './deadline.ts';
import { answerFailure, exchange, type HttpAnswer, type HttpRequest, peerOf } from './http.ts';
import { openProxy } from './proxy.ts';
import { chooseProxy, type EnvironmentProxies } from './proxy-choice.ts';
import { excerptOf, secretsOfUrl } from './redact.ts';

const TIMEOUT_MS = 15_000;
/** Some receivers answer with the whole message. Only the attempt's own time limit applies. */
const WHOLE_ANSWER = { mostBytes: 262_144, untilMs: null };

/** What is particular to one receiver. */
export interface Posting {
  readonly type: string;
  readonly audience: Channel['audience'];
  readonly spacingMs: number;
  /** As in Channel; absent for a receiver without threads. */
  readonly threadMs?: number;
  /** Where messages go. */
  readonly url: string;
  /** What must not be shown, beside the parts of the URL. */
  readonly secrets?: readonly string[];
  render(message: Message, id: string): string;
  /**
   * The request of one attempt at `at` (ms): the stored body, and what belongs to the attempt. Null where the receiver needs
   * to know nothing of the message.
   */
  request(envelope: Envelope, at: number): PostingRequest | null;
  /**
   * The request that edits an earlier message: `body` is the new one as `render` made it, and `ref` the receiver's name of the
   * message. Null for what is no name of one; absent for a receiver whose messages cannot be edited. Bodies must be JSON then.
   */
  edit?(body: string, ref: string): PostingRequest | null;
  /** The receipt that an answer is. Throws the SendError that it means otherwise. */
  receipt(answer: Answer): Receipt;
  /** A question that checks address and login and sends no message; without it only the connection is checked. */
  readonly probe?: Question;
}

export interface PostingRequest {
  /** Absent for POST. */
  readonly method?: 'PATCH';
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the usual address. */
  readonly url?: string;
  /** What of this attempt must not be shown. */
  readonly secrets?: readonly string[];
}

export interface Question {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  receipt(answer: Answer): Receipt;
}

/** An answer, and how to speak of it. */
export interface Answer extends HttpAnswer {
  readonly peer: string;
  readonly redact: Redact;
  /** The body, if it is a JSON object. */
  readonly json: Readonly<Record<string, unknown>> | null;
}

/** Opens a channel. Every attempt carries the delivery's id as `webhook-id`, by which a relay can drop repeats. */
export async function openPosting(
  name: string,
  posting: Posting,
  proxy: Secret | null,
  proxies: EnvironmentProxies,
): Promise<Channel> {
  const { type, audience, spacingMs, threadMs, url, probe } = posting;
  const via = await openProxy(chooseProxy(url, proxy, proxies));
  const secrets = [...secretsOfUrl(url), ...(posting.secrets ?? []), ...(via?.secrets ?? [])];
  const redact = redactor(secrets);
  const ask = async (
    to: string,
    request: HttpRequest,
    hide: Redact,
    signal: AbortSignal,
  ): Promise<Answer> => {
    const answer = await exchange(to, { ...request, via }, hide, signal, WHOLE_ANSWER);
    return { ...answer, peer: peerOf(to), redact: hide, json: objectIn(answer.text) };
  };
  const submit = async (request: PostingRequest, id: string, signal: AbortSignal): Promise<Receipt> => {
    const { method = 'POST', body, headers = {}, url: to = url, secrets: own = [] } = request;
    const all = { ...AGENT, ...headers, 'content-type': JSON_TYPE, 'webhook-id': id };
    const hide = own.length === 0 ? redact : redactor([...secrets, ...own]);
    return posting.receipt(await ask(to, { method, headers: all, body }, hide, signal));
  };
  return {
    name,
    type,
    audience,
    timeoutMs: TIMEOUT_MS,
    spacingMs,
    ...(threadMs !== undefined && { threadMs }),
    render(message, id, root = null) {
      const body = posting.render(message, id);
      if (root === null || posting.edit === undefined) return body;
      return JSON.stringify({ ...JSON.parse(body), root: JSON.parse(posting.render(root.now, root.id)) });
    },
    send: (envelope, signal) =>
      within(TIMEOUT_MS, signal, async (limit) => {
        const { body, edit } = partsOf(posting, envelope);
        const request = posting.request({ ...envelope, body }, Date.now());
        if (request === null) return { answer: 'nothing to send' };
        const lack = edit === null ? null : await lackOf(() => submit(edit, envelope.id, limit));
        // The receiver counts both.
        if (edit !== null) await sleep(spacingMs, undefined, { signal: limit });
        const receipt = await submit(request, envelope.id, limit);
        return lack === null ? receipt : { ...receipt, answer: `${receipt.answer} (${lack})` };
      }),
    probe: (signal) =>
      within(TIMEOUT_MS, signal, async (limit) => {
        if (probe === undefined) return { answer: await checkConnection(url, redact, limit, via) };
        const headers = { ...AGENT, ...probe.headers };
        return probe.receipt(await ask(probe.url, { method: 'GET', headers }, redact, limit));
      }),
    close: async () => via?.close(),
  };
}

/** The body of a message, and the request that edits the message which it answers; null where there is nothing to edit. */
function partsOf(
  posting: Posting,
  { body, thread }: Envelope,
): { readonly body: string; readonly edit: PostingRequest | null } {
  if (posting.edit === undefined) return { body, edit: null };
  const { root, ...post } = JSON.parse(body) as { readonly root?: object };
  const { rootRef = null, isLatest = false } = thread ?? {};
  const isEdited = root !== undefined && rootRef !== null && isLatest;
  return { body: JSON.stringify(post), edit: isEdited ? posting.edit(JSON.stringify(root), rootRef) : null };
}

/** Why a message was not edited, for the receipt; null where it was. The answer follows in any case, unless it is tried again. */
async function lackOf(edit: () => Promise<Receipt>): Promise<string | null> {
  try {
    await edit();
    return null;
  } catch (error) {
    if (!(error instanceof SendError) || error.kind === 'passing') throw error;
    return `the first message was not edited: ${error.message}`;
  }
}

const AGENT = { 'user-agent': 'spendwatch' };
const JSON_TYPE = 'application/json; charset=utf-8';

/** Throws the failure that the status means, or a web page in place of an answer. */
export function expectSuccess(answer: Answer): void {
  const failure = answerFailure(answer.peer, answer, answer.redact);
  if (failure !== null) throw failure;
}

/** A receiver's own refusal, in its words; `code` is its name for it. */
export function refusal(
  provider: string,
  answer: Answer,
  failure: Pick<SendError, 'reason' | 'kind'> & { readonly retryAfterMs?: number | null },
  code: string | number,
  words: unknown,
): SendError {
  const said = typeof words === 'string' && words !== '' ? ` ${words}` : '';
  const text = excerptOf(`${code}${said}`, answer.redact);
  const retryAfterMs = failure.retryAfterMs ?? answer.retryAfterMs;
  return new SendError(failure.reason, failure.kind, `${provider} refused: ${text}`, { retryAfterMs });
}

/** A receipt with words of the receiver, fit for one line. */
export function receiptOf(answer: Answer, words: string, ref?: string): Receipt {
  return { answer: excerptOf(words, answer.redact), ...(ref !== undefined && { ref }) };
}

/** The failure of an answer that is not the provider's, such as that of a proxy. It is tried again. */
export function notFrom(provider: string, { peer, status }: Answer): SendError {
  return new SendError('server', 'passing', `${peer} answered HTTP ${status}, but not as ${provider} does`);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The value as an object; null for anything else. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : null;
}

/** A wait that a receiver wrote as a number of seconds, in ms; at most a day. Null for anything else. */
export function waitOf(seconds: unknown): number | null {
  const isWait = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0;
  return isWait ? Math.min(Math.ceil(seconds * 1000), 86_400_000) : null;
}
