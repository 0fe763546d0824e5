// Query, Cell, Series: what a rule asks for and gets.

import { largestOf } from './extremes.ts';
import type { Measure } from './measure.ts';
import { type Fixed, ONE } from './money.ts';
import type { Sketch } from './sketch.ts';
import type { Window } from './window.ts';

/** A name that rules group and filter by: a canonical dimension, or one declared under `audit.dimensions`. */
export type Dimension = string;

/** The values of a group's dimensions, in the order of `groupBy`. NULL is a group of its own, shown as `(none)`. */
export type GroupKey = readonly (string | null)[];

/** The allowed or excluded values of a dimension; null is SQL's NULL. A `not` list keeps NULL unless it names null. */
export type Condition =
  | { readonly in: readonly (string | null)[] }
  | { readonly notIn: readonly (string | null)[] };
export type Where = Readonly<Record<Dimension, Condition>>;

/** A question of a rule: some measures per group, in each of some windows. */
export interface Query {
  readonly measures: readonly Measure[];
  readonly where: Where;
  readonly groupBy: readonly Dimension[];
  readonly windows: readonly Window[];
  /** Hours whose sums are wanted one by one; absent for none. */
  readonly hours?: HoursBack;
}

/** The whole hours of UTC before `to` (ms). */
export interface HoursBack {
  readonly to: number;
  /** How many are wanted of each of some additive measures of the query. */
  readonly counts: readonly HourCount[];
}

export interface HourCount {
  readonly measure: Measure;
  readonly count: number;
}

/** Equal for all queries with the same groups and filter, in whatever order the filter names its dimensions. */
export function groupingName({ groupBy, where }: Pick<Query, 'groupBy' | 'where'>): string {
  return JSON.stringify([groupBy, Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The measures of one group over one span of time: additive ones as exact decimals, percentile ones as sketches. */
export interface Cell {
  readonly sums: Readonly<Partial<Record<Measure, Fixed>>>;
  readonly sketches: Readonly<Partial<Record<Measure, Sketch>>>;
}

/**
 * The answer to a Query: every group with a row in any of the windows. Groups and windows are referred to by index. Exact
 * cells are made on demand: most values are nowhere near a limit, and an estimate shows that.
 */
export interface Series {
  readonly keys: readonly GroupKey[];
  /** Whether the group has a row in the window. */
  has(group: number, window: number): boolean;
  /** The exact cell; null where the group has no row in the window. */
  cell(group: number, window: number): Cell | null;
  /** The sum of an additive measure as a double, with a relative error of at most 10^-12; 0 without rows. */
  estimate(group: number, window: number, measure: Measure): number;
  /**
   * The sum of several measures for every group, where the series has it at hand: a replay asks for thousands at each
   * instant. The caller may overwrite the array. Like everything from a series, it is valid until the series moves to
   * another instant or is asked the same again.
   */
  estimates?(window: number, measures: readonly Measure[]): Float64Array;
  /** The quantile of a sketch as `sketchQuantile` computes it, where the series can do so without building the sketch. */
  quantile?(group: number, window: number, sketch: Measure, q: number): number | null;
  /** The sums of the query's hours; absent where it asked for none. */
  readonly hours?: HourSums | undefined;
}

/** Sums of single hours, of the groups of a series. */
export interface HourSums {
  /** The end of the last hour, ms. */
  readonly to: number;
  /**
   * The sums of one of the measures by hour, up to the last one, as doubles within 10^-12 of themselves; 0 without rows. Not to
   * be written to, and valid until the series moves.
   */
  of(group: number, measure: Measure): Float64Array;
  /**
   * An object that stands for the group's past: another one as soon as the sum of an hour changes that was asked for before.
   * What was worked out from the hours may be kept for as long as it is the same.
   */
  past(group: number): object;
}

/** How many hours are asked for, of the measure with the most of them; 0 without hours. */
export function hourCount(hours: HoursBack | undefined): number {
  return hours === undefined
    ? 0
    : largestOf(
        hours.counts.map(({ count }) => count),
        0,
      );
}

/** From the first of some hours to the last. */
export function spanOfHours(hours: HoursBack): Window {
  return { from: hours.to - hourCount(hours) * HOUR, to: hours.to };
}

/** The hours of two queries of the same measures, together. */
export function mergedHours(a: HoursBack, b: HoursBack): HoursBack {
  const to = Math.max(a.to, b.to);
  const reach = (hours: HoursBack, i: number): number =>
    (hours.counts[i]?.count ?? 0) + (to - hours.to) / HOUR;
  return {
    to,
    counts: a.counts.map(({ measure }, i) => ({ measure, count: Math.max(reach(a, i), reach(b, i)) })),
  };
}

const HOUR = 3_600_000;

/**
 * Relative distance within which estimates are inconclusive and exact values decide. The true error of the doubles is far
 * smaller.
 */
export const ESTIMATE_MARGIN = 1e-6;

/** A series of exact cells: for each group a list with a cell for each window. */
export function seriesOfCells(
  groups: readonly { readonly key: GroupKey; readonly cells: readonly (Cell | null)[] }[],
): Series {
  const cell = (group: number, window: number): Cell | null => groups[group]?.cells[window] ?? null;
  return {
    keys: groups.map(({ key }) => key),
    cell,
    has: (group, window) => cell(group, window) !== null,
    estimate: (group, window, measure) => Number(cell(group, window)?.sums[measure] ?? 0n) / Number(ONE),
  };
}

/** A series without groups. */
export const EMPTY_SERIES = seriesOfCells([]);

/** The index of a group in a series; -1 where the series does not have it. */
export function groupIn({ keys }: Series, key: GroupKey): number {
  const name = JSON.stringify(key);
  return keys.findIndex((one) => JSON.stringify(one) === name);
}

/**
 * A read of a store: cells per group and segment. `edges` are ascending instants (ms) that cut time into segments
 * [edges[i], edges[i+1]). Only rows within `ranges` (ascending, disjoint, cut at edges) are read.
 */
export interface CellRead {
  readonly measures: readonly Measure[];
  readonly where: Where;
  readonly groupBy: readonly Dimension[];
  readonly edges: readonly number[];
  readonly ranges: readonly Window[];
}

/** A row of the answer to a CellRead: the cell of one group in the segment that begins at `edges[segment]`. */
export interface SegmentCell {
  readonly segment: number;
  readonly key: GroupKey;
  readonly cell: Cell;
}
