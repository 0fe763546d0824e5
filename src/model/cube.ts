// The sets of dimensions and measures of which an aggregate keeps sums.

import type { Measure, SketchMeasure } from './measure.ts';
import type { Dimension } from './series.ts';

/**
 * What an aggregate keeps: the sums of some measures for every combination of some dimensions. With `bucket` the cells are
 * also split by that sketch's bucket (the last part of the key), so that percentiles come from sums as well.
 */
export interface Cube {
  /** Ascending. */
  readonly dimensions: readonly Dimension[];
  /** Additive, ascending, and always with `calls`. */
  readonly measures: readonly Measure[];
  readonly bucket: SketchMeasure | null;
}

/** The name under which a cube's cells are stored: the dimensions and the sketch that they are split by. */
export function cubeName({ dimensions, bucket }: Pick<Cube, 'dimensions' | 'bucket'>): string {
  return JSON.stringify(bucket === null ? dimensions : [...dimensions, { bucket }]);
}
