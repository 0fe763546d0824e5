// The limits of a group of a rule.

import type { Observation } from '../model/observation.ts';
import type { Rule } from '../model/rule.ts';
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
