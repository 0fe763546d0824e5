// The share rule type: one group's part of the total.

import { z } from 'zod';
import { fixedFromNumber } from '../model/money.ts';
import { decimalIdentity, measuredIdentity, stepsIdentity } from './rule-identity.ts';
import { commonFaults, commonKeys, notAdditiveFaults, ruleBase } from './rule-keys.ts';
import { bySeverity, type LimitKeys, limitFaults, limitSteps } from './rule-limits.ts';
import { decimal, faultsBetween, negativeFaults, partOfWhole } from './rule-scalars.ts';
import type { RuleType } from './rule-type.ts';
import { stepsPerfdata, stepsText } from './rule-words.ts';
import { sharesIn } from './share-estimates.ts';
import { judgeShare, queryShare } from './share-judge.ts';
import type { ShareObservation, ShareRule } from './share-rule.ts';
import { describeShare } from './share-words.ts';

/** A share of pennies is no news. */
const MIN_TOTAL = fixedFromNumber(10);

const LIMITS: LimitKeys = {
  one: 'threshold',
  many: 'thresholds',
  example: ['50%', '80%'],
  ordered: 'limits of shares',
};

const keys = z
  .strictObject({
    type: z.literal('share').describe("Compares each group's part of the total with fixed limits"),
    ...commonKeys,
    group_by: z
      .array(z.string().min(1))
      .min(1, { error: 'a share needs groups: name a dimension' })
      .describe('Dimensions; the total is that of all their groups with a positive value, two at least'),
    threshold: partOfWhole
      .optional()
      .describe('The share at which it fires, such as `50%`; needed unless `thresholds` is given'),
    thresholds: bySeverity(partOfWhole)
      .optional()
      .describe('Shares by severity, ascending; the highest one reached counts'),
    min_total: decimal
      .optional()
      .describe("Smaller totals are not judged, in the metric's unit (default: `10`)"),
  })
  .check(
    faultsBetween((given) => [
      ...commonFaults(given),
      ...limitFaults(given, LIMITS),
      ...notAdditiveFaults(given.metric, (name) => `${name} has no total that groups could share`),
      ...negativeFaults(given.min_total, 'min_total', 'write the least total that is judged'),
    ]),
  );

/** Compares one group's part of the total of all groups with fixed limits. An equal share reaches the limit. */
export const share: RuleType<ShareRule, ShareObservation> = {
  type: 'share',
  schema: keys.transform((given) => (defaults): ShareRule => {
    const base = ruleBase(given, defaults);
    return {
      ...base,
      type: 'share',
      quantity: 'share',
      operator: '>=',
      steps: limitSteps(base.severity, given.threshold, given.thresholds),
      minTotal: given.min_total ?? MIN_TOTAL,
    };
  }),
  queries: queryShare,
  judge: judgeShare,
  valuesIn: sharesIn,

  identity(rule) {
    const steps = stepsIdentity(rule.steps);
    return { ...measuredIdentity(rule), steps, min_total: decimalIdentity(rule.minTotal) };
  },

  limitText: stepsText,
  describe: describeShare,
  perfdata: stepsPerfdata,
  fixedLimits: (rule) => rule,

  sample: {
    keys: {
      name: 'one-service-share',
      type: 'share',
      metric: 'spend',
      window: '1h',
      group_by: ['service'],
      thresholds: { warning: '50%', critical: '60%' },
    },
    otherLimits: { min_total: 20 },
    spent: () => 62,
    others: { ads: 30, tests: 8 },
    summary: 'search 62 % of the total spend in 1h (limit 60 %)',
  },
};
