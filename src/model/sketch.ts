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

/** The sketch of some buckets and their counts, which may be 0. */
export function sketchOf(buckets: ArrayLike<number>, counts: ArrayLike<number>): Sketch {
  const sketch = new Map<number, number>();
  for (let i = 0; i < buckets.length; i += 1) {
    const count = counts[i] as number;
    if (count > 0) sketch.set(buckets[i] as number, count);
  }
  return sketch;
}

/** The q-quantile of a sketch: within 1 % of the value whose rank is q·(n − 1), rounded down; null when it is empty. */
export function sketchQuantile(sketch: Sketch, q: number): number | null {
  const ascending = [...sketch].sort(([a], [b]) => a - b);
  return quantileOf(
    ascending.map(([bucket]) => bucket),
    ascending.map(([, count]) => count),
    q,
  );
}

/** The same from buckets (ascending) and their counts. */
export function quantileOf(buckets: ArrayLike<number>, counts: ArrayLike<number>, q: number): number | null {
  let count = 0;
  for (let i = 0; i < buckets.length; i += 1) count += counts[i] as number;
  if (count === 0) return null;
  const rank = Math.floor(q * (count - 1));
  let seen = 0;
  for (let i = 0; i < buckets.length; i += 1) {
    seen += counts[i] as number;
    if (seen <= rank) continue;
    const bucket = buckets[i] as number;
    return bucket === ZERO_BUCKET ? 0 : (2 * SKETCH_GAMMA ** bucket) / (SKETCH_GAMMA + 1);
  }
  return null;
}
