// Chooses the ticks of an axis.

const STEPS = [1, 2, 2.5, 5, 10];
/** At most so many parts between ticks. */
const PARTS = 5;

/**
 * Round values at equal distances, from at or below `low` to at or above `high`. The distance is at least `least`, such as
 * 1 for counts.
 */
export function niceTicks(low: number, high: number, least = 0): number[] {
  // Smaller ones than this have no digits of their own.
  const span = Math.max(high - low || 1, Math.abs(high) * 1e-6, 1e-12);
  const power = 10 ** Math.floor(Math.log10(span / PARTS));
  const round = STEPS.find((step) => partsOf(low, high, step * power) <= PARTS) ?? 10;
  const step = Math.max(least, round * power);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function partsOf(low: number, high: number, step: number): number {
  return Math.ceil(high / step - 1e-9) - Math.floor(low / step + 1e-9);
}
