// What an entry of the catalogue of metrics says.

import type { Measure, SketchMeasure } from './measure.ts';

/** Money has the code of its currency. Any other text is what a file calls the unit of a metric of its own; it follows the number. */
export type Unit = 'USD' | 'calls' | 'tokens' | 'ratio' | 'ms' | (string & {});

/** How a value is computed from measures: their sum, a fraction of two such sums, or a quantile of a sketch. */
export type Value =
  | { readonly kind: 'sum'; readonly of: readonly Measure[] }
  | {
      readonly kind: 'ratio';
      readonly of: readonly Measure[];
      readonly by: readonly Measure[];
      /** The value is per this many of `by`, in Fixed. */
      readonly per: bigint;
    }
  | { readonly kind: 'quantile'; readonly sketch: SketchMeasure; readonly q: number };

/** The entry of a metric. Options, checks, messages and the docs follow from it. */
export interface MetricEntry {
  readonly unit: Unit;
  readonly value: Value;
  /** The noun after its number: `890,000 calls`, `$12.00 wasted`. */
  readonly noun: string;
  /** What a group did, in a sentence; `{}` is the number: `spent {}`, `made {} calls`. */
  readonly says: string;
  /** The heading of its column in a table. */
  readonly heading: string;
  /** Its names in other tools. `validate` suggests the metric for them. */
  readonly alsoCalled?: readonly string[];
  /** Its definition over the calls of window and group, for docs/reference.md. */
  readonly doc: string;
}
