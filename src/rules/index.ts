// The registry of rule types.

import type { Rule } from '../model/rule.ts';
import { absence } from './absence.ts';
import { anomaly } from './anomaly.ts';
import { budget } from './budget.ts';
import { change } from './change.ts';
import { newValue } from './new_value.ts';
import type { RuleType } from './rule-type.ts';
import { share } from './share.ts';
import { threshold } from './threshold.ts';

/** Every rule type, by the `type` in alerts.yaml. A new one is a file in this folder and a line here. */
export const ruleTypes = {
  threshold,
  anomaly,
  budget,
  change,
  share,
  absence,
  new_value: newValue,
} satisfies Readonly<Record<string, RuleType>>;

const byName: ReadonlyMap<string, RuleType> = new Map(Object.entries(ruleTypes));

/** The rule type of a rule. */
export function ruleTypeOf({ type }: Pick<Rule, 'type'>): RuleType {
  const found = byName.get(type);
  if (found === undefined) throw new RangeError(`no rule type is called ${type}`);
  return found;
}
