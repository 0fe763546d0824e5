// The fields of an automatic anomaly rule and of its observations.

import type { Fixed } from '../../model/money.ts';
import type { Observation } from '../../model/observation.ts';
import type { Rule } from '../../model/rule.ts';
import type { WindowSpec } from '../../model/window.ts';

/** An anomaly rule with `method: auto`. It judges each of its windows, and fires when one of them does. */
export interface AutoRule extends Rule {
  readonly type: 'anomaly';
  readonly method: 'auto';
  readonly zscore: number;
  readonly minChange: Fixed;
  readonly judged: readonly JudgedWindow[];
}

/** A window of whole hours. */
export interface JudgedWindow {
  readonly spec: WindowSpec;
  readonly hours: number;
  readonly zscore: number;
}

/** What a value was compared with, in the metric's unit: the usual value, and the range from which it fires. */
export interface UsualRange {
  readonly usual: number;
  readonly low: number;
  readonly high: number;
  /** Days that it was judged by. */
  readonly n: number;
}

export interface AutoObservation extends Observation {
  readonly baseline: UsualRange;
  readonly zscore: number;
  readonly judged: JudgedWindow;
  /** As log; above 0 where the last three days made a new level. */
  readonly level: number;
  readonly hasWeek: boolean;
  /** The weekday and the hours of the usual range, for people: `Friday`, `01:00 to 02:00`. */
  readonly weekday: string;
  readonly clock: string;
}
