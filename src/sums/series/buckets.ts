// The sums of consecutive buckets of time, in columns.

import { addParts, writeDecimal } from './exact.ts';
import { MINUTES } from './grid.ts';
import type { Column, Layout } from './layout.ts';

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

/** A row as a store gives it: its bucket among those that are packed, its group's number, and a decimal for each measure. */
export interface TextRow {
  readonly bucket: number;
  readonly group: number;
  readonly sums: readonly string[];
}

/** One bucket of all these rows. */
export function packBucket(rows: readonly TextRow[], layout: Layout): StoredBuckets {
  return { ...packed(rows, layout, Int32Array.of(0, rows.length)), origins: null, lacks: [] };
}

/** An hour by the minute. */
export function packMinutes(rows: readonly TextRow[], layout: Layout): StoredBuckets {
  const starts = new Int32Array(MINUTES + 1);
  for (const { bucket } of rows) starts[bucket + 1] = (starts[bucket + 1] as number) + 1;
  for (let minute = 1; minute <= MINUTES; minute += 1) {
    starts[minute] = (starts[minute] as number) + (starts[minute - 1] as number);
  }
  return readTogether(
    packed(
      [...rows].sort((a, b) => a.bucket - b.bucket),
      layout,
      starts,
    ),
  );
}

/** An hour by the minute, all of whose minutes were read together. */
export function readTogether(minutes: Buckets): StoredBuckets {
  return { ...minutes, origins: new Array<object>(MINUTES).fill(minutes.groups), lacks: [] };
}

function packed(rows: readonly TextRow[], { columns, width }: Layout, starts: Int32Array): Buckets {
  const groups = new Int32Array(rows.length);
  const values = new Float64Array(rows.length * width);
  for (let row = 0; row < rows.length; row += 1) {
    const { group, sums } = rows[row] as TextRow;
    groups[row] = group;
    for (let m = 0; m < sums.length; m += 1) {
      const { units, parts } = columns[m] as Column;
      const at = row * width;
      writeDecimal(sums[m] as string, values, at + units, parts === null ? null : at + parts);
    }
  }
  return { starts, groups, values };
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
