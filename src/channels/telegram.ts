// Posts messages to a Telegram chat as a bot.

import { z } from 'zod';
import { htmlText } from '../model/html-text.ts';
import type { Message } from '../model/message.ts';
import { tableText } from '../model/plain-text.ts';
import type { Secret } from '../model/secret.ts';
import { secretKey } from '../model/secret-key.ts';
import type { ChannelType, Envelope, Receipt } from './channel.ts';
import { apiUrlKey, withSlash } from './transport/api-url.ts';
import { type ChatMarkup, chatText } from './transport/chat-text.ts';
import { inert } from './transport/inert.ts';
import {
  type Answer,
  expectSuccess,
  notFrom,
  objectOf,
  openPosting,
  receiptOf,
  refusal,
  waitOf,
} from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';
import { renderWithin } from './transport/shorten.ts';

interface TelegramOptions {
  readonly type: 'telegram';
  readonly token: Secret;
  readonly chatId: string;
  readonly apiUrl: string;
  readonly proxy: Secret | null;
}

/** The longest text, in characters without the markup. Source: core.telegram.org/bots/api, "sendMessage". */
const LONGEST = 4096;
/** A group takes 20 messages a minute of a bot. Source: core.telegram.org/bots/faq, "broadcasting to users". */
const SPACING_MS = 3100;
/** Readers find what is answered with one touch, however old it is; but after a day it says little. */
const THREAD_MS = 86_400_000;

/** A text with the tags `b`, `pre` and `a`. */
interface TelegramPost {
  readonly text: string;
  readonly parse_mode: 'HTML';
  readonly link_preview_options: { readonly is_disabled: true };
}

/** Posts as a bot. A later message of an incident replies to the first one. */
export const telegram: ChannelType<TelegramOptions> = {
  type: 'telegram',
  schema: z
    .strictObject({
      type: z.literal('telegram'),
      token: secretKey('Token of the bot, from @BotFather').refine(
        (token) => /^[\w:-]+$/.test(token.reveal()),
        { error: 'not the token of a bot, such as 123456:ABC-DEF' },
      ),
      chat_id: z
        .union([z.string().regex(/^(-?\d+|@\w+)$/, { error: 'not a chat' }), z.int().transform(String)])
        .describe(
          'The chat: its number, negative for groups (`-1001234567890`), or `"@name"` of a public channel',
        ),
      api_url: apiUrlKey('Base URL of the Bot API', 'https://api.telegram.org/', 'token'),
      proxy: proxyKey.exactOptional(),
    })
    .transform(({ type, token, chat_id: chatId, api_url: apiUrl, proxy = null }): TelegramOptions => {
      return { type, token, chatId, apiUrl: withSlash(apiUrl), proxy };
    }),
  open(name, { token, chatId, apiUrl, proxy }, proxies = NO_PROXIES) {
    const method = (word: string): string => `${apiUrl}bot${token.reveal()}/${word}`;
    const posting = {
      type: 'telegram',
      audience: 'people',
      spacingMs: SPACING_MS,
      threadMs: THREAD_MS,
      url: method('sendMessage'),
      secrets: [token.reveal()],
      render: (message: Message) => JSON.stringify(renderTelegram(message)),
      request: ({ body, thread }: Envelope) => ({
        body: JSON.stringify({
          chat_id: chatId,
          ...JSON.parse(body),
          ...replyTo(messageOf(thread?.rootRef)),
        }),
      }),
      edit(body: string, ref: string) {
        const id = messageOf(ref);
        const edited = { chat_id: chatId, message_id: id, ...JSON.parse(body) };
        return id === null ? null : { url: method('editMessageText'), body: JSON.stringify(edited) };
      },
      receipt: taken,
      probe: { url: method(`getChat?chat_id=${encodeURIComponent(chatId)}`), receipt: described },
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** Pure. */
export function renderTelegram(message: Message): TelegramPost {
  return renderWithin(message, post, ({ text }) => shownText(text).length <= LONGEST);
}

/** Telegram looks for mentions and links in text that is not `pre`. Source: "Formatting options", HTML style. */
const MARKUP: ChatMarkup = {
  literal: (text) => htmlText(inert(text)),
  bold: (literal) => `<b>${literal}</b>`,
  link: (label, url) => `<a href="${htmlText(url)}">${label}</a>`,
  lines: (lines) => lines.join('\n'),
  table: (table) => `<pre>${htmlText(tableText(table))}</pre>`,
};

function post(message: Message): TelegramPost {
  return {
    text: `${MARKUP.bold(MARKUP.literal(message.title))}\n\n${chatText(message, MARKUP)}`,
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
  };
}

/** The text as Telegram counts it: without tags, an entity as its character. */
function shownText(html: string): string {
  return html.replace(/<\/?(b|pre|a)( href="[^"]*")?>/g, '').replace(/&[a-z#\d]+;/g, '.');
}

/** The number of a message that a receipt names. */
function messageOf(ref: string | null | undefined): number | null {
  return /^\d+$/.test(ref ?? '') ? Number(ref) : null;
}

function replyTo(id: number | null) {
  return id === null ? {} : { reply_parameters: { message_id: id, allow_sending_without_reply: true } };
}

function taken(answer: Answer): Receipt {
  const id = resultOf(answer)?.message_id;
  if (typeof id !== 'number') throw notFrom('Telegram', answer);
  return receiptOf(answer, `message ${id}`, String(id));
}

function described(answer: Answer): Receipt {
  const { title, username, type } = resultOf(answer) ?? {};
  if (typeof type !== 'string') throw notFrom('Telegram', answer);
  return receiptOf(answer, `chat ${String(title ?? username ?? type)}`);
}

/** 400 for what a person mends in the chat or the file, not in the message. The words are those of the Bot API server. */
const OF_THE_CHAT =
  /chat not found|upgraded to a supergroup|not enough rights|no rights|need administrator rights|chat_write_forbidden|chat_restricted|chat_admin_required|topic_closed|thread not found|peer_id_invalid|user_?(id_invalid| not found)|kicked|deactivated/i;

/** The answer's `result`. Throws where `ok` is not true: Telegram's words say more than the status, which equals `error_code`. */
function resultOf(answer: Answer): Readonly<Record<string, unknown>> | null {
  const { json, status } = answer;
  if (json?.ok === true) return objectOf(json.result);
  if (json?.ok !== false) {
    expectSuccess(answer);
    throw notFrom('Telegram', answer);
  }
  const code = typeof json.error_code === 'number' ? json.error_code : status;
  const { retry_after: seconds, migrate_to_chat_id: moved } = objectOf(json.parameters) ?? {};
  const words = moved === undefined ? json.description : `${json.description}; its chat_id is ${moved} now`;
  throw refusal(
    'Telegram',
    answer,
    { ...meaningOf(code, words), retryAfterMs: waitOf(seconds) },
    code,
    words,
  );
}

function meaningOf(code: number, words: unknown) {
  if (code === 429) return { reason: 'rate_limited', kind: 'passing' } as const;
  if (code === 401 || code === 403) return { reason: 'auth', kind: 'person' } as const;
  if (code === 404 || OF_THE_CHAT.test(String(words))) return { reason: 'refused', kind: 'person' } as const;
  if (code >= 400 && code < 500) return { reason: 'invalid', kind: 'final' } as const;
  return { reason: 'server', kind: 'passing' } as const;
}
