// What an anomaly rule has, and what it finds.

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
  /** Percent of the day's mean (docs/rules.md) below which the deviation is not taken. */
  readonly floorPct: number;
  readonly minChange: Fixed;
  readonly minChangePct: number;
}

/** What a value was compared with: all in the metric's unit, unrounded doubles; `n` periods were used. */
export interface Baseline {
  readonly mean: number;
  readonly stddev: number;
  readonly floor: number;
  readonly n: number;
}

/** A value with the periods it was compared with. The larger |z| is the worse one. */
export interface AnomalyObservation extends Observation {
  readonly baseline: Baseline;
  readonly zscore: number;
}
