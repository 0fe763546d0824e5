// The sums of each step of time, for as long as a window may need them.

import type { Buckets } from '../series/buckets.ts';
import type { Layout } from '../series/layout.ts';
import type { Totals } from '../series/totals.ts';

/** Steps [from, to), a bucket for each. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

/** The sums by group of consecutive steps: new steps follow at the end, and the oldest are let go. */
export interface StepLog {
  readonly layout: Layout;
  /** So many groups are known. */
  readonly groupCount: number;
  /** Whether steps are held. */
  holds(range: StepRange): boolean;
  /** Adds steps that are held to totals, or (sign -1) takes them away. The caller carries. */
  addTo(totals: Totals, range: StepRange, sign: 1 | -1): void;
  /** The steps that follow those before. Throws a RangeError for sums that doubles cannot count exactly. */
  append(range: StepRange, buckets: Buckets, groupCount: number): void;
  /** Lets go of steps before one, as far as they were appended together. */
  forget(before: number): void;
  /** How many numbers are held. */
  size(): number;
}

/** Sums of absolute values up to here leave every sum and difference below the 2^53 that are exact. */
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

/** Adds the rows of buckets [first, last). Groups have the same numbers in both, and a replay spends much of its time here. */
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

/** The place of the chunk that holds a step, which is held. */
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

/** No sum of any of these rows is larger, with a unit for what parts may carry. */
function largestSum(values: Float64Array, width: number, columns: Layout['columns']): number {
  let largest = 0;
  for (const { units } of columns) {
    let sum = 0;
    for (let at = units; at < values.length; at += width) sum += Math.abs(values[at] as number) + 1;
    largest = Math.max(largest, sum);
  }
  return largest;
}
