import type { App } from './app.ts';
import { hasGoneBy } from './model/period.ts';
import type { Window } from './model/window.ts';
import { staleAfterAuto } from './pipeline/health.ts';

const HOUR = 3_600_000;
const SPAN_MS = HOUR / 4;
const HISTORY_MS = 28 * 24 * HOUR;

/**
 * How old the newest row may be, in ms, or null where that is off: `stale_after: auto` is worked out from the store
 * once an hour. Until that has succeeded once nothing is stale.
 */
export function staleAfter(app: App): { at(now: number): Promise<number | null> } {
  const { staleAfter: setting } = app.config.audit;
  let known: number | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    async at(now) {
      if (setting === 'off') return null;
      if (setting !== 'auto') return setting;
      if (hasGoneBy(HOUR, askedAt, now)) {
        askedAt = now;
        known = (await worked(app, now).catch(() => null)) ?? known;
      }
      return known;
    },
  };
}

async function worked({ store }: App, now: number): Promise<number> {
  const to = Math.floor(now / SPAN_MS) * SPAN_MS;
  const spans: Window[] = [];
  for (let from = to - HISTORY_MS; from < to; from += SPAN_MS) spans.push({ from, to: from + SPAN_MS });
  const occupied = await store.occupied(spans);
  return staleAfterAuto(occupied.map(({ from }) => from));
}
