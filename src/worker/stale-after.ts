// How old the newest row may be before that counts as an outage.

import type { App } from '../app.ts';
import { AppError, messageOf } from '../model/errors.ts';
import type { Window } from '../model/window.ts';
import { staleAfterAuto } from '../pipeline/outage.ts';

const HOUR = 3_600_000;
const SPAN_MS = HOUR / 4;
const HISTORY_MS = 28 * 24 * HOUR;
/** A store that took too long will do so again, so it is asked less often. */
const AFTER_TIMEOUT_MS = 24 * HOUR;

/** How old the newest row may be. */
export interface StaleAfter {
  /**
   * In ms; null if it is off or unknown. With `stale_after: auto` it is computed from the store once an hour, beside the
   * polls. Waits only for the first answer, because unknown is not the same as off. A failure gives null.
   */
  at(now: number): Promise<number | null>;
  /** Whether `at` waits for nothing. */
  isKnown(): boolean;
}

/** `troubled` gets the reason if it cannot be computed. */
export function staleAfter(app: App, troubled: (what: string) => void): StaleAfter {
  const { staleAfter: setting } = app.config.audit;
  if (setting !== 'auto') {
    return { at: async () => (setting === 'off' ? null : setting), isKnown: () => true };
  }
  let known: number | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let againMs = HOUR;
  let first: Promise<void> | null = null;
  let isAsking = false;
  let isKnown = false;

  const ask = async (now: number): Promise<void> => {
    isAsking = true;
    askedAt = now;
    againMs = HOUR;
    try {
      known = await computed(app, now);
    } catch (error) {
      const code = error instanceof AppError ? error.code : null;
      // The poll reports a store that is away. It is asked again after the next poll.
      if (code === 'store_unreachable') askedAt = Number.NEGATIVE_INFINITY;
      else troubled(whyUnknown(error));
      if (code === 'store_timeout') againMs = AFTER_TIMEOUT_MS;
    } finally {
      isAsking = false;
      isKnown = true;
    }
  };

  return {
    async at(now) {
      if (!isAsking && Math.abs(now - askedAt) >= againMs) {
        const asked = ask(now);
        first ??= asked;
      }
      await first;
      return known;
    },
    isKnown: () => isKnown,
  };
}

function whyUnknown(error: unknown): string {
  return `audit.stale_after could not be worked out (auto): ${messageOf(error)} Set it to a duration or off, or give the time of the audit table an index.`;
}

async function computed({ store }: App, now: number): Promise<number> {
  const to = Math.floor(now / SPAN_MS) * SPAN_MS;
  const spans: Window[] = [];
  for (let from = to - HISTORY_MS; from < to; from += SPAN_MS) spans.push({ from, to: from + SPAN_MS });
  const occupied = await store.occupied(spans);
  return staleAfterAuto(occupied.map(({ from }) => from));
}
