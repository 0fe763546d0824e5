// Live sums as a source of queries: what they cannot answer is left to the store.

import { AppError, isStoreAway, wordsOf } from '../model/errors.ts';
import type { Query } from '../model/series.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { type LiveSums, type LiveSumsOptions, openLiveSums } from '../sums/live/live-sums.ts';
import type { Refreshed } from '../sums/live/refresh.ts';

/** Live sums that answer what they can. */
export interface LiveSource extends Pick<LiveSums, 'known' | 'refreshedTo'> {
  /**
   * As in LiveSums, but a query that the sums cannot answer is null, for whatever reason. Throws only where the store is
   * unreachable or too slow.
   */
  refresh(queries: readonly Query[], before: number, now?: number): Promise<Refreshed>;
  /** The current sums. After a fault that is not the database's they are replaced by new ones, kept in memory only. */
  sums(): LiveSums;
}

/** `bypassed` is called with the reason each time that the sums cannot be used. */
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
        // Not the database's fault: it lies in the kept sums or in this program. Begin anew, in memory only.
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
      const refreshed = await sums.refresh(shared, before, now);
      const series = [...refreshed.series];
      return { ...refreshed, series: apart.map((isApart) => (isApart ? null : (series.shift() ?? null))) };
    } catch (error) {
      // True if the store has found out meanwhile which of the queries it cannot answer.
      const isKnown = queries.some((query, i) => !apart[i] && store.isFaulty(query, before));
      if (isStoreAway(error) || !isKnown) throw error;
    }
  }
}

/** No answers: the store must answer all queries. */
function nothing(queries: readonly Query[]): Refreshed {
  return { newestRow: null, rowsRead: 0, series: queries.map(() => null), begunAnew: false };
}
