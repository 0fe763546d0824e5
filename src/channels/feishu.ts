// Posts messages to a Feishu or Lark group through its custom bot.

import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { MessageLink } from '../model/link.ts';
import type { Message, MessageSection } from '../model/message.ts';
import type { Secret } from '../model/secret.ts';
import { secretKey, secretUrlKey } from '../model/secret-key.ts';
import type { ChannelType, Envelope, Receipt } from './channel.ts';
import { type AnswerCodes, expectCodeZero } from './transport/answer-code.ts';
import { judgedLine, tableLines } from './transport/chat-text.ts';
import { bytesOf } from './transport/fit.ts';
import { inert } from './transport/inert.ts';
import { type Answer, openPosting, type PostingRequest } from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';
import { renderWithin } from './transport/shorten.ts';
import { type Tone, toneOf } from './transport/tone.ts';

interface FeishuOptions {
  readonly type: 'feishu';
  readonly url: Secret;
  readonly secret: Secret | null;
  readonly proxy: Secret | null;
}

/** The longest card, in bytes: a request may have 20 KB. Source: open.feishu.cn, "Custom bot usage guide", precautions. */
const LONGEST = 18_000;
/** A bot sends 100 messages a minute. Source: the same. */
const SPACING_MS = 700;

/** Colours of a card's header, by what they mean to the reader. */
const TEMPLATES: Readonly<Record<Tone, string>> = {
  critical: 'red',
  warning: 'orange',
  info: 'blue',
  good: 'green',
};

type Element = Readonly<Record<string, unknown>>;

interface FeishuPost {
  readonly msg_type: 'interactive';
  readonly card: {
    readonly config: { readonly wide_screen_mode: true };
    readonly header: { readonly template: string; readonly title: Element };
    readonly elements: readonly Element[];
  };
}

/** Posts a card. All of its text is `plain_text`, in which nothing is markup or a mention. */
export const feishu: ChannelType<FeishuOptions> = {
  type: 'feishu',
  schema: z
    .strictObject({
      type: z.literal('feishu'),
      url: secretUrlKey("URL of the group's custom bot, of Feishu or of Lark"),
      secret: secretKey('Secret of the bot, where "Set signature verification" is on').exactOptional(),
      proxy: proxyKey.exactOptional(),
    })
    .transform(({ secret = null, proxy = null, ...keys }): FeishuOptions => ({ ...keys, secret, proxy })),
  open(name, { url, secret, proxy }, proxies = NO_PROXIES) {
    const posting = {
      type: 'feishu',
      audience: 'people',
      spacingMs: SPACING_MS,
      url: url.reveal(),
      secrets: secret === null ? [] : [secret.reveal()],
      render: (message: Message) => JSON.stringify(renderFeishu(message)),
      request: ({ body }: Envelope, at: number) =>
        secret === null ? { body } : signed(body, secret.reveal(), at),
      receipt: taken,
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** Pure. */
export function renderFeishu(message: Message): FeishuPost {
  return renderWithin(message, post, (one) => bytesOf(JSON.stringify(one)) <= LONGEST);
}

function post(message: Message): FeishuPost {
  const { title, lead, note, sections, footer } = message;
  const opening = [...lead, ...(note === null ? [] : [note])];
  return {
    msg_type: 'interactive',
    card: {
      config: { wide_screen_mode: true },
      header: { template: TEMPLATES[toneOf(message)], title: plain(title) },
      elements: [
        ...opening.map((text) => div([text])),
        ...sections.flatMap((section, i) => sectionElements(section, i > 0 || opening.length > 0)),
        ...(footer.length === 0 ? [] : [{ tag: 'note', elements: [plain(footer.join('\n'))] }]),
      ],
    },
  };
}

function sectionElements(
  { headline, sentence = '', facts, links = [], tables, judged = [] }: MessageSection,
  parted: boolean,
): Element[] {
  const top = [headline, sentence, ...facts.map(([label, value]) => `${label}: ${value}`)];
  const texts = (blocks: readonly (readonly string[])[]): Element[] =>
    blocks.filter((lines) => lines.length > 0).map(div);
  const elements = [
    ...texts([top.filter(isSome)]),
    ...(links.length === 0 ? [] : [linkButtons(links)]),
    ...texts([
      ...tables.map((table) => tableLines(table).filter(isSome)),
      judged.length === 0 ? [] : [judgedLine(judged)],
    ]),
  ];
  return elements.length === 0 ? [] : [...(parted ? [{ tag: 'hr' }] : []), ...elements];
}

function isSome(line: string): boolean {
  return line !== '';
}

function linkButtons(links: readonly MessageLink[]): Element {
  const actions = links.map(({ label, url }) => ({
    tag: 'button',
    type: 'default',
    text: plain(label),
    url,
  }));
  return { tag: 'action', actions };
}

function div(lines: readonly string[]): Element {
  return { tag: 'div', text: plain(lines.join('\n')) };
}

function plain(text: string): Element {
  return { tag: 'plain_text', content: inert(text) };
}

/**
 * The body with the time of the attempt in seconds, and its signature: the HMAC-SHA256 of nothing, by the key
 * `timestamp\nsecret`. Source: open.feishu.cn, "Custom bot usage guide", signature verification.
 */
function signed(body: string, secret: string, at: number): PostingRequest {
  const timestamp = String(Math.floor(at / 1000));
  const sign = createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64');
  return { body: JSON.stringify({ timestamp, sign, ...JSON.parse(body) }), secrets: [sign] };
}

/**
 * Source: the same, "Error codes", and open.feishu.cn, "Server-side error codes": 19001 token, 19021 signature or clock,
 * 19022 address not allowed, 19024 keyword missing; 9499 and 19002 form, 11246 and 230099 card, 230025 length.
 */
const CODES: AnswerCodes = {
  provider: 'Feishu',
  person: new Set([19_001, 19_021, 19_022, 19_024]),
  final: new Set([9499, 19_002, 11_246, 230_099, 230_025]),
  limited: new Map([
    [11_232, null],
    [99_991_400, null],
  ]),
};

/** Older bots call the code `StatusCode`. */
function taken(answer: Answer): Receipt {
  const { code, msg, StatusCode, StatusMessage } = answer.json ?? {};
  expectCodeZero(answer, CODES, code ?? StatusCode, msg ?? StatusMessage);
  return { answer: 'code 0' };
}
