// The keys of a budget rule in alerts.yaml, and faults between them.

import { z } from 'zod';
import { SEVERITIES } from '../../model/rule.ts';
import { commonFaults, commonKeys, notAdditiveFaults } from '../rule-keys.ts';
import { bySeverity, limitFaults } from '../rule-limits.ts';
import { decimal, type Fault, fault, faultsBetween, numberBetween, percentage } from '../rule-scalars.ts';
import type { Advice } from '../rule-type.ts';
import { PERIODS, takesStarts } from './budget-period.ts';

const { window: _, for: _for, dedupe: _dedupe, growth: _growth, ...taken } = commonKeys;

const LAST_START = 28;
const part = percentage(1_000);
const amount = decimal.refine((given) => given > 0n, {
  error: 'must be above 0',
  params: { hint: 'write the amount for a whole period' },
});

/** A key of other types that would contradict a budget. */
function refused(why: string) {
  return z.never({ error: 'is not for a budget' }).optional().describe(`Leave it out: ${why}`);
}

export const budgetKeys = z
  .strictObject({
    type: z.literal('budget').describe('Compares what was spent in a running period with an amount'),
    ...taken,
    metric: commonKeys.metric.prefault('spend').describe('What is measured: a metric that adds up'),
    window: refused('its window is its `period`'),
    for: refused('what is spent stays spent'),
    dedupe: refused('each step is notified once per period'),
    growth: refused('each step is notified once per period'),
    period: z.enum(PERIODS).describe('The calendar period, in `timezone`; a week begins on Monday'),
    starts: numberBetween(1, LAST_START, { whole: true })
      .optional()
      .describe('Day of the month on which months, quarters and years begin (default: `1`)'),
    amount: amount
      .optional()
      .describe("The amount of each group that has none of its own, in the metric's unit"),
    amounts: z
      .record(z.string(), amount)
      .optional()
      .describe(
        'Amounts by group, of the one dimension in `group_by`; other groups are not judged without `amount`',
      ),
    amounts_file: z
      .string()
      .min(1)
      .optional()
      .describe('CSV file with the columns `group` and `amount`, in place of `amounts`'),
    steps: bySeverity(part)
      .optional()
      .describe('Parts of the amount by severity, ascending (default: `{ warning: 80%, critical: 100% }`)'),
    forecast: z
      .enum(SEVERITIES)
      .optional()
      .describe('Severity of an alert when the amount is on course to be reached (default: no forecast)'),
  })
  .check(faultsBetween((given) => [...commonFaults(given), ...budgetFaults(given)]));

/** Steps name the severities, so that a rule's own has no effect. */
export function budgetAdvice({ severity }: Readonly<Record<string, unknown>>): Advice | null {
  if (severity === undefined) return null;
  return {
    key: 'severity',
    message: 'the severity of a budget is that of its steps',
    hint: 'drop it, and write steps: { warning: 80%, critical: 100% }',
  };
}

/** Faults between the keys of a budget. Any key may be missing or invalid. */
function budgetFaults(keys: Readonly<Record<string, unknown>>): Fault[] {
  const { metric, period, starts } = keys;
  const faults = [
    ...amountFaults(keys),
    ...notAdditiveFaults(metric, (name) => `${name} does not add up, so that no amount of it is used`),
  ];
  const named = PERIODS.find((name) => name === period);
  if (starts !== undefined && named !== undefined && !takesStarts(named)) {
    faults.push(fault(`a ${named} does not begin on a day of the month`, 'drop it', ['starts']));
  }
  const order = { one: 'amount', many: 'steps', example: ['80%', '100%'], ordered: 'steps' } as const;
  return keys.steps === undefined ? faults : [...faults, ...limitFaults({ steps: keys.steps }, order)];
}

function amountFaults(keys: Readonly<Record<string, unknown>>): Fault[] {
  const { amount: one, amounts, amounts_file: file, group_by: groupBy } = keys;
  if (one === undefined && amounts === undefined && file === undefined) {
    const hint = 'give amount: 5000, or amounts: { search: 2000 }, or amounts_file: budgets.csv';
    return [fault('an amount is missing', hint, ['amount'])];
  }
  if (amounts === undefined && file === undefined) return [];
  const faults: Fault[] = [];
  if (amounts !== undefined && file !== undefined) {
    faults.push(fault('amounts and amounts_file exclude each other', 'keep one of them', ['amounts_file']));
  }
  const isEmpty = typeof amounts === 'object' && amounts !== null && Object.keys(amounts).length === 0;
  if (isEmpty) faults.push(fault('no amount is given', 'write a group and its amount', ['amounts']));
  if (Array.isArray(groupBy) && groupBy.length !== 1) {
    const hint = 'write the one dimension whose values have amounts, such as group_by: [service]';
    faults.push(fault('amounts of groups need exactly one dimension', hint, ['group_by']));
  }
  return faults;
}
