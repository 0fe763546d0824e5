// The groups' shares of a metric's total, as estimates.

import { measured } from '../model/metric-value.ts';
import { toNumber } from '../model/money.ts';
import type { Series } from '../model/series.ts';
import type { ShareRule } from './share-rule.ts';

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
  { metric, errors }: ShareRule,
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
export function sharesIn(rule: ShareRule, series: Series): (group: number, window: number) => number | null {
  const least = toNumber(rule.minTotal);
  const known = new Map<number, Float64Array | null>();
  const sharesOf = (window: number): Float64Array | null => {
    const { numbers, total, parts } = shareEstimates(rule, series, window);
    return parts < 2 || total < least ? null : numbers;
  };
  return (group, window) => {
    let shares = known.get(window);
    if (shares === undefined) {
      shares = sharesOf(window);
      known.set(window, shares);
    }
    return shares?.[group] || null;
  };
}
