// The fields of a share rule and of its observations.

import type { Fixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Rule } from '../model/rule.ts';
import type { FixedLimits } from './rule-type.ts';

export interface ShareRule extends Rule, FixedLimits {
  readonly type: 'share';
  readonly quantity: 'share';
  readonly minTotal: Fixed;
}

/** A group's share. Its value is rounded down, so that it reaches a limit exactly when the part does. */
export interface ShareObservation extends Observation {
  /** What the group has, in the metric's unit, and all groups together. */
  readonly part: Fixed;
  readonly total: Fixed;
  /** How many groups have a part in the total. */
  readonly parts: number;
}
