// The sums of buckets of time, in columns.

import { addParts } from './exact.ts';
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

/** One bucket, with one row for each group. */
export interface Bucket extends Omit<Buckets, 'starts'> {
  /** The places of measures that were not read: their sums, which are 0 here, are unknown. */
  readonly lacks: readonly number[];
}

/** One of several buckets, which must have one row for each group. */
export function bucketAt(
  { starts, groups, values }: Buckets,
  i: number,
  width: number,
  lacks: readonly number[],
): Bucket {
  const [from, to] = [starts[i] as number, starts[i + 1] as number];
  return { groups: groups.subarray(from, to), values: values.subarray(from * width, to * width), lacks };
}

/** One bucket of a longer time out of those that it is made of: minutes of an hour, hours of a day. */
export function mergedBucket(all: readonly Bucket[], { columns, width }: Layout): Bucket {
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
  const lacks = [...new Set(all.flatMap((bucket) => bucket.lacks))];
  return { groups: Int32Array.from(rowOf.keys()), values, lacks };
}
