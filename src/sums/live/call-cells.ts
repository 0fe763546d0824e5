// Calls in columns -> cells of cubes by the minute.

import { firstNotBelow } from '../../model/ascending.ts';
import {
  type CallColumns,
  type CallRead,
  type DecimalColumn,
  NO_BUCKET,
  type TextColumn,
} from '../../model/call-columns.ts';
import type { Cube } from '../../model/cube.ts';
import { HOUR, MINUTE } from '../series/grid.ts';
import { type MinuteLines, packCalls } from '../series/packed-cells.ts';
import { bySegment } from '../series/step-cells.ts';
import { type CubeCells, putDetails } from './cube-cells.ts';

/** What must be known of calls so that the cells of all these cubes follow from it. */
export function callsFor(cubes: readonly Cube[], edges: readonly number[]): CallRead {
  const measures = new Set(cubes.flatMap((cube) => cube.measures));
  measures.delete('calls');
  return {
    dimensions: [...new Set(cubes.flatMap(({ dimensions }) => dimensions))],
    measures: [...measures],
    sketches: [...new Set(cubes.flatMap(({ bucket }) => bucket ?? []))],
    edges,
    // What few calls have in common saves less than it costs the store to find out.
    together: false,
  };
}

/**
 * Takes calls, at most 9,000, as cells by the minute of all these cubes; `edges` are those that were asked for.
 * Minutes (ms) that are kept stay as they are, and of `hours` they are the only ones that do.
 */
export function takeCalls(
  owners: readonly CubeCells[],
  columns: CallColumns,
  edges: readonly number[],
  hours: readonly number[],
  isKept: (minute: number) => boolean,
): void {
  const byHour = new Map(hours.map((hour) => [hour, linesOf(hour, columns.segments, edges)]));
  const isTaken = edges.map((minute) => !isKept(minute));
  for (const own of owners) {
    const keyOf = keysOf(own, columns, isTaken);
    const sums = own.cube.measures.map((measure) => columns.sums.get(measure) as DecimalColumn);
    const packed = hours.map(
      (hour) => [hour, packCalls(byHour.get(hour) as MinuteLines, keyOf, sums)] as const,
    );
    putDetails(own, new Map(packed), isKept);
  }
}

/** Calls of an hour by the minute. */
function linesOf(hour: number, segments: Int32Array, edges: readonly number[]): MinuteLines {
  const { order, starts } = bySegment(segments, edges.length - 1);
  const startOf = (at: number): number | undefined =>
    starts[Math.min(firstNotBelow(edges, at), edges.length - 1)];
  const lines = order.subarray(startOf(hour), startOf(hour + HOUR));
  return {
    lines,
    minutes: lines.map((line) => ((edges[segments[line] as number] as number) - hour) / MINUTE),
  };
}

/** The number of each line's key in the cube's dictionary, -1 for a call that is in no bucket or in a minute that is not taken. */
function keysOf(
  { cube, dictionary }: CubeCells,
  { dimensions, buckets, segments, length }: CallColumns,
  isTaken: readonly boolean[],
): Int32Array {
  const texts = cube.dimensions.map((dimension) => dimensions.get(dimension) as TextColumn);
  const bucketOf = cube.bucket === null ? null : (buckets.get(cube.bucket) as Int32Array);
  const numbers = new Int32Array(length).fill(-1);
  for (let line = 0; line < length; line += 1) {
    const bucket = bucketOf?.[line];
    if (bucket === NO_BUCKET || !isTaken[segments[line] as number]) continue;
    const key: (string | null)[] = [];
    for (const { values, places } of texts) key.push(values[places[line] as number] as string | null);
    if (bucket !== undefined) key.push(String(bucket));
    numbers[line] = dictionary.numberOf(key);
  }
  return numbers;
}
