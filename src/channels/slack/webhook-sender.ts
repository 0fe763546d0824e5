// Posts to an incoming webhook of Slack.

import { SendError } from '../../model/errors.ts';
import { redactor } from '../../model/redact.ts';
import type { Channel, Receipt } from '../channel.ts';
import { checkConnection } from '../transport/connect-check.ts';
import { answerFailure, exchange, peerOf } from '../transport/http.ts';
import type { HttpProxy } from '../transport/proxy.ts';
import { excerptOf, secretsOfUrl } from '../transport/redact.ts';
import { isFormRefused, isSlackWord, slackFailure } from './failure.ts';
import type { StoredPost } from './stored-post.ts';

/** An incoming webhook answers `ok` when it has taken the message. Only the attempt's own time limit applies. */
const WHOLE_ANSWER = { mostBytes: 8_192, untilMs: null };

/** It answers no message and edits none: the webhook says no name of what it took. */
export function webhookSender(url: string, via: HttpProxy | null): Pick<Channel, 'send' | 'probe'> {
  const peer = peerOf(url);
  const redact = redactor([...secretsOfUrl(url), ...(via?.secrets ?? [])]);
  /** Null if the message was taken; Slack's error word if it refused the blocks. */
  const attempt = async (content: object, signal: AbortSignal): Promise<string | null> => {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body: JSON.stringify(content), via } as const;
    const answer = await exchange(url, request, redact, signal, WHOLE_ANSWER);
    const word = answer.text.trim();
    const failure = answerFailure(peer, answer, redact);
    if (failure === null && answer.isWhole && word === 'ok') return null;
    if (isFormRefused(word)) return word;
    if (isSlackWord(word)) throw slackFailure(word, answer.retryAfterMs);
    if (failure !== null) throw failure;
    const said = word === '' ? 'nothing' : excerptOf(word, redact);
    const words = `${peer} answered HTTP ${answer.status} and ${said} instead of Slack's "ok"`;
    throw new SendError('server', 'passing', words);
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
    probe: async (signal) => ({ answer: await checkConnection(url, redact, signal, via) }),
  };
}
