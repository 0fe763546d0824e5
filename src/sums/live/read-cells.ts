// Hours, days and pieces of minutes: the store -> cells.

import type { Cube } from '../../model/cube.ts';
import type { Measure } from '../../model/measure.ts';
import type { Window } from '../../model/window.ts';
import type { AuditSnapshot, CubeCell } from '../../stores/audit-store.ts';
import { unionOf } from '../direct/plan.ts';
import { packBucket, type StoredBuckets, type TextRow } from '../series/buckets.ts';
import { ascending, edgesOf, HOUR, hourOf, type Length, minuteEdges } from '../series/grid.ts';
import { memberOf } from '../series/member.ts';
import { type CubeCells, takeDetails, takeWhole } from './cube-cells.ts';
import { coarsened, finerCube } from './finer-cube.ts';

/**
 * Reads hours by the minute, each cube the ones it wants, in a statement for every set of hours that some cubes share; of
 * each only the measures that `measuresOf` says. Nothing at or after `end` is read.
 */
export async function readHoursByMinute(
  snapshot: AuditSnapshot,
  wanted: ReadonlyMap<CubeCells, ReadonlySet<number>>,
  end: number,
  measuresOf: (own: CubeCells, hour: number) => readonly Measure[],
): Promise<number> {
  let rows = 0;
  for (const { owners, begins: hours } of sharedBegins(byMeasures(wanted, measuresOf))) {
    const ranges = unionOf(hours.map((hour) => ({ from: hour, to: Math.min(hour + HOUR, end) })));
    const edges = ascending(new Set(ranges.flatMap(({ from, to }) => minuteEdges(from, to))));
    const asked = owners.map((own) => ({ ...own.cube, measures: measuresOf(own, hours[0] as number) }));
    const cells = await snapshot.cells(asked, edges, ranges);
    for (const [i, own] of owners.entries()) {
      const { sums, lacks } = widened(own, (asked[i] as Cube).measures);
      takeDetails(own, sums(cells[i] as CubeCell[]), edges, hours, () => false);
      for (const hour of hours) own.details.set(hour, { ...(own.details.get(hour) as StoredBuckets), lacks });
    }
    rows += rowsIn(asked, cells);
  }
  return rows;
}

/**
 * Reads whole hours or days, by their beginnings, each cube the ones it wants, in a statement for every set of them that
 * some cubes share; of each only the measures that `measuresOf` says.
 */
export async function readWhole(
  snapshot: AuditSnapshot,
  length: Length,
  wanted: ReadonlyMap<CubeCells, ReadonlySet<number>>,
  measuresOf: (own: CubeCells, newest: number) => readonly Measure[],
): Promise<number> {
  let rows = 0;
  for (const { owners, begins } of sharedBegins(wanted)) {
    const edges = edgesOf(begins, length);
    const ranges = unionOf(begins.map((begin) => ({ from: begin, to: begin + length })));
    const asked = owners.map((own) => ({ ...own.cube, measures: measuresOf(own, begins.at(-1) as number) }));
    const cells = await coarseCells(snapshot, owners, asked, edges, ranges);
    for (const [i, own] of owners.entries()) {
      const { sums, lacks } = widened(own, (asked[i] as Cube).measures);
      takeWhole(own, length, sums(cells[i] as CubeCell[]), edges, begins, lacks);
    }
    rows += rowsIn(asked, cells);
  }
  return rows;
}

/** Reads parts of minutes, by their names, in one statement: they hold so few rows that each cube may get those of all. */
export async function readPieces(
  snapshot: AuditSnapshot,
  wanted: ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>,
): Promise<number> {
  return wanted.size === 0 ? 0 : readCuts(snapshot, [...wanted], ({ cube }) => cube.measures);
}

/**
 * Reads parts of hours, by their names, in a statement for all cubes that want some of the same hours; of each hour only the
 * measures that `measuresOf` says.
 */
export async function readParts(
  snapshot: AuditSnapshot,
  wanted: ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>,
  measuresOf: (own: CubeCells, hour: number) => readonly Measure[],
): Promise<number> {
  const hours = new Map(
    [...wanted].map(([own, parts]) => [own, new Set([...parts.values()].map(({ from }) => hourOf(from)))]),
  );
  let rows = 0;
  for (const { owners, begins } of sharedBegins(byMeasures(hours, measuresOf))) {
    const shared = new Set(begins);
    const partsOf = (own: CubeCells) =>
      new Map([...(wanted.get(own) ?? [])].filter(([, { from }]) => shared.has(hourOf(from))));
    rows += await readCuts(
      snapshot,
      owners.map((own) => [own, partsOf(own)]),
      measuresOf,
    );
  }
  return rows;
}

