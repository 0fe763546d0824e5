// The anomaly rule type: a value against the same window on earlier days.

import { z } from 'zod';
import type { Firing } from '../model/finding.ts';
import { describeMetric } from '../model/metric.ts';
import { anomalyPeriods, judgeAnomaly, queryAnomaly } from './anomaly-judge.ts';
import type { AnomalyObservation, AnomalyRule } from './anomaly-rule.ts';
import { anomalyBand, anomalyLimitText, anomalyPerfdata, describeAnomaly } from './anomaly-words.ts';
import { autoPeriods } from './auto/auto-compared.ts';
import { judgeAuto, queryAuto } from './auto/auto-judge.ts';
import { autoAdvice, autoFaults, autoRule, HOUR_AND_DAY } from './auto/auto-keys.ts';
import type { AutoObservation, AutoRule } from './auto/auto-rule.ts';
import { autoBand, autoLimitText, describeAuto } from './auto/auto-words.ts';
import { longWindow, shortBaseline } from './rule-history.ts';
import { decimalIdentity, measuredIdentity } from './rule-identity.ts';
import { commonFaults, commonKeys, ruleBase } from './rule-keys.ts';
import { defaultMinChange, minChangeFaults, minChangeKey } from './rule-min-change.ts';
import { type Fault, fault, faultsBetween, numberBetween, wholeDays } from './rule-scalars.ts';
import type { RuleType } from './rule-type.ts';

const MIN_HISTORY = 7;
const BASELINE_DAYS = 28;
const FLOOR_PCT = 5;
/** A ratio of a handful of calls is noise (docs/rules/anomaly.md). */
const MIN_CALLS_OF_RATIOS = 30;

const keys = z
  .strictObject({
    type: z
      .literal('anomaly')
      .describe(
        'Compares the value of a window (at most `24h`, `today`, `yesterday`) with the same window on earlier days',
      ),
    ...commonKeys,
    window: commonKeys.window
      .optional()
      .describe(
        'Span of time that is measured; `auto` takes whole hours up to `24h`, or judges 1h and 24h without it',
      ),
    method: z
      .enum(['auto', 'zscore', 'robust'])
      .optional()
      .describe(
        '`auto` compares with the same hour of the week; `zscore` with the mean of earlier days; `robust` keeps incidents out of that (default: `auto` without a `window`, else `zscore`)',
      ),
    zscore: numberBetween(0, 999, { above: true })
      .prefault(3)
      .describe('Deviations from the usual at which it fires'),
    baseline: wholeDays.optional().describe('Earlier days to compare with (default: `28d`; not for `auto`)'),
    direction: z
      .enum(['up', 'down', 'both'])
      .optional()
      .describe('On which side of the mean it fires (default: `up`; not for `auto`)'),
    min_history: numberBetween(2, 366, { whole: true })
      .optional()
      .describe('Periods of history that a group needs to be evaluated (default: `7`; not for `auto`)'),
    floor_pct: numberBetween(0, 10_000)
      .optional()
      .describe('Least deviation, in percent of the mean of a day (default: `5`; not for `auto`)'),
    min_change: minChangeKey,
    min_change_pct: numberBetween(0, 1e9)
      .optional()
      .describe(
        'Changes of fewer percent of the mean do not fire; 50 means 50 % (default: `0`; not for `auto`)',
      ),
  })
  .check(faultsBetween((given) => [...commonFaults(given), ...historyFaults(given)]));

type AnyRule = AnomalyRule | AutoRule;
type AnyObservation = AnomalyObservation | AutoObservation;

/**
 * Compares a value with the same hour of the week (`auto`), or with the same window on earlier days by its standard score
 * (docs/rules/anomaly.md, "Anomaly").
 */
