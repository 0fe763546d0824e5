// Posts messages to a Discord channel through its webhook.

import { z } from 'zod';
import type { Message } from '../model/message.ts';
import { tableText } from '../model/plain-text.ts';
import type { Secret } from '../model/secret.ts';
import { secretUrlKey } from '../model/secret-key.ts';
import type { ChannelType, Receipt } from './channel.ts';
import { type ChatMarkup, chatText, markdownLink } from './transport/chat-text.ts';
import { fitted } from './transport/fit.ts';
import { inert, withoutCode } from './transport/inert.ts';
import {
  type Answer,
  expectSuccess,
  notFrom,
  openPosting,
  receiptOf,
  refusal,
  waitOf,
} from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';
import { renderWithin } from './transport/shorten.ts';
import { type Tone, toneOf } from './transport/tone.ts';

interface DiscordOptions {
  readonly type: 'discord';
  readonly url: Secret;
  readonly proxy: Secret | null;
}

/** Limits of a message, in characters. Source: docs.discord.com, "Execute Webhook" and "Embed Limits". */
const CONTENT = 2000;
const DESCRIPTION = 4096;
const FOOTER = 2048;
const ALL_EMBEDS = 6000;
/** A webhook takes five posts in two seconds, and about 30 a minute. */
const SPACING_MS = 2100;

/** A webhook cannot reply. It edits its first message of an incident, which a day later is far up. */
const THREAD_MS = 86_400_000;

const COLOURS: Readonly<Record<Tone, number>> = {
  critical: 0xb3261e,
  warning: 0xd08700,
  info: 0x2457a7,
  good: 0x1a7f37,
};

interface DiscordPost {
  /** What notifications show. */
  readonly content: string;
  readonly embeds: readonly {
    readonly color: number;
    readonly description: string;
    readonly footer: { readonly text: string };
  }[];
  /** Nobody is mentioned, whatever the text says. */
  readonly allowed_mentions: { readonly parse: readonly [] };
}

/** Posts the title as text and the rest as an embed. Its errors: docs.discord.com, "Opcodes and Status Codes". */
export const discord: ChannelType<DiscordOptions> = {
  type: 'discord',
  schema: z
    .strictObject({
      type: z.literal('discord'),
      url: secretUrlKey("URL of the channel's webhook; `?thread_id=` posts to a thread of it"),
      proxy: proxyKey.exactOptional(),
    })
    .transform(({ proxy = null, ...keys }): DiscordOptions => ({ ...keys, proxy })),
  open(name, { url, proxy }, proxies = NO_PROXIES) {
    const posting = {
      type: 'discord',
      audience: 'people',
      spacingMs: SPACING_MS,
      url: confirmed(url.reveal()),
      threadMs: THREAD_MS,
      render: (message: Message) => JSON.stringify(renderDiscord(message)),
      request: ({ body }: { readonly body: string }) => ({ body }),
      edit: (body: string, ref: string) =>
        ({ method: 'PATCH', url: messageUrl(url.reveal(), ref), body }) as const,
      receipt: taken,
      // The webhook's own address describes it.
      probe: { url: url.reveal(), receipt: described },
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** Pure. */
export function renderDiscord(message: Message): DiscordPost {
  return renderWithin(message, post, fits);
}

const MARKUP: ChatMarkup = {
  literal: (text) => inert(escaped(text)),
  bold: (literal) => `**${literal}**`,
  link: markdownLink,
  lines: (lines) => lines.join('\n'),
  // Nothing but its own end has a meaning in a block of code.
  table: (table) => `\`\`\`\n${withoutCode(tableText(table))}\n\`\`\``,
};

function post(message: Message): DiscordPost {
  const { footer } = message;
  const title = fitted(message.title, CONTENT - 4, MARKUP.literal);
  const embed = {
    color: COLOURS[toneOf(message)],
    description: chatText({ ...message, footer: [] }, MARKUP),
    // A footer knows no markup.
    footer: { text: inert(footer.join('\n')) },
  };
  return { content: MARKUP.bold(title), embeds: [embed], allowed_mentions: { parse: [] } };
}

function fits({ embeds: [embed] }: DiscordPost): boolean {
  if (embed === undefined) return true;
  const { description, footer } = embed;
  const isWithin = description.length <= DESCRIPTION && footer.text.length <= FOOTER;
  return isWithin && description.length + footer.text.length <= ALL_EMBEDS;
}

function escaped(text: string): string {
  return text.replace(/[\\*_~`|[\]]/g, (character) => `\\${character}`);
}

/** With `wait`, Discord answers once the message is stored, and with its id. Else an error would not be told. */
function confirmed(text: string): string {
  const url = new URL(text);
  url.searchParams.set('wait', 'true');
  return url.href;
}

/** Where a message of the webhook is edited: docs.discord.com, "Edit Webhook Message". */
function messageUrl(text: string, id: string): string {
  const url = new URL(text);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/messages/${encodeURIComponent(id)}`;
  return url.href;
}

function taken(answer: Answer): Receipt {
  fail(answer);
  const id = answer.json?.id;
  if (typeof id !== 'string' || id === '') throw notFrom('Discord', answer);
  return receiptOf(answer, `message ${id}`, id);
}

function described(answer: Answer): Receipt {
  fail(answer);
  if (typeof answer.json?.channel_id !== 'string') throw notFrom('Discord', answer);
  return receiptOf(answer, `webhook ${String(answer.json.name)}`);
}

/** "Webhooks posted to forum channels must have a thread_name or thread_id." */
const NEEDS_THREAD = 220_001;

function fail(answer: Answer): void {
  const { status, json } = answer;
  if (status === 429) {
    const retryAfterMs = waitOf(json?.retry_after);
    throw refusal(
      'Discord',
      answer,
      { reason: 'rate_limited', kind: 'passing', retryAfterMs },
      429,
      json?.message,
    );
  }
  if (json?.code === NEEDS_THREAD) {
    throw refusal('Discord', answer, { reason: 'refused', kind: 'person' }, NEEDS_THREAD, json.message);
  }
  expectSuccess(answer);
}
