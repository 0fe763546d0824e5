// Whether a period has passed, for work that is checked at every tick.

const MINUTE = 60_000;

/** Ticks come earlier or later by at most this much, and by less than a tenth of a period. */
const JITTER_MS = MINUTE;

/**
 * Whether a period has passed since `last` (ms), for work that is done once per period and checked at each poll. A tick that
 * is slightly early counts: otherwise, with ticks a period apart, every second one would be skipped. When the clock was set
 * back, a new period begins.
 */
export function hasGoneBy(periodMs: number, last: number, now: number): boolean {
  return now < last || now - last >= periodMs - Math.min(JITTER_MS, periodMs / 10);
}
