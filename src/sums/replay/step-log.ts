// Keeps the sums of each step for as long as a window may need them.

import type { Buckets } from '../series/buckets.ts';
import type { Layout } from '../series/layout.ts';
import type { Totals } from '../series/totals.ts';

/** Steps [from, to), one bucket each. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

/** The sums by group of consecutive steps. New steps are appended, and the oldest are released. */
export interface StepLog {
  readonly layout: Layout;
  /** The number of known groups. */
  readonly groupCount: number;
  /** Whether the log holds these steps. */
  holds(range: StepRange): boolean;
  /** Adds steps that the log holds to totals, or with sign -1 subtracts them. The caller carries. */
  addTo(totals: Totals, range: StepRange, sign: 1 | -1): void;
  /** Appends the steps that follow. Throws a RangeError for sums that doubles cannot hold exactly. */
  append(range: StepRange, buckets: Buckets, groupCount: number): void;
  /** Releases steps before `before`, as far as all steps of an append are before it. */
  forget(before: number): void;
  /** How many numbers are in memory. */
  size(): number;
}

/** With absolute sums up to this, every sum and difference stays below 2^53, where doubles are exact. */
const EXACT = 2 ** 52;

/** Steps that were appended together. */
interface Chunk extends StepRange {
  readonly buckets: Buckets;
}

export function openStepLog(layout: Layout, begin: number): StepLog {
  const { columns, width } = layout;
  let chunks: Chunk[] = [];
  let held: StepRange = { from: begin, to: begin };
  let groupCount = 0;
  let absolute = 0;

  return {
    layout,
    get groupCount() {
      return groupCount;
    },
    holds: ({ from, to }) => from >= held.from && to <= held.to,
    addTo({ values }, { from, to }, sign) {
      for (let i = from < to ? placeOf(chunks, from) : chunks.length; i < chunks.length; i += 1) {
        const chunk = chunks[i] as Chunk;
        if (chunk.from >= to) return;
        const first = Math.max(from, chunk.from) - chunk.from;
        const last = Math.min(to, chunk.to) - chunk.from;
        addRows(values, chunk.buckets, width, first, last, sign);
      }
    },
    append({ from, to }, buckets, count) {
      absolute += largestSum(buckets.values, width, columns);
      if (absolute > EXACT) throw new RangeError('sums are too large to be counted in doubles');
      chunks.push({ from, to, buckets });
      held = { from: held.from, to };
      groupCount = count;
    },
    forget(before) {
      chunks = chunks.filter(({ to }) => to > before);
      held = { from: chunks[0]?.from ?? held.to, to: held.to };
    },
    size: () => chunks.reduce((sum, { buckets }) => sum + buckets.groups.length * (width + 1), 0),
  };
}

/** Adds the rows of buckets [first, last). Groups have the same numbers in both. A replay spends much of its time here. */
function addRows(
  totals: Float64Array,
  { starts, groups, values }: Buckets,
  width: number,
  first: number,
  last: number,
  sign: 1 | -1,
): void {
  const end = starts[last] as number;
  let row = starts[first] as number;
  for (let at = row * width; row < end; row += 1) {
    const place = (groups[row] as number) * width;
    for (let i = 0; i < width; i += 1, at += 1) {
      totals[place + i] = (totals[place + i] as number) + sign * (values[at] as number);
    }
  }
}

/** The index of the chunk that holds a step. */
function placeOf(chunks: readonly Chunk[], step: number): number {
  let low = 0;
  let high = chunks.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chunks[middle] as Chunk).to <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A bound on every sum of these rows, plus one unit for what parts may carry. */
function largestSum(values: Float64Array, width: number, columns: Layout['columns']): number {
  let largest = 0;
  for (const { units } of columns) {
    let sum = 0;
    for (let at = units; at < values.length; at += width) sum += Math.abs(values[at] as number) + 1;
    largest = Math.max(largest, sum);
  }
  return largest;
}
