// The change rule type: a value against that of an earlier window.

import { z } from 'zod';
import { ONE } from '../model/money.ts';
import { parseWindow } from '../model/window.ts';
import { type Against, COMPARED_WITH, distanceBefore } from '../model/window-before.ts';
import { changePeriods, judgeChange, queryChange } from './change-judge.ts';
import type { ChangeObservation, ChangeRule } from './change-rule.ts';
import { changeBand, changeLimitText, changePerfdata, describeChange } from './change-words.ts';
import { decimalIdentity, measuredIdentity, stepsIdentity } from './rule-identity.ts';
import { commonFaults, commonKeys, ruleBase } from './rule-keys.ts';
import { bySeverity, type LimitKeys, limitFaults, limitSteps } from './rule-limits.ts';
import { defaultMinChange, minChangeFaults, minChangeKey } from './rule-min-change.ts';
import { decimal, fault, faultsBetween } from './rule-scalars.ts';
import type { Advice, RuleType } from './rule-type.ts';

const DAY = 86_400_000;
const LIMITS: LimitKeys = { one: 'ratio', many: 'ratios', example: ['2', '4'], ordered: 'ratios' };

const ratio = decimal.transform((value, ctx) => {
  if (value > ONE) return value;
  ctx.issues.push(fault('must be above 1', 'write how many times, in both directions: 2 is double or half'));
  return z.NEVER;
});

const keys = z
  .strictObject({
    type: z.literal('change').describe('Compares the value of a window with that of an earlier window'),
    ...commonKeys,
    against: z
      .enum(COMPARED_WITH)
      .describe(
        'The window just before, or the same one a day, a week or 28 days earlier (of calendar windows, the same part of the month before)',
      ),
    ratio: ratio
      .optional()
      .describe('How many times the value before at which it fires; needed unless `ratios` is given'),
    ratios: bySeverity(ratio)
      .optional()
      .describe('Ratios by severity, ascending; the highest one reached counts'),
    direction: z
      .enum(['up', 'down', 'both'])
      .default('up')
      .describe('Whether it fires on a rise or a fall; `down` fires at 1/ratio'),
    min_change: minChangeKey,
  })
  .check(
    faultsBetween((given) => [
      ...commonFaults(given),
      ...limitFaults(given, LIMITS),
      ...minChangeFaults(given.min_change),
    ]),
  );

/** Compares a value with that of the window before, a day, a week or a month earlier. An equal ratio reaches the limit. */
export const change: RuleType<ChangeRule, ChangeObservation> = {
  type: 'change',
  schema: keys.transform((given) => (defaults): ChangeRule => {
    const base = ruleBase(given, defaults);
    return {
      ...base,
      type: 'change',
      window: given.window,
      against: given.against,
      direction: given.direction,
      ratios: limitSteps(base.severity, given.ratio, given.ratios),
      minChange: given.min_change ?? defaultMinChange(given.metric),
    };
  }),
  advice: overlapAdvice,
  queries: queryChange,
  judge: judgeChange,

  identity(rule) {
    const ratios = stepsIdentity(rule.ratios);
    const { against, direction, minChange } = rule;
    return { ...measuredIdentity(rule), against, direction, ratios, min_change: decimalIdentity(minChange) };
  },

  limitText: changeLimitText,
  describe: describeChange,
  perfdata: changePerfdata,
  band: changeBand,
  bandName: 'before',
  against: (rule) => rule.against,
  compared: (rule, context, series, { key }) => changePeriods(rule, context, series, key),

  sample: {
    keys: {
      name: 'spend-doubled',
      type: 'change',
      metric: 'spend',
      window: '1h',
      against: 'day',
      group_by: ['service'],
      ratios: { warning: 2, critical: 4 },
    },
    otherLimits: { ratios: { warning: 2, critical: 5 } },
    // Window 0 is the hour itself, 1 the same hour a day earlier.
    spent: (window) => (window === 0 ? 44 : 10),
    summary: 'search $44.00 in 1h (+340 % on the day before)',
  },
};

/** Windows that overlap have calls in common, which make every change look smaller. */
function overlapAdvice({ window, against }: Readonly<Record<string, unknown>>): Advice | null {
  const spec = typeof window === 'string' ? parseWindow(window) : null;
  if (spec === null || against === 'previous') return null;
  const distance = distanceBefore(spec, against as Against);
  if (typeof distance !== 'number') return null;
  const days = spec.kind === 'rolling' ? spec.ms / DAY : { today: 1, yesterday: 1, this_week: 7 }[spec.text];
  if (days !== undefined && days <= distance) return null;
  return {
    key: 'against',
    message: `${spec.text} overlaps with the same window ${distance === 1 ? 'a day' : `${distance} days`} earlier`,
    hint: 'calls in both make the change look smaller: write `against: previous`, or a shorter window',
  };
}
