const MINUTE = 60_000;

/** What is looked at by ticks comes a little earlier or later each time; by so much at most, and never a tenth of a period. */
const JITTER_MS = MINUTE;

/**
 * Whether a period has gone by since `last` (ms), for what is done once in a period and looked at by ticks of polls. A tick
 * that comes a little early counts: with ticks as far apart as the period, every second one would be passed over. A clock
 * that was set back begins anew.
 */
export function hasGoneBy(periodMs: number, last: number, now: number): boolean {
  return now < last || now - last >= periodMs - Math.min(JITTER_MS, periodMs / 10);
}
