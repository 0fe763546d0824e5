// What a replay asks of calls, and the answer.

import type { Measure } from './measure.ts';
import type { Dimension } from './series.ts';

/** A request for calls in a span of time: from the first of `edges` (ascending, ms) to the last. */
export interface CallRead {
  readonly dimensions: readonly Dimension[];
  /** Additive measures. `calls` is always included and need not be listed. */
  readonly measures: readonly Measure[];
  readonly sketches: readonly Measure[];
  readonly edges: readonly number[];
  /** Whether calls with equal segment, dimensions and bins are added up into one line of the answer. */
  readonly together: boolean;
}

/** Calls as columns: one line for each call, or for equal calls together, in any order. */
export interface CallColumns {
  readonly length: number;
  /** The segment that begins at `edges[segment]`. */
  readonly segments: Int32Array;
  readonly dimensions: ReadonlyMap<Dimension, TextColumn>;
  /** Always includes `calls`. */
  readonly sums: ReadonlyMap<Measure, DecimalColumn>;
  /** By sketch measure, the bin of each line; NO_BIN where it has none. */
  readonly bins: ReadonlyMap<Measure, Int32Array>;
}

/** Texts as indexes into `values`, which holds each text once. */
export interface TextColumn {
  readonly values: readonly (string | null)[];
  readonly places: Int32Array;
}

/**
 * Exact decimals as two integers, whole units and parts of 10^-12, with the same sign. No `parts` where all of them are 0.
 */
export interface DecimalColumn {
  readonly units: Float64Array;
  readonly parts: Float64Array | null;
}

/** Below every bin that a double can have. */
export const NO_BIN = -2_000_000;
