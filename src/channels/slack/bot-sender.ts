// Posts to a Slack channel as a bot, in threads.

import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageChart } from '../../model/chart.ts';
import type { Channel, Envelope, Receipt, Thread } from '../channel.ts';
import { peerOf } from '../transport/http.ts';
import type { HttpProxy } from '../transport/proxy.ts';
import type { SlackPost } from './blocks.ts';
import { type CallSlack, notSlack, SlackRefusal, slackBot } from './bot.ts';
import { isFormRefused, isSlackTrouble, isThreadRefused } from './failure.ts';
import type { SlackOptions } from './options.ts';
import { findOwnMessage } from './own-message.ts';
import { type Posted, pictureSharer } from './share-picture.ts';
import type { StoredPost } from './stored-post.ts';

/** Slack must not unfurl links or make mentions of anything in the message. */
const LITERAL = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false };

type BotOptions = Extract<SlackOptions, { webhookUrl: null }>;

/**
 * A message that answers another first edits that one to what is known now, and then is posted below it; news is shown in the
 * channel too. In this order a repeat after a crash edits again, which changes nothing, and finds the post if it is there.
 * `spacingMs` lies between the two, because Slack counts both.
 */
export function botSender(
  { token, channel, apiUrl }: BotOptions,
  via: HttpProxy | null,
  spacingMs: number,
): Pick<Channel, 'send' | 'probe'> {
  const call = slackBot(token.reveal(), apiUrl, via);
  const sharePicture = pictureSharer(call, apiUrl, via);

  /** Slack has the message if it answers with the message's timestamp. */
  const post = async (args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Posted> => {
    const answer = await call('chat.postMessage', { channel, ...args, ...LITERAL }, signal);
    const { ts, channel: channelId } = answer;
    if (typeof ts !== 'string' || ts === '') throw notSlack(peerOf(apiUrl));
    return { channelId: typeof channelId === 'string' ? channelId : channel, rootTs: ts };
  };

  /** Posts with blocks, or as plain text where Slack refuses them; resolves also with what was refused. */
  const postInForm = async (
    { plain, chart: _, answers: __, ...full }: StoredPost,
    place: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<{ readonly posted: Posted; readonly lacks: readonly string[] }> => {
    try {
      return { posted: await post({ ...full, ...place }, signal), lacks: [] };
    } catch (error) {
      if (!(error instanceof SlackRefusal) || !isFormRefused(error.code)) throw error;
      const metadata = error.code.includes('metadata') ? {} : { metadata: full.metadata };
      const posted = await post({ text: plain, ...metadata, ...place }, signal);
      return { posted, lacks: [`plain text (${error.code})`] };
    }
  };

  const postAnswer = async (stored: StoredPost, root: Posted, signal: AbortSignal) => {
    const place = { thread_ts: root.rootTs, reply_broadcast: stored.answers?.isNews ?? true };
    try {
      return await postInForm(stored, place, signal);
    } catch (error) {
      // Somebody has removed the message that it answers, or locked the thread: people must hear of it all the same.
      if (!(error instanceof SlackRefusal) || !isThreadRefused(error.code)) throw error;
      return postInForm(stored, {}, signal);
    }
  };

  const shareBelow = async (chart: MessageChart | undefined, posted: Posted, signal: AbortSignal) =>
    chart === undefined ? null : sharePicture(chart, posted, signal);

  return {
    async send({ id, body, firstTriedAt = null, thread = null }: Envelope, signal): Promise<Receipt> {
      const stored = JSON.parse(body) as StoredPost;
      const root = namedBy(thread?.rootRef, channel);
      if (firstTriedAt !== null) {
        const found = await findOwnMessage(call, { channel, root }, id, firstTriedAt, signal);
        if (found !== null) return { answer: 'already in the channel', ref: refOf(channel, found) };
      }
      if (root === null) {
        const linked = await withLink(call, stored, namedBy(thread?.previousRef, channel), signal);
        const { posted, lacks } = await postInForm(linked, {}, signal);
        const noPicture = await shareBelow(stored.chart, posted, signal);
        return { answer: answerOf(lacks, [noPicture]), ref: refOf(channel, posted) };
      }
      const notEdited =
        thread?.isLatest === true ? await edited(call, stored.answers?.root, root, signal) : null;
      if (thread?.isLatest === true) await sleep(spacingMs, undefined, { signal });
      const { posted, lacks } = await postAnswer(stored, root, signal);
      const noPicture = await shareBelow(stored.chart, { ...posted, rootTs: root.rootTs }, signal);
      return { answer: answerOf(lacks, [notEdited, noPicture]), ref: refOf(channel, posted) };
    },
    async probe(signal): Promise<Receipt> {
      const { team, user } = await call('auth.test', {}, signal);
      return { answer: typeof user === 'string' ? `signed in as ${user} at ${String(team)}` : 'ok' };
    },
  };
}

/** Edits a message to what is known now. Resolves with why Slack refuses it, for the receipt; null where it is done. */
async function edited(
  call: CallSlack,
  now: SlackPost | undefined,
  { channelId, rootTs }: Posted,
  signal: AbortSignal,
): Promise<string | null> {
  if (now === undefined) return null;
  try {
    const { parse, link_names } = LITERAL;
    await call('chat.update', { channel: channelId, ts: rootTs, ...now, parse, link_names }, signal);
    return null;
  } catch (error) {
    if (!(error instanceof SlackRefusal) || isSlackTrouble(error.code)) throw error;
    return `the first message was not edited: ${error.code}`;
  }
}

/** The first post of a new thread, with a link to that of the incident's thread before. */
async function withLink(
  call: CallSlack,
  stored: StoredPost,
  previous: Posted | null,
  signal: AbortSignal,
): Promise<StoredPost> {
  if (previous === null) return stored;
  try {
    const { channelId: channel, rootTs: message_ts } = previous;
    const { permalink } = await call('chat.getPermalink', { channel, message_ts }, signal);
    if (typeof permalink !== 'string' || !/^https:\/\/[^\s<>|]+$/.test(permalink)) return stored;
    const text = `<${permalink}|What was said about it before>`;
    const link = { type: 'context', elements: [{ type: 'mrkdwn', text, verbatim: true }] };
    return { ...stored, blocks: [...stored.blocks, link] };
  } catch (error) {
    if (signal.aborted) throw error;
    return stored;
  }
}

/** The name of a message that later ones can answer. It holds the channel of the file: in another one it has no meaning. */
function refOf(channel: string, { channelId, rootTs }: Posted): string {
  return `${channel} ${channelId} ${rootTs}`;
}

function namedBy(ref: Thread['rootRef'] | undefined, channel: string): Posted | null {
  const [, of, channelId, rootTs] = /^(\S+) (\S+) (\d+\.\d+)$/.exec(ref ?? '') ?? [];
  if (of !== channel || channelId === undefined || rootTs === undefined) return null;
  return { channelId, rootTs };
}

function answerOf(forms: readonly string[], lacks: readonly (string | null)[]): string {
  const ok = ['ok', ...forms.map((form) => `as ${form}`)].join(' ');
  const missing = lacks.filter((lack) => lack !== null);
  return missing.length === 0 ? ok : `${ok} (${missing.join('; ')})`;
}
