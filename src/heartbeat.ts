import { messageOf } from './model/errors.ts';

const SHORTEST_PAUSE_MS = 60_000;
const TIMEOUT_MS = 10_000;

export interface Heartbeat {
  /** Called after every good poll, with the worker's clock (ms). */
  beat(now: number): void;
}

/**
 * Tells a dead man's switch that spendwatch is alive: GETs the URL after a good poll, at most once a minute.
 * A failure is reported to `failed` and otherwise ignored: silence is what the far end alarms on.
 */
export function heartbeat(url: string, failed: (reason: string) => void): Heartbeat {
  let last = Number.NEGATIVE_INFINITY;
  return {
    beat(now) {
      if (now - last < SHORTEST_PAUSE_MS && now >= last) return;
      last = now;
      fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
        .then(async (response) => {
          await response.body?.cancel();
          if (!response.ok) failed(`HTTP ${response.status}`);
        })
        .catch((error: unknown) => failed(reasonOf(error)));
    },
  };
}

/** fetch hides the reason in `cause`; the URL, which is a secret, is in neither. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return messageOf(cause);
}
