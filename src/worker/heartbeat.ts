// Tells a dead man's switch after a good poll that spendwatch is alive.

import { within } from '../channels/transport/deadline.ts';
import { answerFailure, exchange, peerOf } from '../channels/transport/http.ts';
import { type HttpProxy, openProxy } from '../channels/transport/proxy.ts';
import type { NamedProxy } from '../channels/transport/proxy-choice.ts';
import { secretsOfUrl } from '../channels/transport/redact.ts';
import { wordsOf } from '../model/errors.ts';
import { redactor } from '../model/redact.ts';

const SHORTEST_PAUSE_MS = 60_000;
const TIMEOUT_MS = 10_000;

export interface Heartbeat {
  /**
   * Call it after every good poll, with the poll's evaluation time (ms). By the clock, polls end a little earlier or later
   * each time, so every second one of polls a minute apart would come too soon.
   */
  beat(at: number): void;
}

/**
 * GETs the URL after a good poll, at most once a minute. Only an answer of 2xx that is no web page counts, and redirects
 * are not followed. A failure is reported to `failed`, without the URL, and otherwise ignored: the receiver raises an alarm
 * when nothing comes.
 */
export function heartbeat(
  url: string,
  failed: (reason: string) => void,
  proxy: NamedProxy | null = null,
): Heartbeat {
  const peer = peerOf(url);
  const ownSecrets = secretsOfUrl(url);
  const request = { method: 'GET', headers: { 'user-agent': 'spendwatch' } } as const;
  let opening: Promise<HttpProxy | null> | null = null;
  let last = Number.NEGATIVE_INFINITY;

  const ask = async (): Promise<void> => {
    opening ??= openProxy(proxy);
    const via = await opening;
    const redact = redactor([...ownSecrets, ...(via?.secrets ?? [])]);
    const answer = await within(TIMEOUT_MS, new AbortController().signal, (limit) =>
      exchange(url, { ...request, via }, redact, limit),
    );
    const failure = answerFailure(peer, answer, redact);
    if (failure !== null) throw failure;
  };

  return {
    beat(at) {
      if (at - last < SHORTEST_PAUSE_MS && at >= last) return;
      last = at;
      ask().catch((error: unknown) => failed(wordsOf(error)));
    },
  };
}
