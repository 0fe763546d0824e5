// Answers a check from sums that a worker keeps, or from sums made for this check.

import type { Query } from '../model/series.ts';
import type { Source } from '../pipeline/collect.ts';
import { openLiveSource } from '../pipeline/live-source.ts';
import type { AggregateBuckets } from '../state/aggregate-buckets.ts';
import type { AuditStore } from '../stores/audit-store.ts';

export interface SumsSourceOptions {
  /** Rows younger than this are read from the store, ms. */
  readonly latenessMs: number;
  /** The buckets that a worker keeps; null for none. */
  readonly kept: AggregateBuckets | null;
  /** Queries that will be passed to `known` later. */
  readonly extra: readonly Query[];
}

/**
 * Answers all queries of a check from sums. Kept buckets are read and never written; what is missing is read from the store
 * in a few grouped passes, however many rules ask for it.
 */
export function sumsSource(store: AuditStore, { latenessMs, kept, extra }: SumsSourceOptions): Source {
  const options = { latenessMs, kept: kept === null ? null : unwritten(kept), prefetch: false };
  const live = openLiveSource(store, options, () => undefined);
  return {
    read: (reads, before, withinMs) => store.read(reads, before, withinMs),
    known: (queries, before) => live.known(queries, before),
    async refresh(queries: readonly Query[], before: number) {
      const all = [...queries, ...extra];
      const refreshed = await live.refresh(all, before);
      if (!refreshed.series.includes(null))
        return { ...refreshed, series: refreshed.series.slice(0, queries.length) };
      await live.sums().backfill(Number.POSITIVE_INFINITY);
      return { ...refreshed, series: live.known(queries, before) };
    },
  };
}

/** Read access to a worker's buckets, which only the worker writes. */
function unwritten(kept: AggregateBuckets): AggregateBuckets {
  return { ...kept, keep: async () => true, retain: async () => undefined };
}
