// The fields of a new_value rule and of its observations.

import type { Fixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension } from '../model/series.ts';

export interface NewValueRule extends Rule {
  readonly type: 'new_value';
  /** Whose values are looked at; it is the last one of `groupBy`. */
  readonly dimension: Dimension;
  readonly baselineDays: number;
  readonly minSpend: Fixed;
}

/** A value that had no call in the baseline, and what it spent since. */
export interface NewValueObservation extends Observation {
  /** Calls of unknown cost. */
  readonly unpriced: number;
  /** The beginning of the hour of its first call, not before the window. */
  readonly firstHour: number;
  /** An IANA name. */
  readonly zone: string;
}

/** So many calls of unknown cost are as good as `min_spend`. */
export const MOST_UNPRICED = 100;
