// The budget rule type: what was spent in a running period against an amount.

import { ONE } from '../model/money.ts';
import { amountsFile } from './budget/amounts-file.ts';
import { judgeBudget, queryBudget } from './budget/budget-judge.ts';
import { budgetAdvice, budgetKeys } from './budget/budget-keys.ts';
import { windowOfPeriod } from './budget/budget-period.ts';
import type { BudgetObservation, BudgetRule } from './budget/budget-rule.ts';
import { budgetLimits, budgetLimitText, budgetPerfdata, describeBudget } from './budget/budget-words.ts';
import { decimalIdentity, measuredIdentity } from './rule-identity.ts';
import { ruleBase } from './rule-keys.ts';
import { limitSteps } from './rule-limits.ts';
import type { RuleType } from './rule-type.ts';

const STEPS = { warning: (ONE * 8n) / 10n, critical: ONE };

/** Compares what was spent in a running calendar period with an amount. A step that is reached exactly fires. */
export const budget: RuleType<BudgetRule, BudgetObservation> = {
  type: 'budget',
  schema: budgetKeys.transform((given) => (defaults): BudgetRule => {
    const window = windowOfPeriod(given.period, given.starts ?? 1);
    const common = { ...given, window, for: undefined, dedupe: 'day', growth: 'off' } as const;
    const base = ruleBase(common, defaults);
    const steps = limitSteps(base.severity, undefined, given.steps ?? STEPS);
    return {
      ...base,
      type: 'budget',
      window,
      dedupe: 'window',
      amount: given.amount ?? null,
      amounts: new Map(Object.entries(given.amounts ?? {})),
      steps: steps.map(({ severity, bound: part }) => ({ severity, part })),
      forecast: given.forecast ?? null,
    };
  }),
  metric: 'spend',
  file: amountsFile,
  advice: budgetAdvice,
  queries: queryBudget,
  judge: judgeBudget,

  identity(rule) {
    const steps = rule.steps.map(({ severity, part }) => [severity, decimalIdentity(part)]);
    // Where groups have amounts, an amount is the limit of its group, and no part of the rule.
    const amount = rule.amounts.size > 0 || rule.amount === null ? null : decimalIdentity(rule.amount);
    return { ...measuredIdentity(rule), steps, amount, forecast: rule.forecast };
  },

  limitText: budgetLimitText,
  describe: describeBudget,
  perfdata: budgetPerfdata,
  commonLimits: (rule) =>
    rule.amount === null || rule.amounts.size > 0 ? [] : budgetLimits(rule, { amount: rule.amount }),
  groupLimits: budgetLimits,
  budgeted: (_rule, { amount, period }) => ({ amount, periodEnd: period.to }),

  sample: {
    keys: {
      name: 'monthly-budget',
      type: 'budget',
      period: 'month',
      group_by: ['service'],
      amount: 2000,
    },
    otherLimits: { steps: { warning: '90%', critical: '100%' } },
    spent: () => 1660,
    summary: 'search $1,660.00 this month (83 % of $2,000)',
  },
};
