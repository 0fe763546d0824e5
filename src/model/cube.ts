// What a rollup keeps cells of.

import type { Measure, SketchMeasure } from './measure.ts';
import type { Dimension } from './series.ts';

/**
 * What a rollup keeps cells of: the sums of some measures for every combination of some dimensions. With `bucket` the
 * cells are split by that sketch's bucket too, so that percentiles are sums as well (the bucket is the key's last part).
 */
export interface Cube {
  /** Ascending. */
  readonly dimensions: readonly Dimension[];
  /** Additive ones, ascending, `calls` always among them. */
  readonly measures: readonly Measure[];
  readonly bucket: SketchMeasure | null;
}

/** The name under which a cube's cells are kept: what they are split by. */
export function cubeName({ dimensions, bucket }: Pick<Cube, 'dimensions' | 'bucket'>): string {
  return JSON.stringify(bucket === null ? dimensions : [...dimensions, { bucket }]);
}
