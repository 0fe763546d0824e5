// Sums, means and medians of doubles.

export function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** The mean; NaN for no values. */
export function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}

/** The median: of an even number of values the mean of the middle two; NaN for no values. */
export function medianOf(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
