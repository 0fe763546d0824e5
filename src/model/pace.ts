// The rate of a finding, a day.

import type { Finding } from './finding.ts';
import { divideRounded, type Fixed } from './money.ts';
import { describeQuantity, quantityOf } from './quantity.ts';
import { firesBelow, type Rule, windowOf } from './rule.ts';
import type { Window, WindowSpec } from './window.ts';

const DAY = 86_400_000;

/** The value a day at the rate of the window, whose part to come does not count; null where values do not add up. */
export function perDay(finding: Pick<Finding, 'metric' | 'quantity' | 'value' | 'window'>): Fixed | null {
  const { value, window } = finding;
  const length = window.to - window.from;
  if (!describeQuantity(quantityOf(finding)).additive || length <= 0) return null;
  return divideRounded(value.fixed * BigInt(DAY), BigInt(length));
}

/** Whether a window is about a day, so that its rate says nothing new, or is over. */
function isPerDay(spec: WindowSpec, { from, to }: Window): boolean {
  const isOver = spec.kind === 'calendar' && spec.word === 'yesterday';
  return isOver || Math.abs(to - from - DAY) <= DAY / 10;
}

/** The rate that messages tell. It says nothing of a low value, of a whole day, and of a value that began within its window. */
export function toldPace(rule: Rule, finding: Finding): Fixed | null {
  const { window, operator, description } = finding;
  if (firesBelow(operator) || description.isYoung || isPerDay(windowOf(rule, window), window)) return null;
  return perDay(finding);
}
