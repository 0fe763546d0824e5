// Lines that a store gave -> buckets of live aggregates.

import { firstNotBelow } from '../../model/ascending.ts';
import { type CallColumns, NO_BUCKET, type TextColumn } from '../../model/call-columns.ts';
import type { Window } from '../../model/window.ts';
import { type Bucket, bucketAt } from '../series/buckets.ts';
import { type Length, MINUTE, MINUTES } from '../series/grid.ts';
import { type OrderedLines, orderBySegment, rowsOfLines, sumLines } from '../series/line-buckets.ts';
import { columnOfNumbers, numbersOfLines } from '../series/line-groups.ts';
import { packBucket, packBuckets } from '../series/packed-bucket.ts';
import { type LiveAggregate, putMinutes, setClosed } from './live-aggregate.ts';
import { windowName } from './window-edges.ts';

/*
 * Lines are calls, or sums of calls that agree in segment and dimensions. They may have more dimensions and measures than an
 * aggregate; a measure that they are without is lacking in its buckets. `edges` are those that were asked for, ascending, and
 * hold both ends of every bucket that is taken.
 */

/** Takes hours by the minute. Minutes (ms) that are kept stay as they are, and of `hours` they are the only ones that do. */
export function takeMinutes(
  aggregates: readonly LiveAggregate[],
  columns: CallColumns,
  edges: readonly number[],
  hours: readonly number[],
  isKept: (minute: number) => boolean,
): void {
  const lines = linesBySegment(columns, edges);
  const isTaken = edges.map((minute) => !isKept(minute));
  for (const aggregate of aggregates) {
    const sum = summing(aggregate, columns, isTaken);
    for (const hour of hours) {
      const begins = Array.from({ length: MINUTES + 1 }, (_, minute) => hour + minute * MINUTE);
      const minutes = packBuckets(sum(lines, begins), aggregate.layout);
      putMinutes(aggregate, hour, minutes, isKept);
    }
  }
}

/** Takes closed buckets of a length, by their beginnings. */
export function takeClosed(
  aggregates: readonly LiveAggregate[],
  columns: CallColumns,
  edges: readonly number[],
  length: Length,
  begins: readonly number[],
): void {
  const lines = linesBySegment(columns, edges);
  for (const aggregate of aggregates) {
    const sum = summing(aggregate, columns, null);
    for (const begin of begins) {
      const [bucket] = sum(lines, [begin, begin + length]) as [Bucket];
      setClosed(aggregate, length, begin, bucket);
    }
  }
}

/** Takes partial buckets. Edges of others may lie within them. */
export function takePartials(
  aggregate: LiveAggregate,
  columns: CallColumns,
  edges: readonly number[],
  windows: Iterable<Window>,
): void {
  const lines = linesBySegment(columns, edges);
  const sum = summing(aggregate, columns, null);
  for (const window of windows) {
    const [bucket] = sum(lines, [window.from, window.to]) as [Bucket];
    aggregate.partials.set(windowName(window), packBucket(bucket, aggregate.layout));
  }
}

/** Lines in the order of time, and where those from an instant on begin. */
interface LinesByTime extends Pick<OrderedLines, 'order'> {
  readonly startOf: (at: number) => number;
}

function linesBySegment({ segments }: CallColumns, edges: readonly number[]): LinesByTime {
  const { order, starts } = orderBySegment(segments, edges.length - 1);
  const last = edges.length - 1;
  return { order, startOf: (at) => starts[Math.min(firstNotBelow(edges, at), last)] as number };
}

/** Sums lines into the buckets between instants. `isTaken` says of each segment whether its lines count; null for all. */
function summing(
  aggregate: LiveAggregate,
  columns: CallColumns,
  isTaken: readonly boolean[] | null,
): (lines: LinesByTime, instants: readonly number[]) => Bucket[] {
  const groupOf = groupsOf(aggregate, columns, isTaken);
  const lacks = aggregate.measures.flatMap((measure, place) => (columns.sums.has(measure) ? [] : [place]));
  return ({ order, startOf }, instants) => {
    const starts = Int32Array.from(instants, startOf);
    const rows = rowsOfLines({ order, starts }, groupOf, aggregate.groups.keys.length);
    const buckets = sumLines(rows, aggregate.layout, columns.sums);
    return instants.slice(1).map((_, i) => bucketAt(buckets, i, aggregate.layout.width, lacks));
  };
}

/** The group of each line, -1 for one that is in no bin or does not count. */
function groupsOf(
  aggregate: LiveAggregate,
  { dimensions, buckets, segments, length }: CallColumns,
  isTaken: readonly boolean[] | null,
): Int32Array {
  const texts = aggregate.dimensions.map((dimension) => dimensions.get(dimension) as TextColumn);
  const bins = aggregate.sketch === null ? null : (buckets.get(aggregate.sketch) as Int32Array);
  const columns = bins === null ? texts : [...texts, columnOfNumbers(bins)];
  const groups = numbersOfLines(columns, length, (line) => {
    const bin = bins?.[line];
    if (bin === NO_BUCKET) return -1;
    const key = texts.map(({ values, places }) => values[places[line] as number] ?? null);
    return aggregate.groups.numberOf(bin === undefined ? key : [...key, String(bin)]);
  });
  if (isTaken === null) return groups;
  return groups.map((group, line) => (isTaken[segments[line] as number] ? group : -1));
}
