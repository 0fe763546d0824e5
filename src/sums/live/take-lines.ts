// Lines that a store gave -> buckets of live aggregates.

import { type CallColumns, NO_BIN, type TextColumn } from '../../model/call-columns.ts';
import type { Window } from '../../model/window.ts';
import { type Bucket, bucketAt, mergedBucket } from '../series/buckets.ts';
import { type Length, MINUTE, MINUTES } from '../series/grid.ts';
import { orderBySegment, rowsOfLines, sumLines } from '../series/line-buckets.ts';
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
  const isTaken = edges.map((minute) => !isKept(minute));
  const placeOf = placesOf(edges);
  for (const { aggregate, buckets, none } of bucketsBetween(edges, aggregates, columns, isTaken)) {
    for (const hour of hours) {
      const minutes = Array.from({ length: MINUTES }, (_, i) => buckets[placeOf(hour + i * MINUTE)] ?? none);
      putMinutes(aggregate, hour, packBuckets(minutes, aggregate.layout), isKept);
    }
  }
}

/** Takes closed buckets of a length, by their beginnings. No edge lies within one. */
export function takeClosed(
  aggregates: readonly LiveAggregate[],
  columns: CallColumns,
  edges: readonly number[],
  length: Length,
  begins: readonly number[],
): void {
  const placeOf = placesOf(edges);
  for (const { aggregate, buckets, none } of bucketsBetween(edges, aggregates, columns, null)) {
    for (const begin of begins) setClosed(aggregate, length, begin, buckets[placeOf(begin)] ?? none);
  }
}

/** Takes the partial buckets that each aggregate wants. Edges of others may lie within them. */
export function takePartials(
  aggregates: readonly LiveAggregate[],
  columns: CallColumns,
  edges: readonly number[],
  windowsOf: (aggregate: LiveAggregate) => Iterable<Window>,
): void {
  const placeOf = placesOf(edges);
  for (const { aggregate, buckets } of bucketsBetween(edges, aggregates, columns, null)) {
    const { layout, partials } = aggregate;
    for (const window of windowsOf(aggregate)) {
      const within = buckets.slice(placeOf(window.from), placeOf(window.to));
      partials.set(windowName(window), packBucket(mergedBucket(within, layout), layout));
    }
  }
}

/** The place of an edge, -1 for an instant that is none. */
function placesOf(edges: readonly number[]): (at: number) => number {
  const places = new Map(edges.map((edge, place) => [edge, place]));
  return (at) => places.get(at) ?? -1;
}

/**
 * The buckets of each aggregate between one edge and the next, and the bucket of a time without lines. `isTaken` says of each
 * of them whether its lines count; null for all.
 */
function* bucketsBetween(
  edges: readonly number[],
  aggregates: readonly LiveAggregate[],
  columns: CallColumns,
  isTaken: readonly boolean[] | null,
): Generator<{ aggregate: LiveAggregate; buckets: readonly Bucket[]; none: Bucket }> {
  const segments = edges.length - 1;
  const lines = orderBySegment(columns.segments, segments);
  for (const aggregate of aggregates) {
    const { measures, layout, groups } = aggregate;
    const groupOf = groupsOf(aggregate, columns, isTaken);
    const sums = sumLines(rowsOfLines(lines, groupOf, groups.keys.length), layout, columns.sums);
    const lacks = measures.flatMap((measure, place) => (columns.sums.has(measure) ? [] : [place]));
    const buckets = Array.from({ length: segments }, (_, i) => bucketAt(sums, i, layout.width, lacks));
    yield { aggregate, buckets, none: { ...mergedBucket([], layout), lacks } };
  }
}

/** The group of each line, -1 for one that is in no bin or does not count. */
function groupsOf(
  aggregate: LiveAggregate,
  { dimensions, bins: allBins, segments, length }: CallColumns,
  isTaken: readonly boolean[] | null,
): Int32Array {
  const texts = aggregate.dimensions.map((dimension) => dimensions.get(dimension) as TextColumn);
  const bins = aggregate.sketch === null ? null : (allBins.get(aggregate.sketch) as Int32Array);
  const columns = bins === null ? texts : [...texts, columnOfNumbers(bins)];
  const groups = numbersOfLines(columns, length, (line) => {
    const bin = bins?.[line];
    if (bin === NO_BIN) return -1;
    const key = texts.map(({ values, places }) => values[places[line] as number] ?? null);
    return aggregate.groups.numberOf(bin === undefined ? key : [...key, String(bin)]);
  });
  if (isTaken === null) return groups;
  return groups.map((group, line) => (isTaken[segments[line] as number] ? group : -1));
}
