// Describes limits in words and in the format of monitoring plugins.

import { localClock, localDate } from '../model/display-time.ts';
import { displayCount, displayValue } from '../model/display-value.ts';
import { type Fixed, formatFixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import { describeQuantity, type Measuring, type Quantity, quantityOf } from '../model/quantity.ts';
import { firesBelow, type Operator, type Severity } from '../model/rule.ts';
import type { FixedLimits, Perfdata } from './rule-type.ts';

/** The values that fire, in words: `$100.00 or more`, `less than 5`. */
export function firingText(operator: Operator, bound: string): string {
  switch (operator) {
    case '>=':
      return `${bound} or more`;
    case '>':
      return `more than ${bound}`;
    case '<=':
      return `${bound} or less`;
    case '<':
      return `less than ${bound}`;
  }
}

/** A value as performance data: money to the cent, as people read it; others unrounded, with at most six places. */
export function perfdataValue(quantity: Quantity, value: Fixed): string {
  const { money, places } = describeQuantity(quantity);
  return formatFixed(value, money ? Math.max(2, places) : 6);
}

/**
 * A limit as a threshold range: `50` alerts above it, `50:` below. Source: Monitoring Plugins development guidelines,
 * "threshold and ranges".
 */
export function perfdataRange(operator: Operator, bound: Fixed): string {
  return `${formatFixed(bound, 12)}${firesBelow(operator) ? ':' : ''}`;
}

/** A rule with limits by severity on its own values. */
type Limited = Measuring & Pick<FixedLimits, 'operator' | 'steps'>;

/** `>= $50.00 / $100.00` */
export function stepsText(rule: Limited): string {
  const quantity = quantityOf(rule);
  return `${rule.operator} ${rule.steps.map(({ bound }) => displayValue(quantity, bound)).join(' / ')}`;
}

/** The worst value with its warning and critical limits. */
export function stepsPerfdata(rule: Limited, worst: Observation | undefined): Perfdata {
  const value = worst === undefined ? null : perfdataValue(quantityOf(rule), worst.value.fixed);
  return perfdataBySeverity(value, (severity) => {
    const step = rule.steps.find((one) => one.severity === severity);
    return step === undefined ? null : perfdataRange(rule.operator, step.bound);
  });
}

/** The severities that monitoring plugins know. */
export function perfdataBySeverity(
  value: string | null,
  rangeOf: (severity: Severity) => string | null,
): Perfdata {
  return { value, warning: rangeOf('warning'), critical: rangeOf('critical') };
}

/** How many times as large as another value, rounded down: `3.1`, `190`; null where it is less than a tenth larger. */
export function timesText(value: Fixed, other: Fixed): string | null {
  if (other <= 0n || value * 10n < other * 11n) return null;
  const tenths = (value * 10n) / other;
  const whole = displayCount(Number(tenths / 10n));
  return tenths >= 100n ? whole : `${whole}.${tenths % 10n}`;
}

/** An instant that is known exactly or about, as seen from a later one: `at 09:12`, `about 09:00`, `at 22:10 on 2026-11-19`. */
export function whenText(
  { at, isExact }: { readonly at: number; readonly isExact: boolean },
  seenFrom: number,
  zone: string,
): string {
  const date = localDate(at, zone);
  const day = date === localDate(seenFrom - 1, zone) ? '' : ` on ${date}`;
  return `${isExact ? 'at' : 'about'} ${localClock(at, zone)}${day}`;
}
