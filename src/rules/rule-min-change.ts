// The key `min_change`: which changes are too small for a message.

import type { Metric } from '../model/metric.ts';
import { type Fixed, fixedFromNumber } from '../model/money.ts';
import { decimal, type Fault, negativeFaults } from './rule-scalars.ts';

export const minChangeKey = decimal
  .optional()
  .describe(
    "Smaller changes do not fire, in the metric's unit (default: `1` for spend and wasted_spend; `10` for calls, errors and unpriced_calls; `0.05` for error_rate; else `0`)",
  );

/** In the metric's unit (docs/rules/anomaly.md). */
export function defaultMinChange(metric: Metric): Fixed {
  return fixedFromNumber(DEFAULTS[metric] ?? 0);
}

const DEFAULTS: Readonly<Partial<Record<Metric, number>>> = {
  spend: 1,
  wasted_spend: 1,
  calls: 10,
  errors: 10,
  unpriced_calls: 10,
  error_rate: 0.05,
};

export function minChangeFaults(minChange: unknown): Fault[] {
  return negativeFaults(minChange, 'min_change', 'write the size of the change, in both directions');
}
