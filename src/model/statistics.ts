// Mean, deviation, median, MAD and z; exact where a decision depends on it.

import { divideRounded, type Fixed, ONE } from './money.ts';

/**
 * Exact sums over some values, so that a flat baseline has a deviation of exactly zero and a value equal to the mean is
 * recognised.
 */
export interface Moments {
  readonly n: number;
  /** Σx. */
  readonly sum: Fixed;
  /** n·Σx² − (Σx)², which is n·(n − 1) times the sample variance, in squared units of 10^-12. */
  readonly scatter: bigint;
}

export function momentsOf(values: readonly Fixed[]): Moments {
  let sum = 0n;
  let squares = 0n;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return { n: values.length, sum, scatter: BigInt(values.length) * squares - sum * sum };
}

/** The arithmetic mean, rounded to 10^-12; 0 for no values. */
export function meanOf({ n, sum }: Moments): Fixed {
  return n === 0 ? 0n : divideRounded(sum, BigInt(n));
}

/** The sample standard deviation (divisor n − 1); 0 for fewer than two values. */
export function deviationOf({ n, scatter }: Moments): number {
  return n < 2 ? 0 : Math.sqrt(Number(scatter) / (n * (n - 1))) / Number(ONE);
}

/** Scores are cut at ±999: a flat baseline of zeros would make them infinite. */
const HIGHEST_SCORE = 999;

/** The standard score (x − mean) / spread, 0 where x is the mean, cut to ±999. */
export function zScore(value: Fixed, moments: Moments, spread: number): number {
  const excess = BigInt(moments.n) * value - moments.sum;
  if (excess === 0n) return 0;
  const score = Number(excess) / moments.n / Number(ONE) / spread;
  return Math.max(-HIGHEST_SCORE, Math.min(HIGHEST_SCORE, score));
}

/** The least whole T with T ≥ factor · n · deviation: n·x must differ from Σx by T for x to be `factor` deviations off. */
export function deviationsAway({ n, scatter }: Moments, factor: Fixed): bigint {
  if (n < 2) return 0n;
  return ceilSqrt(divideUp(factor * factor * BigInt(n) * scatter, BigInt(n - 1) * ONE * ONE));
}

/** The median: of an even number of values the mean of the middle two, rounded to 10^-12; 0 for no values. */
export function median(values: readonly Fixed[]): Fixed {
  if (values.length === 0) return 0n;
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as Fixed;
  return sorted.length % 2 === 1 ? upper : divideRounded((sorted[middle - 1] as Fixed) + upper, 2n);
}

/** The median absolute deviation from the median, not scaled. Source: Hampel, JASA 69 (1974). */
export function medianDeviation(values: readonly Fixed[]): Fixed {
  const middle = median(values);
  return median(values.map((value) => (value < middle ? middle - value : value - middle)));
}

/** 4 × 1.4826, in ten-thousandths: 1.4826 × MAD estimates a normal distribution's deviation. Source: Rousseeuw, Croux, JASA 88 (1993). */
const CLIP_TEN_THOUSANDTHS = 59_304n;

/**
 * Clips values to the median ± 4 × 1.4826 × MAD. Where more than a tenth of them lie outside, they are a pattern (weekends)
 * and not outliers, and all stay as they are.
 */
export function clipOutliers(values: readonly Fixed[]): readonly Fixed[] {
  const middle = median(values);
  const reach = divideRounded(medianDeviation(values) * CLIP_TEN_THOUSANDTHS, 10_000n);
  const inside = (value: Fixed) => value >= middle - reach && value <= middle + reach;
  if (values.filter((value) => !inside(value)).length * 10 > values.length) return values;
  return values.map((value) => (inside(value) ? value : value < middle ? middle - reach : middle + reach));
}

/** Integer division rounded up; `divisor` must be positive. */
export function divideUp(value: bigint, divisor: bigint): bigint {
  return value / divisor + (value > 0n && value % divisor !== 0n ? 1n : 0n);
}

/** Integer division rounded down; `divisor` must be positive. */
export function divideDown(value: bigint, divisor: bigint): bigint {
  return -divideUp(-value, divisor);
}

/** The least whole root with root² ≥ value, by Newton's iteration from above. */
function ceilSqrt(value: bigint): bigint {
  if (value <= 1n) return value < 0n ? 0n : value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) break;
    root = next;
  }
  return root * root < value ? root + 1n : root;
}
