// Lines of calls in columns -> buckets.

import type { DecimalColumn } from '../../model/call-columns.ts';
import type { Measure } from '../../model/measure.ts';
import type { Buckets } from './buckets.ts';
import { addParts } from './exact.ts';
import type { Column, Layout } from './layout.ts';

/** Lines in the order of their buckets: those of bucket i are `order[starts[i]]` up to `order[starts[i + 1]]`. */
export interface OrderedLines {
  readonly order: Int32Array;
  readonly starts: Int32Array;
}

/** Lines in the order of their segments, each of which is a bucket. */
export function orderBySegment(segments: Int32Array, count: number): OrderedLines {
  const starts = new Int32Array(count + 1);
  for (const segment of segments) starts[segment + 1] = (starts[segment + 1] as number) + 1;
  for (let i = 1; i <= count; i += 1) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
  const next = starts.slice();
  const order = new Int32Array(segments.length);
  for (let line = 0; line < segments.length; line += 1) {
    const segment = segments[line] as number;
    order[next[segment] as number] = line;
    next[segment] = (next[segment] as number) + 1;
  }
  return { order, starts };
}

/** The rows of buckets before their sums are known, and the row of each line, -1 for a line that is in none. */
export interface LineRows extends Pick<Buckets, 'starts' | 'groups'> {
  readonly rowOf: Int32Array;
}

/** The rows of some lines. `groupOf` is the group of each line, below `groupCount`, or -1 for a line that is left out. */
export function rowsOfLines(
  { order, starts }: OrderedLines,
  groupOf: Int32Array,
  groupCount: number,
): LineRows {
  const buckets = starts.length - 1;
  const rowStarts = new Int32Array(buckets + 1);
  const rowOf = new Int32Array(groupOf.length).fill(-1);
  const groups = new Int32Array(order.length);
  /** The latest row of each group; one of an earlier bucket counts for nothing. */
  const latest = new Int32Array(groupCount).fill(-1);
  let rows = 0;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const first = rows;
    rowStarts[bucket] = first;
    for (let i = starts[bucket] as number; i < (starts[bucket + 1] as number); i += 1) {
      const line = order[i] as number;
      const group = groupOf[line] as number;
      if (group < 0) continue;
      if ((latest[group] as number) < first) {
        latest[group] = rows;
        groups[rows] = group;
        rows += 1;
      }
      rowOf[line] = latest[group] as number;
    }
  }
  rowStarts[buckets] = rows;
  return { starts: rowStarts, groups: groups.slice(0, rows), rowOf };
}

/** The buckets, with the sums of the lines of each row; 0 of a measure that lines do not have. Parts are carried. */
export function sumLines(
  { starts, groups, rowOf }: LineRows,
  { measures, columns, width }: Layout,
  sums: ReadonlyMap<Measure, DecimalColumn>,
): Buckets {
  const values = new Float64Array(groups.length * width);
  for (const [m, { units, parts }] of columns.entries()) {
    const lines = sums.get(measures[m] as Measure);
    if (lines === undefined) continue;
    addUnits(values, lines.units, rowOf, width, units);
    if (lines.parts === null) continue;
    if (parts === null) throw new RangeError(`${measures[m]} counts calls, and has parts of one`);
    addLineParts(values, lines.parts, rowOf, width, { units, parts });
  }
  return { starts, groups, values };
}

function addUnits(
  values: Float64Array,
  units: Float64Array,
  rowOf: Int32Array,
  width: number,
  place: number,
): void {
  for (let line = 0; line < rowOf.length; line += 1) {
    const row = rowOf[line] as number;
    if (row < 0) continue;
    const at = row * width + place;
    values[at] = (values[at] as number) + (units[line] as number);
  }
}

function addLineParts(
  values: Float64Array,
  lineParts: Float64Array,
  rowOf: Int32Array,
  width: number,
  { units, parts }: Column & { readonly parts: number },
): void {
  for (let line = 0; line < rowOf.length; line += 1) {
    const row = rowOf[line] as number;
    if (row < 0) continue;
    const at = row * width;
    addParts(values, at + units, at + parts, lineParts[line] as number);
  }
}
