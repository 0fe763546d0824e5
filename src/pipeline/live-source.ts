// Live sums as a source of queries: what they cannot answer is left to the store.

import { AppError, isStoreAway, wordsOf } from '../model/errors.ts';
import type { Query } from '../model/series.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { type LiveSums, type LiveSumsOptions, openLiveSums } from '../sums/live/live-sums.ts';
import type { Refreshed } from '../sums/live/refresh.ts';

/** Live sums that answer what they can. */
export interface LiveSource extends Pick<LiveSums, 'known' | 'refreshedTo'> {
  /**
   * As of LiveSums, but a query that the sums cannot answer is null, for whatever reason. Throws only where the store is
   * away or too slow.
   */
  refresh(queries: readonly Query[], before: number, now?: number): Promise<Refreshed>;
  /** The sums as they are now: after a fault that is no database's they are made again, in memory alone. */
  sums(): LiveSums;
}

/** `bypassed` is called each time that sums cannot be used, with the reason. */
export function openLiveSource(
  store: AuditStore,
  options: LiveSumsOptions,
  bypassed: (reason: string) => void,
): LiveSource {
  let sums = openLiveSums(store, options);
  return {
    async refresh(queries, before, now) {
      try {
        return await refreshApart(store, sums, queries, before, now);
      } catch (error) {
        if (isStoreAway(error)) throw error;
        bypassed(wordsOf(error));
        // A fault that is no database's is in what is kept, or our own: sums are made again, in memory alone.
        if (!(error instanceof AppError)) sums = openLiveSums(store, { ...options, kept: null });
        return nothing(queries);
      }
    },
    known: (queries, before) => sums.known(queries, before),
    refreshedTo: () => sums.refreshedTo(),
    sums: () => sums,
  };
}

/** Queries that must not share a statement with others are left to the store, which answers each alone. */
async function refreshApart(
  store: AuditStore,
  sums: LiveSums,
  queries: readonly Query[],
  before: number,
  now: number | undefined,
): Promise<Refreshed> {
  for (;;) {
    const apart = queries.map((query) => store.isFaulty(query, before));
    const shared = queries.filter((_, i) => !apart[i]);
    if (shared.length === 0) return nothing(queries);
    try {
      const seen = await sums.refresh(shared, before, now);
      const series = [...seen.series];
      return { ...seen, series: apart.map((isApart) => (isApart ? null : (series.shift() ?? null))) };
    } catch (error) {
      // The store has found out which queries cannot be answered.
      const isKnown = queries.some((query, i) => !apart[i] && store.isFaulty(query, before));
      if (isStoreAway(error) || !isKnown) throw error;
    }
  }
}

/** No answers: the store must answer all queries. */
function nothing(queries: readonly Query[]): Refreshed {
  return { newestRow: null, rowsRead: 0, series: queries.map(() => null), begunAnew: false };
}