export const anomaly: RuleType<AnyRule, AnyObservation> = {
  type: 'anomaly',
  schema: keys.transform((given) => (defaults): AnyRule => {
    const additive = describeMetric(given.metric).additive;
    const minCalls = additive ? 0 : MIN_CALLS_OF_RATIOS;
    const minChange = given.min_change ?? defaultMinChange(given.metric);
    const { window } = given;
    if (methodOf(given) === 'auto' || window === undefined)
      return autoRule(ruleBase({ ...given, window: window ?? HOUR_AND_DAY }, defaults, minCalls), {
        zscore: given.zscore,
        minChange,
        window: window ?? null,
      });
    return {
      ...ruleBase({ ...given, window }, defaults, minCalls),
      type: 'anomaly',
      baselineDays: given.baseline ?? BASELINE_DAYS,
      method: given.method === 'robust' ? 'robust' : 'zscore',
      zscore: given.zscore,
      direction: given.direction ?? 'up',
      minHistory: given.min_history ?? MIN_HISTORY,
      floorPct: given.floor_pct ?? FLOOR_PCT,
      minChange,
      minChangePct: given.min_change_pct ?? 0,
    };
  }),
  advice: autoAdvice,
  queries: (rule, context) => (isAuto(rule) ? queryAuto(rule, context) : queryAnomaly(rule, context)),
  judge: (rule, context, series) =>
    isAuto(rule) ? judgeAuto(rule, context, series) : judgeAnomaly(rule, context, series),

  identity(rule) {
    const { severity, zscore } = rule;
    const measuredBy = {
      ...measuredIdentity(rule),
      severity,
      zscore,
      min_change: decimalIdentity(rule.minChange),
    };
    if (isAuto(rule))
      return { ...measuredBy, method: 'auto', windows: rule.judged.map(({ hours }) => hours) };
    const { baselineDays, method, direction, minHistory, floorPct, minChangePct } = rule;
    return {
      ...measuredIdentity(rule),
      severity,
      baseline: baselineDays,
      method,
      zscore,
      direction,
      min_history: minHistory,
      floor_pct: floorPct,
      min_change: decimalIdentity(rule.minChange),
      min_change_pct: minChangePct,
    };
  },

  limitText: (rule) => (isAuto(rule) ? autoLimitText(rule) : anomalyLimitText(rule)),
  describe: (rule, firing) =>
    isAuto(rule)
      ? describeAuto(rule, firing as Firing<AutoObservation>)
      : describeAnomaly(rule, firing as Firing<AnomalyObservation>),
  perfdata: anomalyPerfdata,
  band: (rule, observation) =>
    isAuto(rule)
      ? autoBand(observation as AutoObservation)
      : anomalyBand(rule, observation as AnomalyObservation),
  against: () => 'week',
  compared: (rule, context, series, of) =>
    isAuto(rule) ? autoPeriods(rule, context, series, of) : anomalyPeriods(rule, context, series, of.key),

  sample: {
    keys: { name: 'spend-anomaly', type: 'anomaly', metric: 'spend', window: '1h', group_by: ['service'] },
    otherLimits: { zscore: 4 },
    // Window 0 is the hour itself, 1 to 28 are the same hour on earlier days, the rest are whole days.
    spent: (window) => (window === 0 ? 60 : window <= 28 ? 10 : 100),
    summary: 'search $60.00 in 1h (usually $10.00, z 10.0)',
  },
};

function isAuto(rule: AnyRule): rule is AutoRule {
  return rule.method === 'auto';
}

function methodOf({ method, window }: { readonly method?: unknown; readonly window?: unknown }): unknown {
  return method ?? (window === undefined ? 'auto' : 'zscore');
}

/** Faults between the keys of an anomaly. Any key may be missing or invalid. */
function historyFaults(given: Readonly<Record<string, unknown>>): Fault[] {
  const {
    window,
    baseline = BASELINE_DAYS,
    min_history: minHistory = MIN_HISTORY,
    min_change: minChange,
  } = given;
  const isAutomatic = methodOf(given) === 'auto';
  const faults = [
    ...(isAutomatic ? autoFaults(given) : []),
    ...longWindow(window, 'anomaly'),
    ...shortBaseline(baseline, minHistory),
  ];
  if (!isAutomatic && window === undefined) {
    faults.push(fault('missing', 'write one, such as 6h; only method: auto does without', ['window']));
  }
  return [...faults, ...minChangeFaults(minChange)];
}
