import type { Rule } from '../model/rule.ts';

const MINUTE = 60_000;
/** Days begin, and clocks change, at such times of every zone. */
const ZONE_STEP = 15 * MINUTE;

/** The longest step (ms, whole minutes) that all ends of the rules' windows at the instants fall on; null for none. */
export function commonStep(rules: readonly Rule[], instants: readonly number[]): number | null {
  let step = 0;
  for (const instant of instants) step = greatestDivisor(step, instant);
  for (const { delayMs, window, type } of rules) {
    step = greatestDivisor(step, delayMs);
    if (window.kind === 'rolling') step = greatestDivisor(step, window.ms);
    if (window.kind === 'calendar' || type === 'anomaly') step = greatestDivisor(step, ZONE_STEP);
  }
  return step > 0 && step % MINUTE === 0 ? step : null;
}

function greatestDivisor(a: number, b: number): number {
  let [large, small] = [Math.abs(a), Math.abs(b)];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}
