// Sums by group and measure, exact.

import type { Measure } from '../../model/measure.ts';
import { carryParts, type Layout, layoutOf } from './layout.ts';
import type { PackedCells } from './packed-cells.ts';

/** Sums of some of a cube's measures by group, as the layout says; groups are numbered by a view. */
export interface Totals {
  values: Float64Array;
  /** Cells that were added since parts were carried. */
  uncarried: number;
  /** Whether some of these cells lack a measure, so that sums are too small. */
  isShort: boolean;
}

/** Which measures of a cube's cells are summed, and how the sums stand. */
export interface Shape {
  readonly layout: Layout;
  /** The place of each measure in the cube's cells, and 1 for those that have parts. */
  readonly sources: Int32Array;
  readonly withParts: Uint8Array;
  /** How many measures the cube's cells have. */
  readonly cubeWidth: number;
}

/** Which cells are added: from one place up to another, or (sign -1) taken away. */
export interface CellRange {
  readonly from: number;
  readonly to: number;
  readonly sign?: 1 | -1;
}

/** Additions before which parts are carried, below the 9,000 that are exact. */
const CARRY_AFTER = 8_000;

/** Of all that a cube has, a question mostly needs two measures: less is added, and less is fetched from memory. */
export function shapeOf(measures: readonly Measure[], ofCube: readonly Measure[]): Shape {
  const layout = layoutOf(measures);
  return {
    layout,
    sources: Int32Array.from(measures, (measure) => ofCube.indexOf(measure)),
    withParts: Uint8Array.from(measures, (measure) => (layout.places.get(measure)?.parts === null ? 0 : 1)),
    cubeWidth: ofCube.length,
  };
}

export function emptyTotals(size: number): Totals {
  return { values: new Float64Array(size), uncarried: 0, isShort: false };
}

/** Makes sums nothing again. */
export function clearTotals(totals: Totals): void {
  totals.values.fill(0);
  totals.uncarried = 0;
  totals.isShort = false;
}

/**
 * Adds cells to the groups of their keys; `groupOf` is -1 for keys that do not count. Any number of cells may fall into
 * one group, so parts are carried by the count of cells.
 */
export function addCells(
  totals: Totals,
  { keys, units, parts }: PackedCells,
  groupOf: Int32Array,
  shape: Shape,
  { from, to, sign = 1 }: CellRange,
): void {
  const { layout, sources, withParts, cubeWidth } = shape;
  const { values } = totals;
  for (let begin = from; begin < to; begin += CARRY_AFTER) {
    const end = Math.min(to, begin + CARRY_AFTER);
    makeRoom(totals, layout, end - begin);
    for (let i = begin; i < end; i += 1) {
      const group = groupOf[keys[i] as number] as number;
      if (group < 0) continue;
      const cell = i * cubeWidth;
      let at = group * layout.width;
      for (let m = 0; m < sources.length; m += 1) {
        const source = cell + (sources[m] as number);
        values[at] = (values[at] as number) + sign * (units[source] as number);
        at += 1;
        if (withParts[m] === 0) continue;
        values[at] = (values[at] as number) + sign * (parts[source] as number);
        at += 1;
      }
    }
  }
}

/** Adds sums of the same view, which may know fewer groups. Their parts must be carried. */
export function addTotals(totals: Totals, more: Totals, { layout }: Shape): void {
  makeRoom(totals, layout, 1);
  for (let i = 0; i < more.values.length; i += 1) {
    totals.values[i] = (totals.values[i] as number) + (more.values[i] as number);
  }
}

export function carryTotals(totals: Totals, layout: Layout): void {
  carryParts(totals.values, layout);
  totals.uncarried = 0;
}

/** Makes room for as many numbers as there are now. */
export function grow(totals: Totals, size: number): void {
  if (totals.values.length >= size) return;
  const larger = new Float64Array(size);
  larger.set(totals.values);
  totals.values = larger;
}

/** Whether cells lack one of the measures that are summed. */
export function isShortOf({ lacks }: PackedCells, { sources }: Shape): boolean {
  return lacks.length > 0 && lacks.some((place) => sources.includes(place));
}

function makeRoom(totals: Totals, layout: Layout, additions: number): void {
  if (totals.uncarried + additions > CARRY_AFTER) carryTotals(totals, layout);
  totals.uncarried += additions;
}
