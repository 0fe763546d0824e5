// The fields of an anomaly rule and of its observations.

import type { Fixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Rule } from '../model/rule.ts';

export interface AnomalyRule extends Rule {
  readonly type: 'anomaly';
  readonly baselineDays: number;
  readonly method: 'zscore' | 'robust';
  readonly zscore: number;
  readonly direction: 'up' | 'down' | 'both';
  readonly minHistory: number;
  /** The least deviation, in percent of the day's mean (docs/rules/anomaly.md). */
  readonly floorPct: number;
  readonly minChange: Fixed;
  readonly minChangePct: number;
}

/** What a value was compared with: unrounded doubles in the metric's unit, from `n` periods. */
export interface Baseline {
  readonly mean: number;
  readonly stddev: number;
  readonly floor: number;
  readonly n: number;
}

/** A value with the baseline it was compared with. The larger |z| is worse. */
export interface AnomalyObservation extends Observation {
  readonly baseline: Baseline;
  readonly zscore: number;
}
