// Shares the picture of a message that Slack has taken.

import { pictureOf } from '../../charts/picture.ts';
import type { MessageChart } from '../../model/chart.ts';
import { SendError } from '../../model/errors.ts';
import { redactor } from '../../model/redact.ts';
import { within } from '../transport/deadline.ts';
import { exchange, peerOf, statusFailure } from '../transport/http.ts';
import type { HttpProxy } from '../transport/proxy.ts';
import { type CallSlack, notSlack, SlackRefusal } from './bot.ts';

/** A message that Slack has taken. */
export interface Posted {
  readonly channelId: string;
  /** Of the message that begins its thread. */
  readonly rootTs: string;
}

/** Shares the picture below a message. Resolves with why there is none, for the receipt; null where there is one. */
export type SharePicture = (
  chart: MessageChart,
  posted: Posted,
  signal: AbortSignal,
) => Promise<string | null>;

/** The message is there already, so its delivery must not wait long for the picture. */
const TIMEOUT_MS = 5_000;
/** Slack's limit for a description, in characters. */
const LONGEST_ALT = 1_000;

/**
 * Shares pictures with a bot's token, which needs the scope `files:write`. Without it none is tried again, so that it is said
 * once. Never rejects.
 */
export function pictureSharer(call: CallSlack, apiUrl: string, via: HttpProxy | null): SharePicture {
  let lacksScope = false;
  return async (chart, posted, signal) => {
    if (lacksScope) return null;
    try {
      await within(TIMEOUT_MS, signal, (limit) =>
        Promise.race([share(call, apiUrl, via, chart, posted, limit), rejectedBy(limit)]),
      );
      return null;
    } catch (error) {
      lacksScope = error instanceof SlackRefusal && error.code === 'missing_scope';
      if (lacksScope) return 'no picture: the token lacks the scope files:write';
      return `no picture: ${error instanceof SendError ? error.message : 'it took too long'}`;
    }
  };
}

/** Slack's own order: ask where to, send the bytes, and say where they belong. */
async function share(
  call: CallSlack,
  apiUrl: string,
  via: HttpProxy | null,
  chart: MessageChart,
  { channelId, rootTs }: Posted,
  signal: AbortSignal,
): Promise<void> {
  const picture = await pictureOf(chart);
  if (picture === null) throw new SendError('invalid', 'final', 'it could not be drawn');
  const file = { filename: 'chart.png', length: picture.length, alt_txt: chart.alt.slice(0, LONGEST_ALT) };
  const { upload_url: url, file_id: id } = await call('files.getUploadURLExternal', file, signal);
  if (typeof url !== 'string' || typeof id !== 'string' || !isLikeApi(url, apiUrl)) {
    throw notSlack(peerOf(apiUrl));
  }
  const redact = redactor([url]);
  const headers = { 'content-type': 'image/png' };
  const answer = await exchange(
    url,
    { method: 'POST', headers, body: new Uint8Array(picture), via },
    redact,
    signal,
  );
  if (answer.status !== 200) throw statusFailure(peerOf(url), answer, redact);
  const files = [{ id, title: chart.title }];
  await call('files.completeUploadExternal', { files, channel_id: channelId, thread_ts: rootTs }, signal);
}

/** Bytes go out as safely as calls do. */
function isLikeApi(url: string, apiUrl: string): boolean {
  return URL.canParse(url) && (url.startsWith('https://') || apiUrl.startsWith('http://'));
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
