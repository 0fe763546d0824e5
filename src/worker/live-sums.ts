// The worker's rollup: asked by polls, built and compared between them.

import { createHash } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { placeOf } from '../config/place.ts';
import { AppError, isStoreAway, wordsOf } from '../model/errors.ts';
import type { Query } from '../model/series.ts';
import type { Source } from '../pipeline/collect.ts';
import type { State } from '../state/open.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { BackfillProgress } from '../sums/live/backfill.ts';
import { type LiveSums, openLiveSums } from '../sums/live/live-sums.ts';
import type { Refreshed } from '../sums/live/refresh.ts';
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
/** Raised when cells are made or kept in another way, so that old ones are not taken for new ones. */
const CELLS_MADE = 3;

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
  let rollup = openLiveSums(store, { latenessMs, kept: state.aggregateBuckets(basisOf(config)) });
  const inTurn = queue();
  /** Since when (a monotonic clock, ms) a poll has been asking the store for what cells do not know yet. */
  let askingSince: number | null = null;
  let sliceMs = BUILD_SLICE_MS;

  /** Queries that must not share a statement with others are left to the store, which answers each alone. */
  const lookApart: LiveSums['refresh'] = async (queries, before, now) => {
    for (;;) {
      const apart = queries.map((query) => store.isFaulty(query, before));
      const shared = queries.filter((_, i) => !apart[i]);
      if (shared.length === 0) return nothing(queries);
      try {
        const seen = await rollup.refresh(shared, before, now);
        const series = [...seen.series];
        return { ...seen, series: apart.map((isApart) => (isApart ? null : (series.shift() ?? null))) };
      } catch (error) {
        // The store has found out which queries cannot be answered.
        const isKnown = queries.some((query, i) => !apart[i] && store.isFaulty(query, before));
        if (isStoreAway(error) || !isKnown) throw error;
      }
    }
  };

  const look: LiveSums['refresh'] = async (queries, before, now) => {
    try {
      const seen = await lookApart(queries, before, now);
      if (seen.begunAnew) listener.troubled(BEGUN_ANEW);
      askingSince = seen.series.includes(null) ? performance.now() : null;
      sliceMs = BUILD_SLICE_MS;
      return seen;
    } catch (error) {
      if (isStoreAway(error)) throw error;
      listener.bypassed(wordsOf(error));
      // A fault that is no database's is in what is kept, or our own: cells are made again, in memory alone.
      if (!(error instanceof AppError)) rollup = openLiveSums(store, { latenessMs, kept: null });
      return nothing(queries);
    }
  };

  const comparisons = openComparisonPlan(reconcileMs);

  return {
    source: {
      read: (reads, before) => store.read(reads, before),
      refresh: (queries, before, now) => inTurn(() => look(queries, before, now)),
      refreshedTo: () => rollup.refreshedTo(),
      known: (queries, before) => rollup.known(queries, before),
      // What could not be read is asked of the store by the look, and the build between polls says why.
      prepare: () =>
        inTurn(() => rollup.backfill(BUILD_SLICE_MS)).then(
          () => undefined,
          () => undefined,
        ),
    },
    standing: () =>
      inTurn(async () => {
        const { total } = await rollup.backfill(0);
        return { missingHours: total, keptFrom: rollup.oldest() };
      }),
    maintain: (now) =>
      inTurn(async () => {
        // On a large table polls ask for minutes; with short slices between them the build would take days.
        const askedMs = askingSince === null ? 0 : performance.now() - askingSince;
        askingSince = null;
        sliceMs = Math.min(LONGEST_SLICE_MS, Math.max(sliceMs, askedMs));
        const progress = await built(rollup, sliceMs);
        if (progress !== null) return { building: progress, isDone: false };
        const span = comparisons.next(now, () => rollup.oldest());
        if (span === null) {
          comparisons.rest();
        } else {
          await rollup.reconcile(span.from, span.to);
          comparisons.done();
        }
        return { building: null, isDone: span === null };
      }),
  };
}

/** No answers: the store must answer all queries. */
function nothing(queries: readonly Query[]): Refreshed {
  return { newestRow: null, rowsRead: 0, series: queries.map(() => null), begunAnew: false };
}

async function built(rollup: LiveSums, sliceMs: number): Promise<BackfillProgress | null> {
  const progress = await rollup.backfill(sliceMs);
  return progress.done < progress.total ? progress : null;
}

/** What cells depend on beside the rows: which table, how it is read, and the prices; never a password. */
function basisOf({ audit }: Config): string {
  const { url, mapping, prices } = audit;
  const text = JSON.stringify([CELLS_MADE, placeOf(url), mapping, prices]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
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
