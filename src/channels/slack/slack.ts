// Posts messages to Slack, as a bot or to an incoming webhook.

import type { ChannelType } from '../channel.ts';
import { within } from '../transport/deadline.ts';
import { type HttpProxy, openProxy } from '../transport/proxy.ts';
import { chooseProxy, NO_PROXIES } from '../transport/proxy-choice.ts';
import { type SlackOptions, slackSchema } from './options.ts';
import { storedPost } from './stored-post.ts';
import { webhookSender } from './webhook-sender.ts';

const TIMEOUT_MS = 15_000;
/** Slack takes about one message a second and channel. */
const SPACING_MS = 1100;
/** After a day, the first message of an incident is far up in the channel, so news begins again. */
const THREAD_MS = 86_400_000;

/** Posts with a bot's token, or to an incoming webhook. */
export const slack: ChannelType<SlackOptions> = {
  type: 'slack',
  schema: slackSchema,
  async open(name, options, proxies = NO_PROXIES) {
    const url = options.webhookUrl === null ? options.apiUrl : options.webhookUrl.reveal();
    const via = await openProxy(chooseProxy(url, options.proxy, proxies));
    const isBot = options.webhookUrl === null;
    const sender = isBot ? await openBotSender(options, via) : webhookSender(url, via);
    return {
      name,
      type: 'slack',
      audience: 'people',
      timeoutMs: TIMEOUT_MS,
      spacingMs: SPACING_MS,
      ...(isBot && { threadMs: THREAD_MS }),
      render: (message, id, root = null) => storedPost(message, id, root, options.pictures),
      send: (envelope, signal) => within(TIMEOUT_MS, signal, (limit) => sender.send(envelope, limit)),
      probe: (signal) => within(TIMEOUT_MS, signal, sender.probe),
      close: async () => via?.close(),
    };
  },
};

async function openBotSender(options: Extract<SlackOptions, { webhookUrl: null }>, via: HttpProxy | null) {
  const { botSender } = await import('./bot-sender.ts');
  return botSender(options, via, SPACING_MS);
}
