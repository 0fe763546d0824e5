// Steps, and what all before them come to.

import { carryParts, type Layout } from '../series/layout.ts';
import type { StepCells } from '../series/step-cells.ts';

/** The sums of all calls before a step, group after group: the sums between two steps are a difference. */
export interface RunningTotals {
  readonly values: Float64Array;
  /** Where those of the first group stand. */
  readonly start: number;
  /** So many numbers from there on; a group behind them had no call yet. */
  readonly length: number;
}

/** Totals to be set. All of them are made here, in one shape: they are read hundreds of millions of times. */
export function openTotals(): { -readonly [K in keyof RunningTotals]: RunningTotals[K] } {
  return { values: new Float64Array(0), start: 0, length: 0 };
}

/** What had been summed up at a place of the totals. */
export function totalAt({ values, start, length }: RunningTotals, place: number): number {
  return place < length ? (values[start + place] as number) : 0;
}

/** Some steps, and what everything before them sums up to. */
export interface SummedSteps {
  readonly from: number;
  readonly to: number;
  /** How many numbers the totals before a step have. */
  readonly length: number;
  /** The totals before each step, and behind the last one; before the first alone where `cells` tell the rest. */
  readonly totals: Float64Array;
  /** Null where the totals before each step are there. */
  readonly cells: StepCells | null;
}

/** So many steps at most are added before parts are carried: the totals at two ends may lack twice as many, and 9,000 are exact. */
const LONGEST = 4_000;
/**
 * Where half of all groups have calls in a step, the totals before each take little more than the cells do, and nothing
 * needs to be added up again.
 */
const DENSE = 0.5;

/**
 * The stretches with the steps that follow them, summed up on from `totals`, which are then those behind the last step. The
 * new steps join the latest ones where these are so few that the totals before them take more than they do.
 */
export function withSteps(
  stretches: readonly SummedSteps[],
  cells: StepCells,
  totals: Float64Array,
  layout: Layout,
): SummedSteps[] {
  const latest = stretches.at(-1);
  if (latest !== undefined && mayJoin(latest, cells, layout.width)) {
    const { from, to } = cells;
    addSteps({ values: totals, start: 0 }, cells, layout.width, { from, to, sign: 1 });
    const before = enlarged(latest.totals, totals.length);
    const joined = appended(latest.cells as StepCells, cells);
    return [
      ...stretches.slice(0, -1),
      { from: latest.from, to, length: totals.length, totals: before, cells: joined },
    ];
  }
  const more: SummedSteps[] = [];
  for (let { from } = cells; from < cells.to; from += LONGEST) {
    carryParts(totals, layout);
    more.push(summed(cells, totals, layout, { from, to: Math.min(cells.to, from + LONGEST) }));
  }
  return [...stretches, ...more];
}

/** The same numbers, with room for so many at least. */
export function enlarged(values: Float64Array, length: number): Float64Array {
  if (values.length >= length) return values;
  const larger = new Float64Array(length);
  larger.set(values);
  return larger;
}

function mayJoin(latest: SummedSteps, { from, to }: StepCells, width: number): boolean {
  const { cells } = latest;
  return (
    cells !== null &&
    cells.from === latest.from &&
    cells.to === from &&
    to - latest.from <= LONGEST &&
    cells.groups.length * (width + 1) < latest.length
  );
}

function appended(a: StepCells, b: StepCells): StepCells {
  const starts = new Int32Array(a.starts.length + b.starts.length - 1);
  starts.set(a.starts);
  starts.set(
    b.starts.map((start) => start + a.groups.length),
    a.starts.length - 1,
  );
  const groups = new Int32Array(a.groups.length + b.groups.length);
  groups.set(a.groups);
  groups.set(b.groups, a.groups.length);
  const values = new Float64Array(a.values.length + b.values.length);
  values.set(a.values);
  values.set(b.values, a.values.length);
  return { from: a.from, to: b.to, starts, groups, values };
}

function summed(
  cells: StepCells,
  totals: Float64Array,
  { width }: Layout,
  { from, to }: { readonly from: number; readonly to: number },
): SummedSteps {
  const { length } = totals;
  const steps = to - from;
  if (cellsBetween(cells, from, to) * width < DENSE * steps * length) {
    const before = totals.slice();
    addSteps({ values: totals, start: 0 }, cells, width, { from, to, sign: 1 });
    return { from, to, length, totals: before, cells };
  }
  const all = new Float64Array((steps + 1) * length);
  all.set(totals);
  for (let step = from, start = length; step < to; step += 1, start += length) {
    all.copyWithin(start, start - length, start);
    addSteps({ values: all, start }, cells, width, { from: step, to: step + 1, sign: 1 });
  }
  totals.set(all.subarray(steps * length));
  return { from, to, length, totals: all, cells: null };
}

/** Adds the cells of the steps [from, to) to totals, or takes them away. */
export function addSteps(
  { values: totals, start }: Pick<RunningTotals, 'values' | 'start'>,
  { from: first, starts, groups, values }: StepCells,
  width: number,
  { from, to, sign }: { readonly from: number; readonly to: number; readonly sign: 1 | -1 },
): void {
  const end = starts[to - first] as number;
  let cell = starts[from - first] as number;
  for (let at = cell * width; cell < end; cell += 1) {
    const place = start + (groups[cell] as number) * width;
    for (let m = 0; m < width; m += 1, at += 1) {
      totals[place + m] = (totals[place + m] as number) + sign * (values[at] as number);
    }
  }
}

/** Numbers that are held. */
export function sizeOf({ from, to, totals, cells }: SummedSteps, width: number): number {
  return totals.length + (cells === null ? 0 : cellsBetween(cells, from, to) * (width + 1));
}

function cellsBetween({ from: first, starts }: StepCells, from: number, to: number): number {
  return (starts[to - first] as number) - (starts[from - first] as number);
}
