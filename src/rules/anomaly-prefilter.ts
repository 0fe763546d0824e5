// Rules out values that cannot fire, in doubles, before anything is computed exactly.

import { meanOf, medianOf, sumOf } from '../model/doubles.ts';
import { toNumber } from '../model/money.ts';
import { extentOf } from '../model/observed.ts';
import { ESTIMATE_MARGIN } from '../model/series.ts';
import type { AnomalyRule } from './anomaly-rule.ts';

/** A group's value, its periods, and (for additive metrics) the 24 h that end with each of them, as doubles. */
export interface Estimates {
  readonly value: number;
  readonly periods: readonly number[];
  days(): readonly number[];
}

/** As in model/statistics.ts: 4 × 1.4826 deviations from the median. */
const CLIPPED_AT = 5.9304;

/**
 * Returns a test that a value cannot fire, whatever its last digits are. Exact statistics are then computed only for values
 * near a limit. Doubles cannot tell whether a period at the edge is clipped, so with `method: robust` a value must be quiet
 * both with and without clipping.
 */
export function openPrefilter(rule: AnomalyRule): (estimates: Estimates) => boolean {
  const minChange = toNumber(rule.minChange);
  const isQuietBeside = (
    history: readonly number[],
    value: number,
    { floor, close }: { readonly floor: number; readonly close: number },
  ): boolean => {
    const mean = meanOf(history);
    const distance = Math.max(
      rule.zscore * Math.max(deviation(history, mean), floor),
      minChange,
      (Math.abs(mean) * rule.minChangePct) / 100,
    );
    return (
      (rule.direction === 'down' || value < mean + distance - close) &&
      (rule.direction === 'up' || value > mean - distance + close)
    );
  };
  return ({ value, periods, days }) => {
    const { lowest, highest } = extentOf(periods);
    const largest = Math.max(Math.abs(value), Math.abs(lowest), Math.abs(highest));
    const near = ESTIMATE_MARGIN * (1 + largest);
    // The mean lies between the lowest and the highest period, clipped or not. This check alone settles most groups, which
    // are small and change by less than `min_change`.
    if (
      (rule.direction === 'down' || value < lowest + minChange - near) &&
      (rule.direction === 'up' || value > highest - minChange + near)
    )
      return true;
    const all = days();
    const base = all.length > 0 ? all : periods;
    const floor = (Math.abs(sumOf(base)) / periods.length) * (rule.floorPct / 100);
    const close = ESTIMATE_MARGIN * (1 + Math.max(largest, floor));
    return (
      isQuietBeside(periods, value, { floor, close }) &&
      (rule.method === 'zscore' || isQuietBeside(clipped(periods), value, { floor, close }))
    );
  };
}

function clipped(values: readonly number[]): number[] {
  const middle = medianOf(values);
  const reach = CLIPPED_AT * medianOf(values.map((value) => Math.abs(value - middle)));
  return values.map((value) => Math.min(Math.max(value, middle - reach), middle + reach));
}

function deviation(values: readonly number[], mean: number): number {
  if (values.length < 2) return 0;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
