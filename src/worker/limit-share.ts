// Which part of its limit the worst value of a rule has reached.

import type { Observation } from '../model/observation.ts';
import type { Observed } from '../model/observed.ts';
import type { Rule } from '../model/rule.ts';
import { limitsOf, shareOfLimit } from '../pipeline/limits.ts';
import { ruleTypeOf } from '../rules/index.ts';

/** Groups with too few calls that are passed over: a poll must not look at thousands of them. */
const MOST_PASSED_OVER = 1_000;

/**
 * The part of its mildest limit that the worst group of a rule has reached: 0.83 for 83 %, and for limits that low values reach
 * the limit's part of the value. Null for rules without limits of their own, such as those that compare with the past, and where no
 * group has a value that counts.
 */
export function limitShare(rule: Rule, observed: Observed): number | null {
  const { fixedLimits, groupLimits } = ruleTypeOf(rule);
  if (fixedLimits === undefined && groupLimits === undefined) return null;
  const worst = worstThatCounts(rule, observed);
  const limits = worst === null ? null : limitsOf(rule, worst);
  const bound = limits?.steps[0]?.bound;
  if (worst === null || limits === null || bound === undefined || bound <= 0n) return null;
  return shareOfLimit(worst.value.fixed, { bound, operator: limits.operator });
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
