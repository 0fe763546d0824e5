// Which part of its limit the worst value of a rule has reached.

import { toNumber } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Observed } from '../model/observed.ts';
import { firesBelow, type Operator, type Rule } from '../model/rule.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { FixedLimits } from '../rules/rule-type.ts';

/** Groups with too few calls that are passed over: a poll must not look at thousands of them. */
const MOST_PASSED_OVER = 1_000;

/**
 * The part of its mildest limit that the worst group of a rule has reached: 0.83 for 83 %, and for limits that low values reach
 * the limit's part of the value. Null for rules without limits of their own, such as those that compare with the past, and where no
 * group has a value that counts.
 */
export function limitShare(rule: Rule, observed: Observed): number | null {
  const limits = limitsOf(rule);
  if (limits === null) return null;
  const worst = worstThatCounts(rule, observed);
  const bound = worst === null ? undefined : limits.stepsOf(worst)[0]?.bound;
  if (worst === null || bound === undefined) return null;
  return partOf(limits.operator, worst.value.number, toNumber(bound));
}

interface Limits {
  readonly operator: Operator;
  stepsOf(observation: Observation): FixedLimits['steps'];
}

function limitsOf(rule: Rule): Limits | null {
  const type = ruleTypeOf(rule);
  const fixed = type.fixedLimits?.(rule);
  if (fixed !== undefined) return { operator: fixed.operator, stepsOf: () => fixed.steps };
  const { groupLimits } = type;
  return groupLimits === undefined ? null : { operator: '>=', stepsOf: (one) => groupLimits(rule, one) };
}

/** Of rules with limits of their own, the worst group is the one that is nearest to its limit. */
function worstThatCounts({ minCalls }: Rule, observed: Observed): Observation | null {
  if (minCalls === 0) return observed.worst(1)[0] ?? null;
  let passedOver = 0;
  for (const one of observed) {
    if (one.value.calls >= minCalls) return one;
    passedOver += 1;
    if (passedOver === MOST_PASSED_OVER) return null;
  }
  return null;
}

/** Null where the two have no ratio. */
function partOf(operator: Operator, value: number, bound: number): number | null {
  if (bound <= 0) return null;
  if (!firesBelow(operator)) return Math.max(0, value) / bound;
  return value > 0 ? bound / value : null;
}
