// The buckets of an aggregate in memory.

import type { Aggregate } from '../../model/aggregate.ts';
import { type Bucket, mergedBucket } from '../series/buckets.ts';
import { DAY, HOUR, hoursBetween, type Length, MINUTE } from '../series/grid.ts';
import { GroupIndex } from '../series/group-index.ts';
import { type Layout, layoutOf } from '../series/layout.ts';
import { type PackedBucket, packBucket, unpackBucket } from '../series/packed-bucket.ts';

/** An hour by the minute (60 buckets). A minute that is the same object as before has the same sums as before. */
export interface HourByMinute {
  readonly minutes: readonly PackedBucket[];
  /** The places of measures that any of them lacks. */
  readonly lacks: readonly number[];
}

/** An aggregate with its buckets: closed hours and days, and by the minute the hours that are open or that a window's edge cuts. */
export interface LiveAggregate extends Aggregate {
  /** How the sums of its measures stand. */
  readonly layout: Layout;
  /** The keys of its groups. With a sketch, the bin is the last member. */
  readonly groups: GroupIndex;
  /** Closed hours by their beginning (ms). */
  readonly hours: Map<number, PackedBucket>;
  /** Closed days of UTC by their beginning (ms), where no window's edge needs their hours. */
  readonly days: Map<number, PackedBucket>;
  /** Hours by the minute, by the beginning of the hour (ms). */
  readonly minutes: Map<number, HourByMinute>;
  /** Partial buckets of this refresh, by `from/to`: of minutes, and of hours that are not known by the minute. */
  readonly partials: Map<string, PackedBucket>;
  /** Raised when a closed bucket changes, so that what was summed from it is summed again. */
  version: number;
  /** Raised with every refresh. */
  refreshes: number;
}

export function openLiveAggregate(aggregate: Aggregate): LiveAggregate {
  return {
    ...aggregate,
    layout: layoutOf(aggregate.measures),
    groups: new GroupIndex(),
    hours: new Map(),
    days: new Map(),
    minutes: new Map(),
    partials: new Map(),
    version: 0,
    refreshes: 0,
  };
}

/** The minutes of an hour take the place of those that are there, except for minutes (ms) that are kept as they are. */
export function putMinutes(
  { minutes }: LiveAggregate,
  hour: number,
  newer: readonly PackedBucket[],
  isKept: (minute: number) => boolean,
): void {
  const older = minutes.get(hour)?.minutes;
  const all = newer.map((bucket, i) => (isKept(hour + i * MINUTE) ? (older?.[i] ?? bucket) : bucket));
  minutes.set(hour, { minutes: all, lacks: [...new Set(all.flatMap(({ lacks }) => lacks))] });
}

/** Closes an hour: its minutes become one bucket. Does nothing where they are not known. */
export function mergeMinutes(aggregate: LiveAggregate, hour: number): void {
  const { layout } = aggregate;
  const minutes = aggregate.minutes.get(hour)?.minutes.map((bucket) => unpackBucket(bucket, layout));
  if (minutes !== undefined) setClosed(aggregate, HOUR, hour, mergedBucket(minutes, layout));
}

/** Makes a day of its closed hours; false when one of them is not there. */
export function mergeHours(aggregate: LiveAggregate, day: number): boolean {
  const hours = hoursBetween(day, day + DAY).map((hour) => closedBucket(aggregate, HOUR, hour));
  if (!hours.every((bucket) => bucket !== null)) return false;
  setClosed(aggregate, DAY, day, mergedBucket(hours, aggregate.layout));
  return true;
}

/** The closed buckets of a length as they are kept, by their beginning (ms). */
export function closedBuckets(
  { hours, days }: LiveAggregate,
  length: Length,
): ReadonlyMap<number, PackedBucket> {
  return length === HOUR ? hours : days;
}

/** A closed bucket; null where it is not there. */
export function closedBucket(aggregate: LiveAggregate, length: Length, begin: number): Bucket | null {
  const packed = closedBuckets(aggregate, length).get(begin);
  return packed === undefined ? null : unpackBucket(packed, aggregate.layout);
}

export function setClosed(aggregate: LiveAggregate, length: Length, begin: number, bucket: Bucket): void {
  const { hours, days, layout } = aggregate;
  (length === HOUR ? hours : days).set(begin, packBucket(bucket, layout));
  aggregate.version += 1;
}

export function dropClosed(aggregate: LiveAggregate, length: Length, begin: number): void {
  const { hours, days } = aggregate;
  (length === HOUR ? hours : days).delete(begin);
  aggregate.version += 1;
}
