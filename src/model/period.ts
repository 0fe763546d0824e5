// Whether a period has passed, for work that is checked at ticks.

const MINUTE = 60_000;

/** Ticks come a little earlier or later each time: by so much at most, and by less than a tenth of a period. */
const JITTER_MS = MINUTE;

/**
 * Whether a period has passed since `last` (ms), for work that is done once in a period and checked at each poll. A tick
 * that comes a little early counts: otherwise, with ticks a period apart, every second one would be skipped. After a clock was
 * set back, the period begins anew.
 */
export function hasGoneBy(periodMs: number, last: number, now: number): boolean {
  return now < last || now - last >= periodMs - Math.min(JITTER_MS, periodMs / 10);
}
