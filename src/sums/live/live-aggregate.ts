// The buckets of an aggregate in memory.

import type { Aggregate } from '../../model/aggregate.ts';
import { mergedBucket, type StoredBuckets } from '../series/buckets.ts';
import { DAY, HOUR, hoursBetween, type Length, MINUTE } from '../series/grid.ts';
import { GroupIndex } from '../series/group-index.ts';
import { type Layout, layoutOf } from '../series/layout.ts';
import { type PackedBucket, packBucket, unpackBucket } from '../series/packed-bucket.ts';
import { spliced } from '../series/splice.ts';

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
  readonly minutes: Map<number, StoredBuckets>;
  /** Partial buckets of this refresh, by `from/to`: of minutes, and of hours that are not known by the minute. */
  readonly partials: Map<string, StoredBuckets>;
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

/** Hours by the minute take the place of those that are there, except for minutes (ms) that are kept as they are. */
export function putMinutes(
  aggregate: LiveAggregate,
  hours: ReadonlyMap<number, StoredBuckets>,
  isKept: (minute: number) => boolean,
): void {
  const { minutes, layout } = aggregate;
  for (const [hour, newer] of hours) {
    const older = minutes.get(hour);
    const isOlder = (minute: number): boolean => isKept(hour + minute * MINUTE);
    minutes.set(hour, older === undefined ? newer : spliced(older, newer, isOlder, layout.width));
  }
}

/** Closes an hour: its minutes become one bucket. Does nothing where they are not known. */
export function mergeMinutes(aggregate: LiveAggregate, hour: number): void {
  const minutes = aggregate.minutes.get(hour);
  if (minutes !== undefined) setClosed(aggregate, HOUR, hour, mergedBucket([minutes], aggregate.layout));
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
  aggregate: LiveAggregate,
  length: Length,
): ReadonlyMap<number, Pick<PackedBucket, 'lacks'>> {
  return bucketsOf(aggregate, length);
}

/** A closed bucket; null where it is not there. */
export function closedBucket(aggregate: LiveAggregate, length: Length, begin: number): StoredBuckets | null {
  const packed = bucketsOf(aggregate, length).get(begin);
  return packed === undefined ? null : unpackBucket(packed, aggregate.layout);
}

/** `bucket` has one row for each group. */
export function setClosed(
  aggregate: LiveAggregate,
  length: Length,
  begin: number,
  bucket: StoredBuckets,
): void {
  bucketsOf(aggregate, length).set(begin, packBucket(bucket, aggregate.layout));
  aggregate.version += 1;
}

export function dropClosed(aggregate: LiveAggregate, length: Length, begin: number): void {
  bucketsOf(aggregate, length).delete(begin);
  aggregate.version += 1;
}

function bucketsOf({ hours, days }: LiveAggregate, length: Length): Map<number, PackedBucket> {
  return length === HOUR ? hours : days;
}
