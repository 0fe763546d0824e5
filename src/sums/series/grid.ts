// Minutes, hours and days as instants.

export const MINUTE = 60_000;
/** Of an hour. */
export const MINUTES = 60;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

/** How long buckets are that are kept: an hour or a day (of UTC), ms. */
export type Length = typeof HOUR | typeof DAY;
export const LENGTHS = [HOUR, DAY] as const;

/** The beginning of the hour (of UTC) that holds an instant, ms. */
export function hourOf(at: number): number {
  return Math.floor(at / HOUR) * HOUR;
}

/** The beginning of the day (of UTC) that holds an instant, ms. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY) * DAY;
}

/** The beginnings of the hours from `from`, which is one, up to `to`. */
export function hoursBetween(from: number, to: number): number[] {
  return stepsBetween(from, to, HOUR);
}

/** Every minute from `from`, which is one, and then `to`, which may lie within a minute. */
export function minuteEdges(from: number, to: number): number[] {
  return [...stepsBetween(from, to, MINUTE), to];
}

/** Both ends of every hour or day, ascending, once each. */
export function edgesOf(begins: Iterable<number>, length: Length): number[] {
  return ascending(new Set([...begins].flatMap((begin) => [begin, begin + length])));
}

export function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function stepsBetween(from: number, to: number, step: number): number[] {
  const steps: number[] = [];
  for (let at = from; at < to; at += step) steps.push(at);
  return steps;
}
