// What sums are kept of: some measures for every combination of some dimensions.

import type { Measure, SketchMeasure } from './measure.ts';
import type { Dimension } from './series.ts';

/**
 * The sums of some measures for every combination of values of some dimensions. With a sketch they are split by its bins
 * too, so that percentiles follow from sums as well; the bin is then the last member of the key.
 */
export interface Aggregate {
  /** Ascending. */
  readonly dimensions: readonly Dimension[];
  /** Additive ones, ascending, `calls` always among them. */
  readonly measures: readonly Measure[];
  readonly sketch: SketchMeasure | null;
}

/** The name under which the buckets of an aggregate are kept. It says `bucket` for the sketch, as state databases have it. */
export function aggregateName({ dimensions, sketch }: Pick<Aggregate, 'dimensions' | 'sketch'>): string {
  return JSON.stringify(sketch === null ? dimensions : [...dimensions, { bucket: sketch }]);
}
