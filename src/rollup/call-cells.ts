import { firstNotBelow } from '../model/ascending.ts';
import {
  type CallColumns,
  type CallRead,
  type DecimalColumn,
  NO_BUCKET,
  type TextColumn,
} from '../model/call-columns.ts';
import type { Cube } from '../model/cube.ts';
import type { Measure } from '../model/measure.ts';
import { combined, type NumberColumn, numbered } from './call-groups.ts';
import { type CubeCells, putDetails } from './cube-cells.ts';
import { HOUR, MINUTE } from './grid.ts';
import { type MinuteLines, packCalls } from './packed-cells.ts';
import { bySegment } from './step-cells.ts';

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
  const buckets = new Map([...columns.buckets].map(([sketch, of]) => [sketch, numbered(of)]));
  for (const own of owners) {
    const keyOf = keysOf(own, columns, buckets);
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

/** The number of each line's key in the cube's dictionary, -1 for a call that is in no bucket: the text of each key is made once. */
function keysOf(
  { cube, dictionary }: CubeCells,
  { dimensions, length }: CallColumns,
  buckets: ReadonlyMap<Measure, NumberColumn>,
): Int32Array {
  const texts = cube.dimensions.map((dimension) => dimensions.get(dimension) as TextColumn);
  const bucket = cube.bucket === null ? null : (buckets.get(cube.bucket) as NumberColumn);
  const { ids, firsts } = combined(bucket === null ? texts : [...texts, bucket], length);
  const numbers = firsts.map((line) => {
    const key: (string | null)[] = texts.map(({ values, places }) => values[places[line] as number] ?? null);
    if (bucket === null) return dictionary.numberOf(key);
    const value = bucket.values[bucket.places[line] as number] as number;
    return value === NO_BUCKET ? -1 : dictionary.numberOf([...key, String(value)]);
  });
  return ids.map((id) => numbers[id] as number);
}
