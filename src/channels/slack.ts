import type { Message } from '../model/message.ts';
import type { Channel, ChannelType, Envelope, Receipt } from './channel.ts';
import { plainSlackText, renderSlack, type SlackPost } from './slack/blocks.ts';
import { isFormRefused, isSlackWord, slackFailure } from './slack/failure.ts';
import { type SlackOptions, slackSchema } from './slack/options.ts';
import { within } from './wire/deadline.ts';
import { greet } from './wire/greet.ts';
import { peerOf, post, statusFailure } from './wire/http.ts';
import { excerptOf, secretsOfUrl } from './wire/redact.ts';

const TIMEOUT_MS = 15_000;
/** Slack takes about one message a second and channel. */
const SPACING_MS = 1100;

/** Posts with a bot's token, or to an incoming webhook. */
export const slack: ChannelType<SlackOptions> = {
  type: 'slack',
  schema: slackSchema,
  async open(name, options) {
    const wire =
      options.webhookUrl === null ? await botWire(options) : webhookWire(options.webhookUrl.reveal());
    return {
      name,
      type: 'slack',
      timeoutMs: TIMEOUT_MS,
      spacingMs: SPACING_MS,
      render: storedPost,
      send: (envelope, signal) => within(TIMEOUT_MS, signal, (limit) => wire.send(envelope, limit)),
      probe: (signal) => within(TIMEOUT_MS, signal, wire.probe),
      close: () => Promise.resolve(),
    };
  },
};

type Wire = Pick<Channel, 'send' | 'probe'>;

/** What is stored: the post as first tried, and the plain text that takes its place where blocks are refused. */
interface StoredPost extends SlackPost {
  readonly plain: string;
}

function storedPost(message: Message, id: string): string {
  return JSON.stringify({ ...renderSlack(message, id), plain: plainSlackText(message) } satisfies StoredPost);
}

/** Nothing in the message may be unfolded, linked or taken for a mention. */
const LITERAL = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false };

async function botWire(options: Extract<SlackOptions, { webhookUrl: null }>): Promise<Wire> {
  const { slackBot, SlackRefusal } = await import('./slack/bot.ts');
  const { findOwnMessage } = await import('./slack/own-message.ts');
  const call = slackBot(options.token.reveal(), options.apiUrl);
  const { channel } = options;
  return {
    async send({ id, body, firstTriedAt }: Envelope, signal): Promise<Receipt> {
      if (firstTriedAt !== undefined && firstTriedAt !== null) {
        const isThere = await findOwnMessage(call, channel, id, firstTriedAt, signal);
        if (isThere) return { answer: 'already in the channel' };
      }
      const { plain, ...full } = JSON.parse(body) as StoredPost;
      try {
        await call('chat.postMessage', { channel, ...full, ...LITERAL }, signal);
        return { answer: 'ok' };
      } catch (error) {
        if (!(error instanceof SlackRefusal) || !isFormRefused(error.code)) throw error;
        const metadata = error.code.includes('metadata') ? {} : { metadata: full.metadata };
        await call('chat.postMessage', { channel, text: plain, ...metadata, ...LITERAL }, signal);
        return { answer: `ok as plain text (${error.code})` };
      }
    },
    async probe(signal): Promise<Receipt> {
      const { team, user } = await call('auth.test', {}, signal);
      return { answer: typeof user === 'string' ? `signed in as ${user} at ${String(team)}` : 'ok' };
    },
  };
}

function webhookWire(url: string): Wire {
  const peer = peerOf(url);
  const secrets = secretsOfUrl(url);
  const attempt = async (content: object, signal: AbortSignal): Promise<string | null> => {
    const answer = await post(url, { 'content-type': 'application/json' }, JSON.stringify(content), signal);
    const word = answer.text.trim();
    if (answer.status >= 200 && answer.status < 300 && (word === 'ok' || word === '' || !isSlackWord(word)))
      return null;
    if (isFormRefused(word)) return word;
    if (isSlackWord(word)) throw slackFailure(word, answer.retryAfterMs);
    throw statusFailure(peer, answer, excerptOf(answer.text, secrets));
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
    probe: async (signal) => ({ answer: await greet(url, signal) }),
  };
}
