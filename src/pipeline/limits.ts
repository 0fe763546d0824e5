// The limits of a group of a rule, and how much of one a value has reached.

import { type Fixed, toNumber } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import { firesBelow, type Operator, type Rule } from '../model/rule.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { FixedLimits } from '../rules/rule-type.ts';

/** Those of all its groups, or a group's own; null for types that compare with a usual value. */
export function limitsOf(rule: Rule, observation: Observation | null): FixedLimits | null {
  const type = ruleTypeOf(rule);
  const fixed = type.fixedLimits?.(rule) ?? null;
  if (fixed !== null || observation === null) return fixed;
  const steps = type.groupLimits?.(rule, observation);
  return steps === undefined ? null : { operator: '>=', minCalls: rule.minCalls, steps };
}

/**
 * The part of a limit that a value has reached: 0.83 for 83 %, and where low values fire the limit's part of the value. Null where
 * the two have no ratio.
 */
export function shareOfLimit(
  value: Fixed,
  { bound, operator }: { readonly bound: Fixed; readonly operator: Operator },
): number | null {
  const [part, whole] = firesBelow(operator) ? [bound, value] : [value, bound];
  if (whole <= 0n) return null;
  return Math.max(0, toNumber(part) / toNumber(whole));
}
