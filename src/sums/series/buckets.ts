// The sums of consecutive buckets of time, in columns.

import { addParts } from './exact.ts';
import { MINUTES } from './grid.ts';
import type { Layout } from './layout.ts';

/**
 * The sums of consecutive buckets of time. Each bucket has a row for every group with calls in it: the rows of bucket i
 * are `starts[i]` up to `starts[i + 1]`; row r is of the group with the number `groups[r]`, and its sums begin at
 * `values[r × width]` as a layout says. A group that has several rows in a bucket has their sum.
 */
export interface Buckets {
  readonly starts: Int32Array;
  readonly groups: Int32Array;
  readonly values: Float64Array;
}

/** The buckets of an hour by the minute (60), or one bucket of an hour, a day, or some other span. */
export interface StoredBuckets extends Buckets {
  /** What each minute's rows were read with: where it is the same object, the rows are the same. Null in a single bucket. */
  readonly origins: readonly object[] | null;
  /** The places of measures that were not read: their sums, which are 0 here, are unknown. */
  readonly lacks: readonly number[];
}

/** An hour by the minute, all of whose minutes were read together. */
export function readTogether(minutes: Buckets, lacks: readonly number[]): StoredBuckets {
  return { ...minutes, origins: new Array<object>(MINUTES).fill(minutes.groups), lacks };
}

/** One bucket of a longer time out of those that it is made of: minutes of an hour, hours of a day. Each group has one row. */
export function mergedBucket(all: readonly StoredBuckets[], layout: Layout): StoredBuckets {
  const { columns, width } = layout;
  const rowOf = new Map<number, number>();
  for (const { groups } of all)
    for (const group of groups) if (!rowOf.has(group)) rowOf.set(group, rowOf.size);
  const values = new Float64Array(rowOf.size * width);
  for (const { groups, values: sums } of all) {
    for (let i = 0; i < groups.length; i += 1) {
      const from = i * width;
      const to = (rowOf.get(groups[i] as number) as number) * width;
      for (const { units, parts } of columns) {
        values[to + units] = (values[to + units] as number) + (sums[from + units] as number);
        if (parts !== null) addParts(values, to + units, to + parts, sums[from + parts] as number);
      }
    }
  }
  return {
    starts: Int32Array.of(0, rowOf.size),
    groups: Int32Array.from(rowOf.keys()),
    values,
    origins: null,
    lacks: [...new Set(all.flatMap(({ lacks }) => lacks))],
  };
}
