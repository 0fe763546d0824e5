// Posts messages to a DingTalk group through its custom robot.

import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Message } from '../model/message.ts';
import type { Secret } from '../model/secret.ts';
import { secretKey, secretUrlKey } from '../model/secret-key.ts';
import type { ChannelType, Envelope, Receipt } from './channel.ts';
import { type AnswerCodes, expectCodeZero } from './transport/answer-code.ts';
import { type ChatMarkup, chatText, markdownLink, tableLines } from './transport/chat-text.ts';
import { bytesOf, fitted } from './transport/fit.ts';
import { inertMarkdown } from './transport/inert.ts';
import { type Answer, openPosting } from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';
import { renderWithin } from './transport/shorten.ts';

interface DingtalkOptions {
  readonly type: 'dingtalk';
  readonly url: Secret;
  readonly secret: Secret | null;
  readonly proxy: Secret | null;
}

/** The longest message, in bytes, of 20,000. Source: open.dingtalk.com, custom robots, error 460101. */
const LONGEST = 18_000;
const TITLE = 200;
/**
 * A robot sends 20 messages a minute; more of them stop it for ten minutes. Source: open.dingtalk.com, "Custom robot",
 * limits of frequency.
 */
const SPACING_MS = 3100;
const STOPPED_MS = 600_000;

interface DingtalkPost {
  readonly msgtype: 'markdown';
  readonly markdown: { readonly title: string; readonly text: string };
  /** Nobody is mentioned, whatever the text says. */
  readonly at: { readonly atMobiles: readonly []; readonly atUserIds: readonly []; readonly isAtAll: false };
}

/** Posts Markdown, signed where the robot has a secret. */
export const dingtalk: ChannelType<DingtalkOptions> = {
  type: 'dingtalk',
  schema: z
    .strictObject({
      type: z.literal('dingtalk'),
      url: secretUrlKey("URL of the group's custom robot"),
      secret: secretKey('Secret of the robot (`SEC…`), where its security is "Sign"').exactOptional(),
      proxy: proxyKey.exactOptional(),
    })
    .transform(({ secret = null, proxy = null, ...keys }): DingtalkOptions => ({ ...keys, secret, proxy })),
  open(name, { url, secret, proxy }, proxies = NO_PROXIES) {
    const posting = {
      type: 'dingtalk',
      audience: 'people',
      spacingMs: SPACING_MS,
      url: url.reveal(),
      secrets: secret === null ? [] : [secret.reveal()],
      render: (message: Message) => JSON.stringify(renderDingtalk(message)),
      request: ({ body }: Envelope, at: number) =>
        secret === null ? { body } : { body, ...signed(url.reveal(), secret.reveal(), at) },
      receipt: taken,
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** Pure. */
export function renderDingtalk(message: Message): DingtalkPost {
  return renderWithin(message, post, (one) => bytesOf(JSON.stringify(one)) <= LONGEST);
}

/** Two spaces break a line. Names are made harmless by look-alikes, as no way to escape is documented. */
const BREAK = '  \n';
const MARKUP: ChatMarkup = {
  literal: inertMarkdown,
  bold: (literal) => `**${literal}**`,
  link: markdownLink,
  lines: (lines) => lines.join(BREAK),
  table(table) {
    const [title, ...rows] = tableLines(table);
    return [
      ...(title === '' ? [] : [`**${inertMarkdown(title)}**`]),
      ...rows.map((row) => `- ${inertMarkdown(row)}`),
    ].join('\n');
  },
};

function post(message: Message): DingtalkPost {
  return {
    msgtype: 'markdown',
    markdown: {
      title: fitted(message.title, TITLE, inertMarkdown, bytesOf),
      text: `### ${inertMarkdown(message.title)}\n\n${chatText(message, MARKUP)}`,
    },
    at: { atMobiles: [], atUserIds: [], isAtAll: false },
  };
}

/**
 * The address with the time of the attempt in ms, and its signature: the HMAC-SHA256 of `timestamp\nsecret` by the secret.
 * Source: open.dingtalk.com, "Security settings of custom robots".
 */
function signed(address: string, secret: string, at: number) {
  const sign = createHmac('sha256', secret).update(`${at}\n${secret}`).digest('base64');
  const url = new URL(address);
  url.searchParams.set('timestamp', String(at));
  url.searchParams.set('sign', sign);
  return { url: url.href, secrets: [sign, encodeURIComponent(sign)] };
}

/**
 * Source: open.dingtalk.com, "Global error codes" and custom robots. 310000 is a keyword, a signature or an address that does
 * not fit; 300001, 300005, 40014, 40035 and 400101 are the token; 400013 the group; 400102 and 400106 the robot; 43010x unfit
 * contents.
 */
const CODES: AnswerCodes = {
  provider: 'DingTalk',
  person: new Set([88, 404, 310_000, 300_001, 300_005, 40_014, 40_035, 400_013, 400_101, 400_102, 400_106]),
  final: new Set([40_008, 43_002, 43_004, 400_105, 430_101, 430_102, 430_103, 430_104, 460_101]),
  limited: new Map([
    [130_101, STOPPED_MS],
    [410_100, STOPPED_MS],
  ]),
};

function taken(answer: Answer): Receipt {
  const { errcode, errmsg } = answer.json ?? {};
  expectCodeZero(answer, CODES, errcode, errmsg);
  return { answer: 'errcode 0' };
}
