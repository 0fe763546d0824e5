// The threshold rule type: a value against fixed limits.

import { z } from 'zod';
import { describeMetric, measuresOf } from '../model/metric.ts';
import { type Observation, worstFirst } from '../model/observation.ts';
import { observedLater } from '../model/observed.ts';
import { firesBelow } from '../model/rule.ts';
import { EMPTY_SERIES } from '../model/series.ts';
import { windowAt } from '../model/window.ts';
import { measuredIdentity, stepsIdentity } from './rule-identity.ts';
import { commonFaults, commonKeys, ruleBase } from './rule-keys.ts';
import { bySeverity, type LimitKeys, limitFaults, limitSteps } from './rule-limits.ts';
import { decimal, faultsBetween } from './rule-scalars.ts';
import type { RuleType } from './rule-type.ts';
import { stepsPerfdata, stepsText } from './rule-words.ts';
import { firingIn, reachedIn, valuesIn } from './threshold-match.ts';
import type { ThresholdRule } from './threshold-rule.ts';
import { describeThreshold } from './threshold-words.ts';

const keys = z
  .strictObject({
    type: z.literal('threshold').describe('Compares the value of a window with fixed limits'),
    ...commonKeys,
    threshold: decimal
      .optional()
      .describe("The limit, in the metric's unit; needed unless `thresholds` is given"),
    thresholds: bySeverity(decimal)
      .optional()
      .describe(
        'Limits by severity, ascending (descending for `<` and `<=`); the highest one reached counts',
      ),
    operator: z
      .enum(['>=', '>', '<=', '<'])
      .default('>=')
      .describe('How the value compares with the limit when the rule fires'),
  })
  .check(faultsBetween((given) => [...commonFaults(given), ...limitFaults(given, limitKeys(given))]));

/**
 * Compares a value with fixed limits. Every step whose limit is reached fires. With `>=` and `<=`, an equal value reaches
 * the limit.
 */
export const threshold: RuleType<ThresholdRule> = {
  type: 'threshold',
  schema: keys.transform((given) => (defaults): ThresholdRule => {
    const base = ruleBase(given, defaults);
    const steps = limitSteps(base.severity, given.threshold, given.thresholds);
    return { ...base, type: 'threshold', operator: given.operator, steps };
  }),

  queries(rule, { at, zone }) {
    const { groupBy, where } = rule;
    return [
      {
        measures: measuresOf(rule.metric, rule.errors),
        where,
        groupBy,
        windows: [windowAt(rule.window, at, zone)],
      },
    ];
  },

  judge(rule, { at, zone }, [answer = EMPTY_SERIES]) {
    const window = windowAt(rule.window, at, zone);
    const { additive } = describeMetric(rule.metric);
    const values = valuesIn(rule, answer);
    const { numbers, extent, keyAt, sampleAt } = values;
    const falls = firesBelow(rule.operator);
    const observe = (place: number): Observation => {
      const value = sampleAt(place);
      return { key: keyAt(place), value, window, badness: falls ? -value.fixed : value.fixed };
    };
    const firing = firingIn(rule, values, observe).sort(worstFirst);
    return {
      status: firing.length > 0 ? 'firing' : !additive && numbers.length === 0 ? 'no_data' : 'ok',
      observed: observedLater({ numbers, extent, keyAt, observe, worsens: falls ? 'down' : 'up' }),
      firing,
    };
  },

  reached: (rule, [answer = EMPTY_SERIES], [[window = 0] = []]) => reachedIn(rule, answer, window),

  identity(rule) {
    return { ...measuredIdentity(rule), operator: rule.operator, steps: stepsIdentity(rule.steps) };
  },

  limitText: stepsText,
  describe: describeThreshold,
  perfdata: stepsPerfdata,
  fixedLimits: (rule) => rule,

  sample: {
    keys: {
      name: 'hourly-burn',
      type: 'threshold',
      metric: 'spend',
      window: '1h',
      group_by: ['service'],
      thresholds: { warning: 50, critical: 100 },
    },
    otherLimits: { thresholds: { warning: 50, critical: 101 } },
    spent: () => 312.46,
    summary: 'search $312.46 in 1h (limit $100.00)',
  },
};

/** How the keys of its limits are called, and ordered. */
function limitKeys({ operator = '>=' }: { readonly operator?: unknown }): LimitKeys {
  const falls = operator === '<' || operator === '<=';
  return {
    one: 'threshold',
    many: 'thresholds',
    example: ['N', 'N'],
    falls,
    ordered: `limits of operator ${operator}`,
  };
}
