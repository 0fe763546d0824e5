import { carry, type PackedCells } from './packed-cells.ts';

/** Sums by group and measure, group-major, as in PackedCells; groups are numbered by a view. */
export interface Totals {
  units: Float64Array;
  parts: Float64Array;
  /** Cells that were added since parts were carried. */
  uncarried: number;
  /** Places of measures that some cells lack: their sums are too small. */
  lacks: readonly number[];
}

/** Which cells are added: from one place up to another, or (sign -1) taken away. */
export interface CellRange {
  readonly from: number;
  readonly to: number;
  readonly sign?: 1 | -1;
}

/** Additions before which parts are carried, below the 9,000 that are exact. */
const CARRY_AFTER = 8_000;
const NONE: readonly number[] = [];

export function emptyTotals(size: number): Totals {
  return { units: new Float64Array(size), parts: new Float64Array(size), uncarried: 0, lacks: NONE };
}

/** Makes sums nothing again. */
export function clearTotals(totals: Totals): void {
  totals.units.fill(0);
  totals.parts.fill(0);
  totals.uncarried = 0;
  totals.lacks = NONE;
}

/**
 * Adds cells to the groups of their keys; `groupOf` is -1 for keys that do not count. Any number of cells may fall into
 * one group, so parts are carried by the count of cells.
 */
export function addCells(
  totals: Totals,
  cells: PackedCells,
  groupOf: Int32Array,
  measures: number,
  { from, to, sign = 1 }: CellRange,
): void {
  totals.lacks = bothLacks(totals.lacks, cells.lacks);
  for (let begin = from; begin < to; begin += CARRY_AFTER) {
    const end = Math.min(to, begin + CARRY_AFTER);
    makeRoom(totals, end - begin);
    for (let i = begin; i < end; i += 1) {
      const group = groupOf[cells.keys[i] as number] as number;
      if (group < 0) continue;
      for (let m = 0; m < measures; m += 1) {
        const at = group * measures + m;
        const cell = i * measures + m;
        totals.units[at] = (totals.units[at] as number) + sign * (cells.units[cell] as number);
        totals.parts[at] = (totals.parts[at] as number) + sign * (cells.parts[cell] as number);
      }
    }
  }
}

/** Adds sums of the same view, which may know fewer groups. Their parts must be carried. */
export function addTotals(totals: Totals, more: Totals): void {
  totals.lacks = bothLacks(totals.lacks, more.lacks);
  makeRoom(totals, 1);
  for (let i = 0; i < more.units.length; i += 1) {
    totals.units[i] = (totals.units[i] as number) + (more.units[i] as number);
    totals.parts[i] = (totals.parts[i] as number) + (more.parts[i] as number);
  }
}

export function carryTotals(totals: Totals): void {
  carry(totals.units, totals.parts);
  totals.uncarried = 0;
}

/** Sums of as many groups and measures as there are now. */
export function grown(totals: Totals, size: number): Totals {
  if (totals.units.length >= size) return totals;
  const larger = { ...totals, units: new Float64Array(size), parts: new Float64Array(size) };
  larger.units.set(totals.units);
  larger.parts.set(totals.parts);
  return larger;
}

/** The places that either list names; mostly one of them says it all. */
export function bothLacks(some: readonly number[], more: readonly number[]): readonly number[] {
  for (const place of more) if (!some.includes(place)) return [...new Set([...some, ...more])];
  return some;
}

function makeRoom(totals: Totals, additions: number): void {
  if (totals.uncarried + additions > CARRY_AFTER) carryTotals(totals);
  totals.uncarried += additions;
}