/** Each cube's own pieces out of one statement over the pieces of all; those of a cube want the same measures. */
async function readCuts(
  snapshot: AuditSnapshot,
  wanted: readonly (readonly [CubeCells, ReadonlyMap<string, Window>])[],
  measuresOf: (own: CubeCells, hour: number) => readonly Measure[],
): Promise<number> {
  const windows = wanted.flatMap(([, pieces]) => [...pieces.values()]);
  const edges = ascending(new Set(windows.flatMap(({ from, to }) => [from, to])));
  const asked = wanted.map(([own]) => ({
    ...own.cube,
    measures: measuresOf(own, hourOf((windows[0] as Window).from)),
  }));
  const owners = wanted.map(([own]) => own);
  const cells = await coarseCells(snapshot, owners, asked, edges, unionOf(windows));
  for (const [i, [own, pieces]] of wanted.entries()) {
    const { sums, lacks } = widened(own, (asked[i] as Cube).measures);
    const bySegment = new Map<number, TextRow[]>();
    for (const { segment, key, sums: values } of sums(cells[i] as CubeCell[])) {
      const loose = { bucket: 0, group: own.dictionary.numberOf(key), sums: values };
      memberOf(bySegment, segment, () => []).push(loose);
    }
    for (const [name, { from, to }] of pieces) {
      // Other pieces' edges may cut this one; its cells are kept as they come, and add up all the same.
      const loose: TextRow[] = [];
      for (let at = edges.indexOf(from); (edges[at] as number) < to; at += 1) {
        for (const cell of bySegment.get(at) ?? []) loose.push(cell);
      }
      own.pieces.set(name, { ...packBucket(loose, own.layout), lacks });
    }
  }
  return rowsIn(asked, cells);
}

/** The cells of segments; those of one key and segment may be several, which belong together. */
async function coarseCells(
  snapshot: AuditSnapshot,
  owners: readonly CubeCells[],
  asked: readonly Cube[],
  edges: readonly number[],
  ranges: readonly Window[],
): Promise<CubeCell[][]> {
  const wanted = asked.map((cube, i) => ({ cube, groups: (owners[i] as CubeCells).dictionary.keys.length }));
  const finer = finerCube(wanted);
  if (finer === null) return snapshot.cells(asked, edges, ranges);
  const [cells = []] = await snapshot.cells([finer], edges, ranges);
  return asked.map((cube) => coarsened(cells, finer, cube));
}

/** How cells with some of a cube's measures become cells with all of them, and the places of those that are lacking. */
function widened(own: CubeCells, measures: readonly Measure[]) {
  const places = own.cube.measures.map((measure) => measures.indexOf(measure));
  const lacks = places.flatMap((place, m) => (place < 0 ? [m] : []));
  const sums = (cells: readonly CubeCell[]): readonly CubeCell[] =>
    lacks.length === 0
      ? cells
      : cells.map((cell) => ({ ...cell, sums: places.map((place) => cell.sums[place] ?? '0') }));
  return { sums, lacks };
}

/** A cube's hours apart where other measures are wanted of them. */
function* byMeasures(
  wanted: ReadonlyMap<CubeCells, ReadonlySet<number>>,
  measuresOf: (own: CubeCells, hour: number) => readonly Measure[],
): Generator<[CubeCells, ReadonlySet<number>]> {
  for (const [own, hours] of wanted) {
    const apart = new Map<string, Set<number>>();
    for (const hour of hours)
      memberOf(apart, measuresOf(own, hour).join(), () => new Set<number>()).add(hour);
    for (const set of apart.values()) yield [own, set];
  }
}

/** Begins that the same cubes want, together: their rows are read once for all of these cubes. */
function sharedBegins(
  wanted: Iterable<readonly [CubeCells, ReadonlySet<number>]>,
): { owners: CubeCells[]; begins: number[] }[] {
  const all = [...wanted];
  const byBegin = new Map<number, number[]>();
  for (const [i, [, begins]] of all.entries()) {
    for (const begin of begins) memberOf(byBegin, begin, () => []).push(i);
  }
  const groups = new Map<string, { owners: CubeCells[]; begins: number[] }>();
  for (const begin of ascending(byBegin.keys())) {
    const places = byBegin.get(begin) as number[];
    const owners = (): CubeCells[] => places.map((place) => (all[place] as (typeof all)[number])[0]);
    memberOf(groups, places.join(), () => ({ owners: owners(), begins: [] })).begins.push(begin);
  }
  return [...groups.values()];
}

/** Rows read: the calls of the coarsest cube, whose cells are the fewest. */
export function rowsIn(cubes: readonly Cube[], cells: readonly (readonly CubeCell[])[]): number {
  const coarsest = cubes.reduce(
    (best, { bucket, dimensions }, i) =>
      bucket === null && dimensions.length < (cubes[best]?.dimensions.length ?? 99) ? i : best,
    0,
  );
  const calls = cubes[coarsest]?.measures.indexOf('calls') ?? -1;
  return (cells[coarsest] ?? []).reduce((rows, { sums }) => rows + Number(sums[calls]), 0);
}
