import type { DecimalColumn } from '../model/call-columns.ts';
import { carry } from './packed-cells.ts';

/**
 * What the groups of a table had in each step of a stretch of time. A step has one cell for each of its groups, and a
 * sum is whole units and 10^-12 parts, so that adding steps is exact.
 */
export interface StepCells {
  readonly from: number;
  readonly to: number;
  /** Where the cells of each step begin; the last one ends them. */
  readonly starts: Int32Array;
  readonly groups: Int32Array;
  /** By measure, in the table's order. Units of 32 bits where all of them fit. */
  readonly units: readonly (Int32Array | Float64Array)[];
  /** By measure; null where no sum has any. */
  readonly parts: readonly (Float64Array | null)[];
}

/** Lines in the order of their segments: line `order[i]` lies in the segment that `starts` says. */
export interface Ordered {
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

/** Adds the lines of each segment up by group; lines of group -1 are left out. Groups are below `groupCount`. */
export function stepCells(
  { from, to }: { readonly from: number; readonly to: number },
  { order, starts }: Ordered,
  groupOf: Int32Array,
  groupCount: number,
  sums: readonly DecimalColumn[],
): StepCells {
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
      if (group < 0) {
        cellOf[line] = -1;
        continue;
      }
      if ((latest[group] as number) < first) {
        latest[group] = cells;
        groups[cells] = group;
        cells += 1;
      }
      cellOf[line] = latest[group] as number;
    }
  }
  cellStarts[steps] = cells;
  const columns = sums.map((column) => addedUp(column, cellOf, cells));
  return {
    from,
    to,
    starts: cellStarts,
    groups: groups.slice(0, cells),
    units: columns.map(({ units }) => narrow(units)),
    parts: columns.map(({ parts }) => parts),
  };
}

/** Parts of so many sums stay exact: a line more, and they are carried. */
const MOST_PARTS = 2 ** 52;

function addedUp(column: DecimalColumn, cellOf: Int32Array, cells: number): DecimalColumn {
  const units = new Float64Array(cells);
  for (let line = 0; line < cellOf.length; line += 1) {
    const cell = cellOf[line] as number;
    if (cell >= 0) units[cell] = (units[cell] as number) + (column.units[line] as number);
  }
  if (column.parts === null) return { units, parts: null };
  const parts = new Float64Array(cells);
  for (let line = 0; line < cellOf.length; line += 1) {
    const cell = cellOf[line] as number;
    if (cell < 0) continue;
    const part = (parts[cell] as number) + (column.parts[line] as number);
    parts[cell] = part;
    if (part > MOST_PARTS || part < -MOST_PARTS) carry(units, parts);
  }
  carry(units, parts);
  return { units, parts };
}

function narrow(units: Float64Array): Int32Array | Float64Array {
  const narrowed = new Int32Array(units);
  for (let i = 0; i < units.length; i += 1) if (narrowed[i] !== units[i]) return units;
  return narrowed;
}
