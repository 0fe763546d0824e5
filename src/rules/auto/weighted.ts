// Means and variances of values with weights.

/** The weights of values a day apart: 1 for every seventh, and another for the others. */
export interface WeekWeights {
  readonly others: number;
}

function weightAt(place: number, { others }: WeekWeights): number {
  return (place + 1) % 7 === 0 ? 1 : others;
}

/** The mean of values with weights. */
export function weightedMean(values: ArrayLike<number>, weights: WeekWeights): number {
  let sum = 0;
  let all = 0;
  for (let i = 0; i < values.length; i += 1) {
    const weight = weightAt(i, weights);
    sum += weight * (values[i] as number);
    all += weight;
  }
  return sum / all;
}

/**
 * The variance of values with weights, and how many values of equal weight they are worth: n = (ΣG)² / ΣG². The variance has
 * the correction n / (n − 1), with n − 1 at least 0.5. Source: Kish, Survey Sampling (1965), for n.
 */
export function weightedVariance(
  values: ArrayLike<number>,
  weights: WeekWeights,
): { readonly variance: number; readonly n: number } {
  const mean = weightedMean(values, weights);
  let all = 0;
  let squaredWeights = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i += 1) {
    const weight = weightAt(i, weights);
    const off = (values[i] as number) - mean;
    all += weight;
    squaredWeights += weight * weight;
    squares += weight * off * off;
  }
  const n = (all * all) / squaredWeights;
  return { variance: (squares / all) * (n / Math.max(0.5, n - 1)), n };
}
