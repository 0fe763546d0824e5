// The worker's rollup: asked by polls, built and compared between them.

import { dimensionsOf } from '../app.ts';
import type { Config } from '../config/config.ts';
import { sumsBasis } from '../config/sums-basis.ts';
import type { Source } from '../pipeline/collect.ts';
import { type LiveSource, openLiveSource } from '../pipeline/live-source.ts';
import { unpricedQueries } from '../pipeline/unpriced.ts';
import type { State } from '../state/open.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { BackfillProgress } from '../sums/live/backfill.ts';
import type { LiveSums } from '../sums/live/live-sums.ts';
import { openComparisonPlan } from './reconcile-plan.ts';

/** The rollup of a worker: polls ask it, and between polls it is built and compared with the store. */
export interface RollupKeeper {
  readonly source: Source;
  /** Hours that polls need in cells, now or an hour from now, and lack; and where what is there begins, ms. Reads nothing. */
  standing(): Promise<{ readonly missingHours: number; readonly keptFrom: number | null }>;
  /**
   * Works for a while on what is due: hours that are still missing, then a step of the comparison. Throws the store's
   * AppError; what was done is kept.
   */
  maintain(now: number): Promise<Maintained>;
}

export interface Maintained {
  /** How far the build has come; null when it is complete. */
  readonly building: BackfillProgress | null;
  /** Whether nothing more is due until the next poll. */
  readonly isDone: boolean;
}

/** So long is built before a poll may come between, or as long as the poll before it had to ask the store itself. */
const BUILD_SLICE_MS = 2_000;
const LONGEST_SLICE_MS = 60_000;

/** Receives events that are not in poll reports. */
export interface KeeperListener {
  /** Called each time that cells cannot be used and the store answers all queries instead. */
  bypassed(reason: string): void;
  /** A line for the log that a person should read. */
  troubled(what: string): void;
}

const UNHEARD: KeeperListener = { bypassed: () => undefined, troubled: () => undefined };
const BEGUN_ANEW =
  'the ids of the audit table start again (it was emptied, or another table took its name): all kept sums are read anew';

/** Opened on a state store that is up to date. */
export function openRollupKeeper(
  config: Config,
  store: AuditStore,
  state: State,
  listener: KeeperListener = UNHEARD,
): RollupKeeper {
  const { latenessMs, reconcileMs } = config.audit;
  const kept = state.aggregateBuckets(sumsBasis(config));
  const live = openLiveSource(store, { latenessMs, kept }, (reason) => listener.bypassed(reason));
  const available = dimensionsOf(config);
  const rules = config.rules.filter(({ enabled }) => enabled);
  const inTurn = queue();
  /** Since when (a monotonic clock, ms) a poll has been asking the store for what cells do not know yet. */
  let askingSince: number | null = null;
  let sliceMs = BUILD_SLICE_MS;

  const refresh: LiveSource['refresh'] = async (queries, before, now) => {
    // A check that reads these sums asks whether calls lack a price; so little is kept for it as well.
    const lacking = unpricedQueries(available, rules, before, config.timezone).slice(-1);
    const seen = await live.refresh([...queries, ...lacking], before, now);
    const series = seen.series.slice(0, queries.length);
    if (seen.begunAnew) listener.troubled(BEGUN_ANEW);
    askingSince = series.includes(null) ? performance.now() : null;
    sliceMs = BUILD_SLICE_MS;
    return { ...seen, series };
  };

  const comparisons = openComparisonPlan(reconcileMs);

  return {
    source: {
      read: (reads, before) => store.read(reads, before),
      refresh: (queries, before, now) => inTurn(() => refresh(queries, before, now)),
      refreshedTo: () => live.refreshedTo(),
      known: (queries, before) => live.known(queries, before),
      // What could not be read is asked of the store by the look, and the build between polls says why.
      prepare: () =>
        inTurn(() => live.sums().backfill(BUILD_SLICE_MS)).then(
          () => undefined,
          () => undefined,
        ),
    },
    standing: () =>
      inTurn(async () => {
        const { total } = await live.sums().backfill(0);
        return { missingHours: total, keptFrom: live.sums().oldest() };
      }),
    maintain: (now) =>
      inTurn(async () => {
        // On a large table polls ask for minutes; with short slices between them the build would take days.
        const askedMs = askingSince === null ? 0 : performance.now() - askingSince;
        askingSince = null;
        sliceMs = Math.min(LONGEST_SLICE_MS, Math.max(sliceMs, askedMs));
        const progress = await built(live.sums(), sliceMs);
        if (progress !== null) return { building: progress, isDone: false };
        const span = comparisons.next(now, () => live.sums().oldest());
        if (span === null) {
          comparisons.rest();
        } else {
          await live.sums().reconcile(span.from, span.to);
          comparisons.done();
          const since = comparisons.completeSince();
          if (since !== null) live.sums().reconciledSince(since);
        }
        return { building: null, isDone: span === null };
      }),
  };
}

async function built(sums: LiveSums, sliceMs: number): Promise<BackfillProgress | null> {
  const progress = await sums.backfill(sliceMs);
  return progress.done < progress.total ? progress : null;
}

/** One call after the other, whether the one before failed or not. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
