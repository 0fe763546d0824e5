// Which parts of a rule are its identity.

import type { ErrorFilter } from '../model/measure.ts';
import { withoutUnit } from '../model/metric.ts';
import { FIXED_DIGITS, type Fixed, formatFixed } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Where } from '../model/series.ts';
import type { WindowSpec } from '../model/window.ts';
import type { LimitStep } from './rule-limits.ts';

/**
 * What a rule measures, as plain JSON. It does not depend on the rule's wording or on the order of its lists, except for
 * `group_by`: stored group keys follow that order.
 */
export function measuredIdentity(rule: Rule): Record<string, unknown> {
  return {
    type: rule.type,
    metric: withoutUnit(rule.metric),
    errors: errorsIdentity(rule.errors),
    where: whereIdentity(rule.where),
    group_by: rule.groupBy,
    window: windowIdentity(rule.window),
    delay: rule.delayMs,
    for: rule.forMs,
    min_calls: rule.minCalls,
  };
}

/** A limit as exact text, equal for 100 and 100.0. */
export function decimalIdentity(value: Fixed): string {
  return formatFixed(value, FIXED_DIGITS);
}

/** Limits by severity. */
export function stepsIdentity(steps: readonly LimitStep[]): unknown {
  return steps.map(({ severity, bound }) => [severity, decimalIdentity(bound)]);
}

function errorsIdentity(errors: ErrorFilter): unknown {
  if (errors === null) return null;
  // A list stays a list, so that the alerts of earlier versions keep their identity.
  return 'in' in errors
    ? sortedUnique(errors.in.map(String))
    : { not: sortedUnique(errors.notIn.map(String)) };
}

/** 60m and 1h are the same window. */
function windowIdentity(window: WindowSpec): unknown {
  if (window.kind === 'rolling') return window.ms;
  return window.starts === undefined ? window.word : [window.word, window.starts];
}

function whereIdentity(where: Where): unknown {
  return Object.keys(where)
    .sort()
    .map((dimension) => {
      const condition = where[dimension] as Where[string];
      const [kind, values] = 'in' in condition ? ['in', condition.in] : ['not', condition.notIn];
      // As JSON text, so that null and "null" stay two values.
      return [dimension, kind, sortedUnique(values.map((value) => JSON.stringify(value)))];
    });
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
