// Query, Cell, Series: what a rule asks for and gets.

import type { Measure } from './measure.ts';
import { type Fixed, ONE } from './money.ts';
import type { Sketch } from './sketch.ts';
import type { Window } from './window.ts';

/** A name that rules group and filter by: a canonical dimension, or one declared under `audit.dimensions`. */
export type Dimension = string;

/** The values of a group's dimensions in the order of `groupBy`; null is a group of its own, shown as `(none)`. */
export type GroupKey = readonly (string | null)[];

/** What a dimension's value must be; null stands for SQL's NULL. A `not` list keeps NULL unless it names null. */
export type Condition =
  | { readonly in: readonly (string | null)[] }
  | { readonly notIn: readonly (string | null)[] };
export type Where = Readonly<Record<Dimension, Condition>>;

/** One question of a rule: the samples of some measures per group, in each of some windows. */
export interface Query {
  readonly measures: readonly Measure[];
  readonly where: Where;
  readonly groupBy: readonly Dimension[];
  readonly windows: readonly Window[];
}

/** The same text for all queries with the same groups and filter, in whatever order the filter names its dimensions. */
export function groupingName({ groupBy, where }: Pick<Query, 'groupBy' | 'where'>): string {
  return JSON.stringify([groupBy, Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The measures of one group over one span of time: additive ones as exact decimals, percentile ones as sketches. */
export interface Cell {
  readonly sums: Readonly<Partial<Record<Measure, Fixed>>>;
  readonly sketches: Readonly<Partial<Record<Measure, Sketch>>>;
}

/**
 * The answer to a Query: every group with a row in any of the windows. Groups and windows are named by their places.
 * Exact cells are made when they are asked for: most values are nowhere near a limit, and an estimate shows it.
 */
export interface Series {
  readonly keys: readonly GroupKey[];
  /** Whether the group has a row in the window. */
  has(group: number, window: number): boolean;
  /** The exact cell; null where the group has no row in the window. */
  cell(group: number, window: number): Cell | null;
  /** The sum of an additive measure as a double: within a millionth of a millionth of itself. 0 without rows. */
  estimate(group: number, window: number, measure: Measure): number;
  /**
   * What measures come to together, of all groups, where the series has it at hand: a replay asks for thousands at each
   * instant. The caller may write over it; like all that a series says, it holds until the series is that of another instant, or
   * is asked the same again.
   */
  estimates?(window: number, measures: readonly Measure[]): Float64Array;
  /** The quantile of a sketch as `sketchQuantile` tells it, where the series need not make the sketch for it. */
  quantile?(group: number, window: number, sketch: Measure, q: number): number | null;
}

/** The series of exact cells, a list of them for each group, one for each window. */
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

/**
 * What a store is asked for: cells per group and segment. `edges` are ascending instants (ms) that cut time into
 * segments [edges[i], edges[i+1]); only rows within `ranges` (ascending, disjoint, cut at edges) are read.
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
