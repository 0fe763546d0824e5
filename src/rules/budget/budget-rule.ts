// The fields of a budget rule and of its observations.

import { type Fixed, ONE } from '../../model/money.ts';
import type { Observation } from '../../model/observation.ts';
import type { Rule, Severity } from '../../model/rule.ts';
import type { CalendarWindow, Window } from '../../model/window.ts';

/** A part of the amount, 0.8 for 80 %. */
export interface BudgetStep {
  readonly severity: Severity;
  readonly part: Fixed;
}

export interface BudgetRule extends Rule {
  readonly type: 'budget';
  readonly window: CalendarWindow;
  /** The amount of every group that has none of its own, in the metric's unit; null where such groups are not judged. */
  readonly amount: Fixed | null;
  /** The amounts of single groups. */
  readonly amounts: ReadonlyMap<string, Fixed>;
  /** By ascending severity; at least one. */
  readonly steps: readonly BudgetStep[];
  /** The severity of the forecast; null for none. */
  readonly forecast: Severity | null;
}

/** The end of a period as it is foreseen, in the metric's unit. */
export interface Forecast {
  readonly projected: Fixed;
  /** The range that holds the end in 80 % of all cases. */
  readonly low: Fixed;
  readonly high: Fixed;
  /** The local date on which the amount is reached, as days since 1970-01-01. */
  readonly reachedOn: number;
}

/** What a group spent of its amount. The larger part is worse. */
export interface BudgetObservation extends Observation {
  readonly amount: Fixed;
  /** The whole period, up to its end. */
  readonly period: Window;
  /** The local dates of the period's first and last day, as days since 1970-01-01. */
  readonly days: readonly [first: number, last: number];
  /** Today, the same way. */
  readonly today: number;
  /** What fires, where that is the forecast; null for a step. */
  readonly forecast: Forecast | null;
}

/** The value at which a part of an amount is reached: exact, as values are whole numbers of 10^-12. */
export function boundOf(amount: Fixed, part: Fixed): Fixed {
  const product = amount * part;
  return product / ONE + (product % ONE === 0n ? 0n : 1n);
}
