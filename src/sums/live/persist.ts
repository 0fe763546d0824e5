// Keeps closed buckets in the state store.

import { aggregateName } from '../../model/aggregate.ts';
import type { AggregateBuckets } from '../../state/aggregate-buckets.ts';
import { DAY, HOUR, type Length, MINUTE } from '../series/grid.ts';
import { bucketFromText, bucketText } from './bucket-text.ts';
import type { IdWatch, WatchedGap } from './id-watch.ts';
import { closedBucket, type LiveAggregate, setClosed } from './live-aggregate.ts';

/** Up to where the buckets in memory have been read. */
export interface Seen {
  /** Hours before it are closed, ms. */
  readonly closedTo: number;
  readonly watch: IdWatch;
  /** Each bucket was read from the store or compared with it at or after this instant, ms; null where that is not known. */
  readonly reconciledAt: number | null;
}

/** The closed buckets that outlive the process. Every method throws the state store's AppError. */
export interface KeptBuckets {
  /** False where buckets are in memory alone. */
  readonly isPersistent: boolean;
  /** Up to where the kept buckets have been read; null where there are none. Forgets what was noted before. */
  restore(): Promise<Seen | null>;
  /** Loads the kept buckets of an aggregate into memory. */
  load(aggregate: LiveAggregate): Promise<void>;
  /** Notes that a bucket changed in memory, or (where it is not there) that the kept one lacks rows. */
  note(aggregate: LiveAggregate, length: Length, begin: number): void;
  /** Whether the kept buckets are as new as those in memory, or newer because another process keeps them. */
  isUpToDate(): boolean;
  /**
   * Keeps what was noted, and up to where it was read, as of `at`. While another process keeps the buckets, nothing is
   * written. False means that it keeps them no longer, and that this process must restore what it left.
   */
  keep(seen: Seen, at: number): Promise<boolean>;
  /** Removes the kept buckets of other aggregates. */
  retain(aggregates: readonly string[]): Promise<void>;
}

/** The watermark is kept at least this often. Rows that came after it are found again by the insert order. */
const KEEP_EVERY_MS = 5 * MINUTE;

/** With `store` null, buckets are in memory alone. */
export function openKeptBuckets(store: AggregateBuckets | null): KeptBuckets {
  /** Buckets that changed and are not kept yet. */
  const changed = new Map<
    string,
    { readonly aggregate: LiveAggregate; readonly length: Length; readonly begin: number }
  >();
  /** The generation that was read or kept last; 0 for none. */
  let generation = 0;
  /** The generation of another process that keeps the buckets, as it was seen last; null while this one keeps them. */
  let theirs: number | null = null;
  let keptAt = Number.NEGATIVE_INFINITY;

  return {
    isPersistent: store !== null,
    async restore() {
      changed.clear();
      theirs = null;
      const stored = (await store?.watermark()) ?? null;
      generation = stored?.generation ?? 0;
      if (stored === null) return null;
      const { closedTo, newestId, gaps, reconciledAt } = stored;
      return { closedTo, reconciledAt, watch: { newestId, gaps: JSON.parse(gaps) as WatchedGap[] } };
    },
    async load(aggregate) {
      // Without a watermark it is unknown which rows the buckets lack.
      if (generation === 0) return;
      await store?.load(aggregateName(aggregate), (stored) => {
        for (const { hours, begins, sums } of stored) {
          setClosed(
            aggregate,
            hours === 24 ? DAY : HOUR,
            begins,
            bucketFromText(sums, aggregate.groups, aggregate.layout),
          );
        }
      });
    },
    note(aggregate, length, begin) {
      changed.set(`${aggregateName(aggregate)}/${length}/${begin}`, { aggregate, length, begin });
    },
    isUpToDate: () => store !== null && (changed.size === 0 || theirs !== null),
    async keep({ closedTo, watch, reconciledAt }, at) {
      if (store === null) return true;
      if ((changed.size === 0 || theirs !== null) && Math.abs(at - keptAt) < KEEP_EVERY_MS) return true;
      keptAt = at;
      const buckets = [...changed.values()].map(({ aggregate, length, begin }) => {
        const bucket = closedBucket(aggregate, length, begin);
        const text = bucket === null ? null : bucketText(bucket, aggregate.groups, aggregate.measures);
        return { dimensions: aggregateName(aggregate), hours: length / HOUR, begins: begin, sums: text };
      });
      const { newestId, gaps } = watch;
      const watermark = { closedTo, newestId, gaps: JSON.stringify(gaps), reconciledAt };
      if (await store.keep(buckets, watermark, generation)) {
        generation += 1;
        theirs = null;
        changed.clear();
        return true;
      }
      const latest = (await store.watermark())?.generation ?? 0;
      const isIdle = latest === theirs;
      theirs = latest;
      return !isIdle;
    },
    async retain(aggregates) {
      await store?.retain(aggregates);
    },
  };
}
