// GET to a dead man's switch after a good poll.

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
   * Called after every good poll, with its scheduled instant (ms). The clock would not do: polls end a little earlier or later
   * each time, so that of polls a minute apart every second one would come too soon.
   */
  beat(at: number): void;
}

/**
 * Tells a dead man's switch that spendwatch is alive: GETs the URL after a good poll, at most once a minute. Only an
 * answer of 2xx that is no web page is a receipt, and redirects are not followed. A failure is reported to `failed`,
 * without the URL, and otherwise ignored: silence is what the far end alarms on.
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
