// Calls in columns -> cells of cubes by the minute.

import { firstNotBelow } from '../../model/ascending.ts';
import { type CallColumns, type CallRead, NO_BUCKET, type TextColumn } from '../../model/call-columns.ts';
import type { Cube } from '../../model/cube.ts';
import { readTogether } from '../series/buckets.ts';
import { MINUTE, MINUTES } from '../series/grid.ts';
import { type OrderedLines, orderBySegment, rowsOfLines, sumLines } from '../series/line-buckets.ts';
import { columnOfNumbers, numbersOfLines } from '../series/line-groups.ts';
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
 * Takes calls as cells by the minute of all these cubes; `edges` are those that were asked for.
 * Minutes (ms) that are kept stay as they are, and of `hours` they are the only ones that do.
 */
export function takeCalls(
  owners: readonly CubeCells[],
  columns: CallColumns,
  edges: readonly number[],
  hours: readonly number[],
  isKept: (minute: number) => boolean,
): void {
  const byHour = new Map(hours.map((hour) => [hour, minutesOf(hour, columns.segments, edges)]));
  const isTaken = edges.map((minute) => !isKept(minute));
  for (const own of owners) {
    const groupOf = groupsOf(own, columns, isTaken);
    const packed = hours.map((hour) => {
      const lines = byHour.get(hour) as OrderedLines;
      const rows = rowsOfLines(lines, groupOf, own.dictionary.keys.length);
      return [hour, readTogether(sumLines(rows, own.layout, columns.sums))] as const;
    });
    putDetails(own, new Map(packed), isKept);
  }
}

/** The lines of an hour by the minute (60). */
function minutesOf(hour: number, segments: Int32Array, edges: readonly number[]): OrderedLines {
  const { order, starts } = orderBySegment(segments, edges.length - 1);
  const startOf = (at: number): number =>
    starts[Math.min(firstNotBelow(edges, at), edges.length - 1)] as number;
  return {
    order,
    starts: Int32Array.from({ length: MINUTES + 1 }, (_, minute) => startOf(hour + minute * MINUTE)),
  };
}

/** The group of each line in a cube, -1 for a call that is in no bin or in a minute that is not taken. */
function groupsOf(
  { cube, dictionary }: CubeCells,
  { dimensions, buckets, segments, length }: CallColumns,
  isTaken: readonly boolean[],
): Int32Array {
  const texts = cube.dimensions.map((dimension) => dimensions.get(dimension) as TextColumn);
  const bins = cube.bucket === null ? null : (buckets.get(cube.bucket) as Int32Array);
  const columns = bins === null ? texts : [...texts, columnOfNumbers(bins)];
  const groups = numbersOfLines(columns, length, (line) => {
    const bin = bins?.[line];
    if (bin === NO_BUCKET) return -1;
    const key = texts.map(({ values, places }) => values[places[line] as number] ?? null);
    return dictionary.numberOf(bin === undefined ? key : [...key, String(bin)]);
  });
  return groups.map((group, line) => (isTaken[segments[line] as number] ? group : -1));
}
