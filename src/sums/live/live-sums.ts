// The sums that a worker keeps up to date, so that a poll reads what is new and not what is old.

import type { Query, Series } from '../../model/series.ts';
import type { AggregateBuckets } from '../../state/aggregate-buckets.ts';
import type { AuditStore } from '../../stores/audit-store.ts';
import { knownFrom } from './answers.ts';
import { type BackfillProgress, backfill } from './backfill.ts';
import { openKeptBuckets } from './persist.ts';
import { reconcile } from './reconcile.ts';
import { type Refreshed, refresh } from './refresh.ts';
import { newState } from './state.ts';

/**
 * Sums by the minute, hour and day. Answers equal those of the store over the same rows; rows that were changed, moved to
 * another group or deleted long ago are seen by `reconcile`. Every method throws the store's AppError; no two calls may
 * be under way at the same time.
 */
export interface LiveSums {
  /** Reads what is new up to `at` and answers what the sums cover. `now` is later where missed polls are made up for. */
  refresh(queries: readonly Query[], at: number, now?: number): Promise<Refreshed>;
  /** Answers further queries as of `at`, the end of the latest refresh; null where it cannot. Reads nothing. */
  known(queries: readonly Query[], at: number): (Series | null)[];
  /** The end of the latest refresh that succeeded, ms; null before the first. */
  refreshedTo(): number | null;
  /** Reads what the latest queries miss, or will miss soon, the newest first, until all is there or `budgetMs` is over. */
  backfill(budgetMs: number): Promise<BackfillProgress>;
  /**
   * Reads closed buckets that begin within [from, to) anew and takes over those that differ; returns how many did. What
   * was known of these hours by the minute is forgotten, and what the next refresh needs of it is read again.
   */
  reconcile(from: number, to: number): Promise<number>;
  /** All closed buckets have been compared since an instant, ms: it is kept with them. */
  reconciledSince(at: number): void;
  /** Since when closed buckets are known to equal the store, ms; null where that is not known. */
  reconciledAt(): number | null;
  /** The beginning of the oldest closed bucket, ms; null for none. */
  oldest(): number | null;
}

export interface LiveSumsOptions {
  /** Rows whose time is younger than this are read again at every refresh. */
  readonly latenessMs: number;
  /** Where closed buckets outlive the process; null keeps them in memory alone. */
  readonly kept: AggregateBuckets | null;
  /** Whether the sums live as long as a command. Then nothing is read beforehand for the next refresh, and nothing is kept. */
  readonly isOnce?: boolean;
}

export function openLiveSums(
  store: AuditStore,
  { latenessMs, kept, isOnce = false }: LiveSumsOptions,
): LiveSums {
  const state = newState(store, openKeptBuckets(kept), { latenessMs, isOnce });
  return {
    refresh: (queries, at, now = at) => refresh(state, queries, at, now),
    known: (queries, at) =>
      state.refreshedTo === at ? knownFrom(state.aggregates, queries, at) : queries.map(() => null),
    refreshedTo: () => state.refreshedTo,
    backfill: (budgetMs) => backfill(state, budgetMs),
    reconcile: (from, to) => reconcile(state, from, to),
    reconciledSince(at) {
      state.reconciledAt = at;
    },
    reconciledAt: () => state.reconciledAt,
    oldest() {
      const begins = [...state.aggregates.values()].flatMap((aggregate) => [
        ...aggregate.hours.keys(),
        ...aggregate.days.keys(),
      ]);
      return begins.length === 0 ? null : begins.reduce((oldest, begin) => Math.min(oldest, begin));
    },
  };
}
