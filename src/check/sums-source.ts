// Answers a check from sums that a worker keeps.

import type { Query } from '../model/series.ts';
import type { Source } from '../pipeline/collect.ts';
import { openLiveSource } from '../pipeline/live-source.ts';
import type { AggregateBuckets } from '../state/aggregate-buckets.ts';
import type { AuditStore } from '../stores/audit-store.ts';

/**
 * Answers the queries of a check from the buckets that a worker keeps, which are read and never written. What is missing is
 * read from the store, and so are rows younger than `latenessMs`. Where there are none (null), all is read once from the store.
 */
export function sumsSource(store: AuditStore, kept: AggregateBuckets | null, latenessMs: number): Source {
  const options = { latenessMs, kept, isOnce: true };
  const live = openLiveSource(store, options, () => undefined);
  return {
    ...(store.costPlace !== undefined && { costPlace: store.costPlace }),
    read: (reads, before, withinMs) => store.read(reads, before, withinMs),
    known: (queries, before) => live.known(queries, before),
    async refresh(queries: readonly Query[], before: number) {
      const refreshed = await live.refresh(queries, before);
      if (!refreshed.series.includes(null)) return refreshed;
      await live.sums().backfill(Number.POSITIVE_INFINITY);
      return { ...refreshed, series: live.known(queries, before) };
    },
  };
}
