// Posts messages to Slack, as a bot or to an incoming webhook.

import type { Chart } from '../../model/chart.ts';
import { SendError } from '../../model/errors.ts';
import type { Message } from '../../model/message.ts';
import { redactor } from '../../model/redact.ts';
import type { Channel, ChannelType, Envelope, Receipt } from '../channel.ts';
import { checkConnection } from '../transport/connect-check.ts';
import { within } from '../transport/deadline.ts';
import { answerFailure, exchange, peerOf } from '../transport/http.ts';
import { type HttpProxy, openProxy } from '../transport/proxy.ts';
import { chooseProxy, NO_PROXIES } from '../transport/proxy-choice.ts';
import { excerptOf, secretsOfUrl } from '../transport/redact.ts';
import { plainSlackText, renderSlack, type SlackPost } from './blocks.ts';
import { isFormRefused, isSlackWord, slackFailure } from './failure.ts';
import { type SlackOptions, slackSchema } from './options.ts';
import type { Posted } from './share-picture.ts';

const TIMEOUT_MS = 15_000;
/** Slack takes about one message a second and channel. */
const SPACING_MS = 1100;

/** Posts with a bot's token, or to an incoming webhook. */
export const slack: ChannelType<SlackOptions> = {
  type: 'slack',
  schema: slackSchema,
  async open(name, options, proxies = NO_PROXIES) {
    const url = options.webhookUrl === null ? options.apiUrl : options.webhookUrl.reveal();
    const via = await openProxy(chooseProxy(url, options.proxy, proxies));
    const transport =
      options.webhookUrl === null ? await botTransport(options, via) : webhookTransport(url, via);
    return {
      name,
      type: 'slack',
      audience: 'people',
      timeoutMs: TIMEOUT_MS,
      spacingMs: SPACING_MS,
      render: (message, id) => storedPost(message, id, options.pictures),
      send: (envelope, signal) => within(TIMEOUT_MS, signal, (limit) => transport.send(envelope, limit)),
      probe: (signal) => within(TIMEOUT_MS, signal, transport.probe),
      close: async () => via?.close(),
    };
  },
};

type Transport = Pick<Channel, 'send' | 'probe'>;

/** What is stored with a delivery: the post, and the plain text that is sent if Slack refuses its blocks. */
interface StoredPost extends SlackPost {
  readonly plain: string;
  /** What the picture shows; absent where there is none. */
  readonly chart?: Chart;
}

function storedPost(message: Message, id: string, showsPictures: boolean): string {
  const { chart } = message;
  const post: StoredPost = {
    ...renderSlack(message, id),
    plain: plainSlackText(message),
    ...(showsPictures && chart !== null && { chart }),
  };
  return JSON.stringify(post);
}

/** Slack must not unfurl links or make mentions of anything in the message. */
const LITERAL = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false };

async function botTransport(
  options: Extract<SlackOptions, { webhookUrl: null }>,
  via: HttpProxy | null,
): Promise<Transport> {
  const { notSlack, slackBot, SlackRefusal } = await import('./bot.ts');
  const { findOwnMessage } = await import('./own-message.ts');
  const { pictureSharer } = await import('./share-picture.ts');
  const call = slackBot(options.token.reveal(), options.apiUrl, via);
  const { channel } = options;
  const sharePicture = pictureSharer(call, options.apiUrl, via);
  /** Slack has the message if it answers with the message's timestamp. */
  const post = async (args: Record<string, unknown>, signal: AbortSignal): Promise<Posted> => {
    const { ts, channel: channelId } = await call(
      'chat.postMessage',
      { channel, ...args, ...LITERAL },
      signal,
    );
    if (typeof ts !== 'string' || ts === '') throw notSlack(peerOf(options.apiUrl));
    return { channelId: typeof channelId === 'string' ? channelId : channel, rootTs: ts };
  };
  const receiptOf = async (
    answer: string,
    chart: Chart | undefined,
    posted: Posted,
    signal: AbortSignal,
  ): Promise<Receipt> => {
    const lack = chart === undefined ? null : await sharePicture(chart, posted, signal);
    return { answer: lack === null ? answer : `${answer} (${lack})` };
  };
  return {
    async send({ id, body, firstTriedAt }: Envelope, signal): Promise<Receipt> {
      if (firstTriedAt !== undefined && firstTriedAt !== null) {
        const isThere = await findOwnMessage(call, channel, id, firstTriedAt, signal);
        if (isThere) return { answer: 'already in the channel' };
      }
      const { plain, chart, ...full } = JSON.parse(body) as StoredPost;
      try {
        const posted = await post({ ...full }, signal);
        return await receiptOf('ok', chart, posted, signal);
      } catch (error) {
        if (!(error instanceof SlackRefusal) || !isFormRefused(error.code)) throw error;
        const metadata = error.code.includes('metadata') ? {} : { metadata: full.metadata };
        const posted = await post({ text: plain, ...metadata }, signal);
        return receiptOf(`ok as plain text (${error.code})`, chart, posted, signal);
      }
    },
    async probe(signal): Promise<Receipt> {
      const { team, user } = await call('auth.test', {}, signal);
      return { answer: typeof user === 'string' ? `signed in as ${user} at ${String(team)}` : 'ok' };
    },
  };
}

/** An incoming webhook answers `ok` when it has taken the message. Only the attempt's own time limit applies. */
const WHOLE_ANSWER = { mostBytes: 8_192, untilMs: null };

function webhookTransport(url: string, via: HttpProxy | null): Transport {
  const peer = peerOf(url);
  const redact = redactor([...secretsOfUrl(url), ...(via?.secrets ?? [])]);
  /** Null if the message was taken; Slack's error word if it refused the blocks. */
  const attempt = async (content: object, signal: AbortSignal): Promise<string | null> => {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body: JSON.stringify(content), via } as const;
    const answer = await exchange(url, request, redact, signal, WHOLE_ANSWER);
    const word = answer.text.trim();
    const failure = answerFailure(peer, answer, redact);
    if (failure === null && answer.isWhole && word === 'ok') return null;
    if (isFormRefused(word)) return word;
    if (isSlackWord(word)) throw slackFailure(word, answer.retryAfterMs);
    if (failure !== null) throw failure;
    const said = word === '' ? 'nothing' : excerptOf(word, redact);
    const words = `${peer} answered HTTP ${answer.status} and ${said} instead of Slack's "ok"`;
    throw new SendError('server', 'passing', words);
  };
  return {
    async send({ body }, signal): Promise<Receipt> {
      const { text, blocks, plain } = JSON.parse(body) as StoredPost;
      const refused = await attempt({ text, blocks, unfurl_links: false, unfurl_media: false }, signal);
      if (refused === null) return { answer: 'ok' };
      const again = await attempt({ text: plain, unfurl_links: false, unfurl_media: false }, signal);
      if (again !== null) throw slackFailure(again);
      return { answer: `ok as plain text (${refused})` };
    },
    probe: async (signal) => ({ answer: await checkConnection(url, redact, signal, via) }),
  };
}
