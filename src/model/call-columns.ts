// What a replay asks of calls, and gets.

import type { Measure } from './measure.ts';
import type { Dimension } from './series.ts';

/** A question for the calls of a stretch of time: from the first of `edges` (ascending, ms) to the last. */
export interface CallRead {
  readonly dimensions: readonly Dimension[];
  /** Additive ones; `calls` is known without being asked for. */
  readonly measures: readonly Measure[];
  readonly sketches: readonly Measure[];
  readonly edges: readonly number[];
  /** Whether calls that agree in segment, dimensions and buckets are one line of the answer. */
  readonly together: boolean;
}

/** Calls in columns, a line for each or for some together, in any order of lines. */
export interface CallColumns {
  readonly length: number;
  /** The segment that begins at `edges[segment]`. */
  readonly segments: Int32Array;
  readonly dimensions: ReadonlyMap<Dimension, TextColumn>;
  /** `calls` is always among them. */
  readonly sums: ReadonlyMap<Measure, DecimalColumn>;
  /** The bucket of a sketch, NO_BUCKET for calls that are in none. */
  readonly buckets: ReadonlyMap<Measure, Int32Array>;
}

/** Texts by the places of `values`, each of which is there once. */
export interface TextColumn {
  readonly values: readonly (string | null)[];
  readonly places: Int32Array;
}

/** Exact decimals as two whole numbers, units and 10^-12 parts of the same sign; no parts where all are 0. */
export interface DecimalColumn {
  readonly units: Float64Array;
  readonly parts: Float64Array | null;
}

/** Far from every bucket that a double can have. */
export const NO_BUCKET = -2_000_000;
