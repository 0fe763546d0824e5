// Shares in percent that add up.

import { apportioned } from './apportion.ts';

/**
 * The share of each part (none below 0) in their sum, in whole percents that add up to 100 (by largest remainder). Only
 * nothing is `0%`, and only all is `100%`.
 */
export function sharesText(parts: readonly bigint[]): string[] {
  const whole = parts.reduce((sum, part) => sum + part, 0n);
  if (whole === 0n) return parts.map(() => '0%');
  const hundredfold = parts.map((part) => part * 100n);
  const percents = apportioned(hundredfold, whole, 100n);
  return parts.map((part, i) => percentText(part, whole, percents[i] as bigint));
}

function percentText(part: bigint, whole: bigint, percent: bigint): string {
  if (part > 0n && percent === 0n) return '<1%';
  if (part < whole && percent === 100n) return '>99%';
  return `${percent}%`;
}
