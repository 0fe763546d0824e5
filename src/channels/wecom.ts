// Posts messages to a WeCom group through its robot.

import { z } from 'zod';
import type { Message } from '../model/message.ts';
import type { Secret } from '../model/secret.ts';
import { secretUrlKey } from '../model/secret-key.ts';
import type { ChannelType, Receipt } from './channel.ts';
import { type AnswerCodes, expectCodeZero } from './transport/answer-code.ts';
import { type ChatMarkup, chatText, markdownLink, tableLines } from './transport/chat-text.ts';
import { bytesOf } from './transport/fit.ts';
import { inertMarkdown } from './transport/inert.ts';
import { type Answer, openPosting } from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';
import { renderWithin } from './transport/shorten.ts';
import { type Tone, toneOf } from './transport/tone.ts';

interface WecomOptions {
  readonly type: 'wecom';
  readonly url: Secret;
  readonly proxy: Secret | null;
}

/** The longest text, in bytes. Source: developer.work.weixin.qq.com/document/path/91770, "markdown". */
const LONGEST = 4096;
/** A robot sends 20 messages a minute. Source: the same, limits of frequency. */
const SPACING_MS = 3100;
const MINUTE_MS = 60_000;

/** The three colours that WeCom has: `warning` is orange, `info` green, `comment` grey. */
const COLOURS: Readonly<Record<Tone, string>> = {
  critical: 'warning',
  warning: 'warning',
  info: 'comment',
  good: 'info',
};

interface WecomPost {
  readonly msgtype: 'markdown';
  readonly markdown: { readonly content: string };
}

/** Posts Markdown in the form that every client shows. */
export const wecom: ChannelType<WecomOptions> = {
  type: 'wecom',
  schema: z
    .strictObject({
      type: z.literal('wecom'),
      url: secretUrlKey("URL of the group's robot"),
      proxy: proxyKey.exactOptional(),
    })
    .transform(({ proxy = null, ...keys }): WecomOptions => ({ ...keys, proxy })),
  open(name, { url, proxy }, proxies = NO_PROXIES) {
    const posting = {
      type: 'wecom',
      audience: 'people',
      spacingMs: SPACING_MS,
      url: url.reveal(),
      render: (message: Message) => JSON.stringify(renderWecom(message)),
      request: ({ body }: { readonly body: string }) => ({ body }),
      receipt: taken,
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** Pure. */
export function renderWecom(message: Message): WecomPost {
  return renderWithin(message, post, ({ markdown }) => bytesOf(markdown.content) <= LONGEST);
}

/** `<@userid>` would mention somebody; no way to escape is documented, so names are made harmless by look-alikes. */
const MARKUP: ChatMarkup = {
  literal: inertMarkdown,
  bold: (literal) => `**${literal}**`,
  link: markdownLink,
  lines: (lines) => lines.join('\n'),
  table(table) {
    const [title, ...rows] = tableLines(table);
    return [
      ...(title === '' ? [] : [`**${inertMarkdown(title)}**`]),
      ...rows.map((row) => `>${inertMarkdown(row)}`),
    ].join('\n');
  },
};

function post(message: Message): WecomPost {
  const title = `<font color="${COLOURS[toneOf(message)]}">${inertMarkdown(message.title)}</font>`;
  return {
    msgtype: 'markdown',
    markdown: { content: `**${title}**\n\n${chatText(message, MARKUP)}` },
  };
}

/**
 * Source: developer.work.weixin.qq.com, "Global error codes": 93000 key, 93004 robot stopped, 93008 robot not in the group;
 * 40008 type, 40033 characters, 40058 parameter (a text that is too long), 44004 no text, 45002 length; 45009 and 45033 limits.
 */
const CODES: AnswerCodes = {
  provider: 'WeCom',
  person: new Set([93_000, 93_004, 93_008]),
  final: new Set([40_008, 40_033, 40_058, 44_004, 45_002]),
  limited: new Map([
    [45_009, MINUTE_MS],
    [45_033, null],
  ]),
};

function taken(answer: Answer): Receipt {
  const { errcode, errmsg } = answer.json ?? {};
  expectCodeZero(answer, CODES, errcode, errmsg);
  return { answer: 'errcode 0' };
}
