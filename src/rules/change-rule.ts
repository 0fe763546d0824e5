// The fields of a change rule and of its observations.

import type { Sample } from '../model/metric-value.ts';
import type { Fixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Rule } from '../model/rule.ts';
import type { Window, WrittenWindow } from '../model/window.ts';
import type { Against } from '../model/window-before.ts';
import type { LimitStep } from './rule-limits.ts';

export interface ChangeRule extends Rule {
  readonly type: 'change';
  readonly window: WrittenWindow;
  readonly against: Against;
  readonly direction: 'up' | 'down' | 'both';
  /** By ascending severity; each bound is a ratio above 1. */
  readonly ratios: readonly LimitStep[];
  /** In the metric's unit. */
  readonly minChange: Fixed;
}

/** A value with that of the window before, which is above 0. */
export interface ChangeObservation extends Observation {
  readonly before: Sample;
  readonly windowBefore: Window;
  /** An IANA name: that of the window's days. */
  readonly zone: string;
}
