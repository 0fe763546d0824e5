// Percentiles within 1 %.

/**
 * Counts of values by logarithmic bucket (a DDSketch): bucket `i` holds values in (g^(i-1), g^i] for the `g` of
 * SKETCH_GAMMA; ZERO_BUCKET holds values of 0 and below. Sketches of disjoint rows merge by adding counts.
 */
export type Sketch = ReadonlyMap<number, number>;

/**
 * Relative error of a bucket's middle: half of the 1 % that is allowed, as rounding at bucket edges in the database takes up
 * some of it. Source: Masson, Rim, Lee, "DDSketch", VLDB 2019.
 */
const SKETCH_ERROR = 0.005;
export const SKETCH_GAMMA = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR);
/** The bucket for values of 0 and below; far under any bucket of a positive double. */
export const ZERO_BUCKET = -1_000_000;

/**
 * Decimal bins keep the first digits of a value, of either sign: what is written with no more of them is exact, others are
 * within 0.005 %. A bin is the exponent, from SMALLEST_EXPONENT on, times the stride, plus the digits as a whole number. Values
 * that are smaller are 0, and no bin is a multiple of the stride but that of 0.
 */
export const DECIMAL_DIGITS = 5;
export const DECIMAL_STRIDE = 1_000_000;
export const SMALLEST_EXPONENT = -9;

/** How the bins of a sketch are made of values. */
export type Bins = 'logarithmic' | 'decimal';

/** The value that stands for a bin. */
function valueOfBin(bin: number, bins: Bins): number {
  if (bins === 'logarithmic') return bin === ZERO_BUCKET ? 0 : (2 * SKETCH_GAMMA ** bin) / (SKETCH_GAMMA + 1);
  const size = Math.abs(bin);
  if (size === 0) return 0;
  const exponent = Math.floor(size / DECIMAL_STRIDE) + SMALLEST_EXPONENT - 1;
  // Read as it would be written, which gives the nearest double.
  const value = Number(`${size % DECIMAL_STRIDE}e${exponent - (DECIMAL_DIGITS - 1)}`);
  return bin < 0 ? -value : value;
}

/** The sketch of some buckets and their counts, which may be 0. */
export function sketchOf(buckets: ArrayLike<number>, counts: ArrayLike<number>): Sketch {
  const sketch = new Map<number, number>();
  for (let i = 0; i < buckets.length; i += 1) {
    const count = counts[i] as number;
    if (count > 0) sketch.set(buckets[i] as number, count);
  }
  return sketch;
}

/** The q-quantile of a sketch: 0 is the least value, 1 the largest; within 1 % of the value whose rank is q·(n − 1), rounded down; null when it is empty. */
export function sketchQuantile(sketch: Sketch, q: number, bins: Bins = 'logarithmic'): number | null {
  const ascending = [...sketch].sort(([a], [b]) => a - b);
  return quantileOf(
    ascending.map(([bucket]) => bucket),
    ascending.map(([, count]) => count),
    q,
    bins,
  );
}

/** The same from buckets (ascending) and their counts. */
export function quantileOf(
  buckets: ArrayLike<number>,
  counts: ArrayLike<number>,
  q: number,
  bins: Bins = 'logarithmic',
): number | null {
  let count = 0;
  for (let i = 0; i < buckets.length; i += 1) count += counts[i] as number;
  if (count === 0) return null;
  const rank = Math.floor(q * (count - 1));
  let seen = 0;
  for (let i = 0; i < buckets.length; i += 1) {
    seen += counts[i] as number;
    if (seen <= rank) continue;
    return valueOfBin(buckets[i] as number, bins);
  }
  return null;
}
