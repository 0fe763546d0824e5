// The fields of a threshold rule.

import type { Rule } from '../model/rule.ts';
import type { FixedLimits } from './rule-type.ts';

export interface ThresholdRule extends Rule, FixedLimits {
  readonly type: 'threshold';
}
