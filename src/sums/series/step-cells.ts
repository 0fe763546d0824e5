// Calls in columns -> cells of each step.

import type { DecimalColumn } from '../../model/call-columns.ts';
import type { Measure } from '../../model/measure.ts';
import { ONE } from '../../model/money.ts';
import type { Layout, Place } from './layout.ts';

/** Which groups had calls in each of the steps [from, to): a step has one cell for each of them. */
export interface StepGroups {
  readonly from: number;
  readonly to: number;
  /** Where the cells of each step begin; the last one ends them. */
  readonly starts: Int32Array;
  /** By cell. */
  readonly groups: Int32Array;
}

/** What they had: cell after cell, as a layout says. Whole numbers, so that adding steps is exact. */
export interface StepCells extends StepGroups {
  readonly values: Float64Array;
}

/** Lines in the order of their segments: those of segment i are at `starts[i]` … of `order`. */
interface Ordered {
  readonly order: Int32Array;
  readonly starts: Int32Array;
}

export function bySegment(segments: Int32Array, count: number): Ordered {
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

/** Finds the cell of each line, -1 for one of group -1, which is left out. Groups are below `groupCount`. */
export function stepGroups(
  { from, to }: { readonly from: number; readonly to: number },
  { order, starts }: Ordered,
  groupOf: Int32Array,
  groupCount: number,
): StepGroups & { readonly cellOf: Int32Array } {
  const steps = starts.length - 1;
  const cellStarts = new Int32Array(steps + 1);
  const cellOf = new Int32Array(groupOf.length);
  const groups = new Int32Array(groupOf.length);
  const latest = new Int32Array(groupCount).fill(-1);
  let cells = 0;
  for (let step = 0; step < steps; step += 1) {
    const first = cells;
    cellStarts[step] = first;
    for (let i = starts[step] as number; i < (starts[step + 1] as number); i += 1) {
      const line = order[i] as number;
      const group = groupOf[line] as number;
      if (group >= 0 && (latest[group] as number) < first) {
        latest[group] = cells;
        groups[cells] = group;
        cells += 1;
      }
      cellOf[line] = group < 0 ? -1 : (latest[group] as number);
    }
  }
  cellStarts[steps] = cells;
  return { from, to, starts: cellStarts, groups: groups.slice(0, cells), cellOf };
}

/** Adds the lines of each cell up. */
export function cellValues(
  { cellOf, groups }: { readonly cellOf: Int32Array; readonly groups: Int32Array },
  { measures, places, width }: Layout,
  sums: ReadonlyMap<Measure, DecimalColumn>,
): Float64Array {
  const values = new Float64Array(groups.length * width);
  for (const measure of measures) {
    const column = sums.get(measure) as DecimalColumn;
    const { units, parts } = places.get(measure) as Place;
    addColumn(values, column.units, cellOf, width, units);
    if (column.parts === null) continue;
    if (parts === null) throw new RangeError(`${measure} counts calls, and has parts of one`);
    addParts(values, column.parts, cellOf, width, { units, parts });
  }
  return values;
}

/** Adds each line's number to that of its cell: -1 for a line in none. Of each cell `width` values stand together. */
export function addColumn(
  values: Float64Array,
  column: Float64Array,
  cellOf: Int32Array,
  width: number,
  place: number,
): void {
  for (let line = 0; line < cellOf.length; line += 1) {
    const cell = cellOf[line] as number;
    if (cell < 0) continue;
    const at = cell * width + place;
    values[at] = (values[at] as number) + (column[line] as number);
  }
}

const SCALE = Number(ONE);

/** Parts are carried at once: any number of lines may be one cell. */
function addParts(
  values: Float64Array,
  column: Float64Array,
  cellOf: Int32Array,
  width: number,
  place: { readonly units: number; readonly parts: number },
): void {
  for (let line = 0; line < cellOf.length; line += 1) {
    const cell = cellOf[line] as number;
    if (cell < 0) continue;
    const at = cell * width;
    let part = (values[at + place.parts] as number) + (column[line] as number);
    if (part >= SCALE || part <= -SCALE) {
      const unit = part > 0 ? 1 : -1;
      part -= unit * SCALE;
      values[at + place.units] = (values[at + place.units] as number) + unit;
    }
    values[at + place.parts] = part;
  }
}
