// The new_value rule type: a model, user or service that had no call before.

import { z } from 'zod';
import { fixedFromNumber } from '../model/money.ts';
import { judgeNewValue, minutesOfFirstHour, queryNewValue } from './new-value-judge.ts';
import { MOST_UNPRICED, type NewValueObservation, type NewValueRule } from './new-value-rule.ts';
import { describeNewValue, newValueLimitText, newValuePerfdata } from './new-value-words.ts';
import { decimalIdentity, measuredIdentity } from './rule-identity.ts';
import { commonFaults, commonKeys, ruleBase } from './rule-keys.ts';
import {
  decimal,
  type Fault,
  fault,
  faultsBetween,
  negativeFaults,
  refusedKey,
  wholeDays,
} from './rule-scalars.ts';
import type { RuleType } from './rule-type.ts';

const MIN_SPEND = fixedFromNumber(1);
const BASELINE_DAYS = 28;

const keys = z
  .strictObject({
    type: z
      .literal('new_value')
      .describe(
        'Finds values of a dimension that had no call in the baseline and now spend money: a new model, user or service',
      ),
    ...commonKeys,
    metric: refusedKey('a new value takes no metric', 'leave metric out: min_spend is in money'),
    errors: refusedKey('a new value does not look at failed calls', 'leave errors out'),
    dimension: z.string().min(1).describe('Whose new values are found, such as `model`, `user` or `service`'),
    window: commonKeys.window
      .prefault('24h')
      .describe('Span of time in which a new value must spend `min_spend`'),
    group_by: commonKeys.group_by.describe(
      'Further dimensions: a value is then new within each of their groups (a new model of a service)',
    ),
    baseline: wholeDays.optional().describe('Days before the window without a call (default: `28d`)'),
    min_spend: decimal
      .optional()
      .describe(`Least spend in the window, unless ${MOST_UNPRICED} calls have no price (default: \`1\`)`),
    dedupe: z
      .literal('episode', { error: 'a new value is notified once: dedupe is episode' })
      .default('episode')
      .describe('A new value is notified once'),
    growth: commonKeys.growth
      .unwrap()
      .prefault('off')
      .describe('Notified again at this many times the value last notified'),
  })
  .check(
    faultsBetween((given) => [
      ...commonFaults({ ...given, metric: undefined, errors: undefined }),
      ...dimensionFaults(given),
      ...negativeFaults(given.min_spend, 'min_spend', 'write an amount of money, or 0 for any call'),
    ]),
  );

/** Finds values that had no call before (docs/rules/new_value.md). */
export const newValue: RuleType<NewValueRule, NewValueObservation> = {
  type: 'new_value',
  schema: keys.transform((given) => (defaults): NewValueRule => {
    const { dimension } = given;
    const base = ruleBase({ ...given, metric: 'spend', errors: undefined }, defaults);
    return {
      ...base,
      groupBy: [...base.groupBy, dimension],
      type: 'new_value',
      metric: 'spend',
      dimension,
      baselineDays: given.baseline ?? BASELINE_DAYS,
      minSpend: given.min_spend ?? MIN_SPEND,
    };
  }),
  metric: 'spend',
  dimensionKeys: ['dimension'],

  queries: queryNewValue,
  judge: judgeNewValue,
  detail: minutesOfFirstHour,
  resolvedBy: 'nothing',
  // There was nothing before.
  against: () => null,

  identity: (rule) => ({
    ...measuredIdentity(rule),
    severity: rule.severity,
    dimension: rule.dimension,
    baseline: rule.baselineDays,
    min_spend: decimalIdentity(rule.minSpend),
  }),

  limitText: newValueLimitText,
  describe: describeNewValue,
  perfdata: newValuePerfdata,

  sample: {
    keys: { name: 'new-services', type: 'new_value', dimension: 'service' },
    otherLimits: { min_spend: 2 },
    // The second window of the first query is the baseline; the second query asks for the age of the data.
    spent: (window, query) => (query === 0 && window > 0 ? null : 41.2),
    summary: 'search $41.20 in 24h (new service, first call about 02:05 on 2026-11-19)',
  },
};

/** The dimension of the rule is a group already. */
function dimensionFaults({ dimension, group_by: groupBy }: Readonly<Record<string, unknown>>): Fault[] {
  const place = Array.isArray(groupBy) ? groupBy.indexOf(dimension) : -1;
  if (place < 0) return [];
  const hint = 'each of its values is a group already';
  return [fault('this is the dimension of the rule', hint, ['group_by', place])];
}
