// Looks in the Slack channel for a message before it is posted again.

import { SendError } from '../../model/errors.ts';
import { AnswerTooLong, type CallSlack, SlackRefusal } from './bot.ts';
import { isSlackTrouble } from './failure.ts';
import type { Posted } from './share-picture.ts';

/** The most pages that are read: enough for a day of a busy channel. */
const PAGES = 50;
/** Messages a page, as Slack recommends. A few hundred messages with blocks are megabytes already. */
const PAGE = 200;
/** A page that is too large is asked for again in smaller ones, down to this number of messages. */
const SHORTEST_PAGE = 2;
/**
 * Slack's clock and ours may differ, by 14 h if a machine takes local time for UTC. To read too many messages costs
 * little; a message that lies before the search would be posted twice.
 */
const SKEW_MS = 15 * 3_600_000;
const CHANNEL_ID = /^[CGD][A-Z0-9]{7,}$/;

/**
 * The message with the delivery's id in the channel, or in the thread of `root`, since `from` (ms); null if there is none, or
 * the token may not read the channel. Slack has no key by which it would drop a repeat. Throws a SendError only for a failure
 * that passes, because then the answer is not known yet.
 */
export async function findOwnMessage(
  call: CallSlack,
  { channel, root }: { readonly channel: string; readonly root: Posted | null },
  id: string,
  from: number,
  signal: AbortSignal,
): Promise<Posted | null> {
  const channelId = await orUnknown(
    async () =>
      root?.channelId ?? (CHANNEL_ID.test(channel) ? channel : await channelIdOf(call, channel, signal)),
  );
  if (channelId === null) return null;
  const oldest = String((from - SKEW_MS) / 1000);
  const args = { channel: channelId, oldest, include_all_metadata: true };
  // The history has no answers that stay in their thread. Where that is gone, the answer is in the channel.
  const places: readonly (readonly [method: string, args: Record<string, unknown>])[] = [
    ...(root === null ? [] : [['conversations.replies', { ...args, ts: root.rootTs }] as const]),
    ['conversations.history', args],
  ];
  for (const [method, asked] of places) {
    const ts = await orUnknown(() => findIn(pages(call, method, asked, signal), id));
    if (ts !== null) return { channelId, rootTs: ts };
  }
  return null;
}

/** Null in place of an answer that Slack refuses for good. */
async function orUnknown<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (isUnknown(error)) throw error;
    return null;
  }
}

/** The timestamp of the message with the delivery's id. */
async function findIn(all: ReturnType<typeof pages>, id: string): Promise<string | null> {
  for await (const page of all) {
    const found = list(page.messages).find((message) => deliveryIdOf(message) === id);
    if (found !== undefined) return String(found.ts);
  }
  return null;
}

/** The id of a channel: history needs it, while posting takes a name. Null if the channel is not listed. */
async function channelIdOf(call: CallSlack, channel: string, signal: AbortSignal): Promise<string | null> {
  const name = channel.replace(/^#/, '');
  const args = { types: 'public_channel,private_channel', exclude_archived: true };
  for await (const page of pages(call, 'conversations.list', args, signal)) {
    const found = list(page.channels).find((one) => one.name === name)?.id;
    if (typeof found === 'string') return found;
  }
  return null;
}

/** Whether after this failure Slack's answer is not known. */
function isUnknown(error: unknown): boolean {
  if (error instanceof SlackRefusal) return isSlackTrouble(error.code);
  return !(error instanceof SendError) || error.kind === 'passing';
}

async function* pages(call: CallSlack, method: string, args: Record<string, unknown>, signal: AbortSignal) {
  let cursor: string | undefined;
  let limit = PAGE;
  for (let page = 0; page < PAGES; page += 1) {
    const place = cursor === undefined ? {} : { cursor };
    const result = await call(method, { ...args, ...place, limit }, signal).catch((error: unknown) => {
      if (!(error instanceof AnswerTooLong) || limit <= SHORTEST_PAGE) throw error;
      limit = Math.max(SHORTEST_PAGE, Math.floor(limit / 10));
      return null;
    });
    if (result === null) continue;
    yield result;
    cursor = result.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === '') return;
  }
}

function deliveryIdOf(message: Readonly<Record<string, unknown>>): unknown {
  const metadata = record(message.metadata);
  return record(metadata?.event_payload)?.delivery_id;
}

function list(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(record).filter((item) => item !== null) : [];
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}
