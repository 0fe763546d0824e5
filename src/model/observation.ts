// The value that a group had in a window, and what it was compared with.

import type { Sample } from './metric.ts';
import type { GroupKey } from './series.ts';
import type { Window } from './window.ts';

/** What an anomaly was compared with: all in the metric's unit, unrounded doubles; `n` periods were used. */
export interface Baseline {
  readonly mean: number;
  readonly stddev: number;
  readonly floor: number;
  readonly n: number;
}

/** A value that one group had in one window, whether it fires or not. */
export interface Observation {
  readonly key: GroupKey;
  readonly value: Sample;
  readonly window: Window;
  readonly baseline: Baseline | null;
  readonly zscore: number | null;
}
