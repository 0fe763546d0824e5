// spendwatch_rule_limit: the limits of each rule that hold for all its groups, to draw beside its values.

import { toNumber } from '../../model/money.ts';
import { ruleTypeOf } from '../../rules/index.ts';
import { gauge, type MetricEntry } from './entry.ts';

/** Known from the file, so a standby shows it too. */
export const ruleLimit: MetricEntry = gauge(
  {
    name: 'spendwatch_rule_limit',
    help: 'Limit of a rule, in the unit of its value, by severity; absent where it has none that holds for every group.',
    labels: ['rule', 'severity'],
  },
  (limit) => ({
    useRules(rules) {
      limit.reset();
      for (const rule of rules) {
        const type = ruleTypeOf(rule);
        const steps = type.fixedLimits?.(rule).steps ?? type.commonLimits?.(rule) ?? [];
        for (const { severity, bound } of steps) limit.set({ rule: rule.name, severity }, toNumber(bound));
      }
    },
  }),
);
