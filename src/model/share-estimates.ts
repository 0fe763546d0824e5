// The groups' shares of a metric's total, as estimates.

import { measured } from './metric-value.ts';
import { toNumber } from './money.ts';
import type { Rule } from './rule.ts';
import type { Series } from './series.ts';

/** The shares of a window, as doubles within a millionth. */
export interface ShareEstimates {
  /** By group, from 0 to 1; NaN where the group's value is 0 or less, which is no part of a total. */
  readonly numbers: Float64Array;
  /** Of the positive values, in the metric's unit. */
  readonly total: number;
  /** How many values are positive. */
  readonly parts: number;
}

export function shareEstimates(
  { metric, errors }: Pick<Rule, 'metric' | 'errors'>,
  series: Series,
  window: number,
): ShareEstimates {
  const values = measured(metric, errors).estimates(series, window);
  let total = 0;
  let parts = 0;
  for (const value of values) {
    if (value <= 0) continue;
    total += value;
    parts += 1;
  }
  const numbers = values.map((value) => (value > 0 ? value / total : Number.NaN));
  return { numbers, total, parts };
}

/** A group's share in a window; null where it has none, or where the rule does not divide the total. */
export function shareIn(
  rule: Pick<Rule, 'metric' | 'errors' | 'minTotal'>,
  series: Series,
  group: number,
  window: number,
): number | null {
  const { numbers, total, parts } = shareEstimates(rule, series, window);
  return parts < 2 || total < toNumber(rule.minTotal ?? 0n) ? null : numbers[group] || null;
}
