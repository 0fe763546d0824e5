// The registry of this folder.

import type { Rule } from '../model/rule.ts';
import { anomaly } from './anomaly.ts';
import type { RuleType } from './rule-type.ts';
import { threshold } from './threshold.ts';

/** Every kind of rule, by the `type` that alerts.yaml names. */
export const ruleTypes: { readonly [T in Rule['type']]: RuleType<Extract<Rule, { type: T }>> } = {
  threshold,
  anomaly,
};

/** The kind of a rule. */
export function ruleTypeOf(rule: Rule): RuleType<Rule> {
  return ruleTypes[rule.type];
}
