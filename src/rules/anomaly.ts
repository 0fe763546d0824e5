// The anomaly rule type: a value against the same window on earlier days.

import { z } from 'zod';
import { counted } from '../model/display-value.ts';
import { describeMetric, type Metric } from '../model/metric.ts';
import { type Fixed, fixedFromNumber } from '../model/money.ts';
import type { WindowSpec } from '../model/window.ts';
import { judgeAnomaly, queryAnomaly } from './anomaly-judge.ts';
import type { AnomalyObservation, AnomalyRule } from './anomaly-rule.ts';
import { anomalyBand, anomalyLimitText, anomalyPerfdata, describeAnomaly } from './anomaly-words.ts';
import { decimalIdentity, measuredIdentity } from './rule-identity.ts';
import { commonFaults, commonKeys, ruleBase } from './rule-keys.ts';
import { decimal, fault, isMapping, numberBetween, wholeDays } from './rule-scalars.ts';
import type { RuleType } from './rule-type.ts';

const DAY = 86_400_000;
const MIN_HISTORY = 7;
/** A ratio of a handful of calls is noise (docs/rules.md). */
const MIN_CALLS_OF_RATIOS = 30;

const keys = z
  .strictObject({
    type: z
      .literal('anomaly')
      .describe(
        'Compares the value of a window (at most `24h`, `today`, `yesterday`) with the same window on earlier days',
      ),
    ...commonKeys,
    baseline: wholeDays.prefault('28d').describe('Earlier days to compare with'),
    method: z
      .enum(['zscore', 'robust'])
      .default('zscore')
      .describe('`robust` keeps incidents of earlier days out of the comparison'),
    zscore: numberBetween(0, 999, { above: true })
      .prefault(3)
      .describe('Standard deviations from the mean at which it fires'),
    direction: z.enum(['up', 'down', 'both']).default('up').describe('On which side of the mean it fires'),
    min_history: numberBetween(2, 366, { whole: true })
      .prefault(MIN_HISTORY)
      .describe('Periods of history that a group needs to be evaluated'),
    floor_pct: numberBetween(0, 10_000)
      .prefault(5)
      .describe('Least deviation, in percent of the mean of a day'),
    min_change: decimal
      .optional()
      .describe(
        "Smaller changes do not fire, in the metric's unit (default: `1` for spend and wasted_spend; `10` for calls, errors and unpriced_calls; `0.05` for error_rate; else `0`)",
      ),
    min_change_pct: numberBetween(0, 1e9)
      .prefault(0)
      .describe('Changes of fewer percent of the mean do not fire; 50 means 50 %'),
  })
  .superRefine(
    (given, ctx) => {
      for (const issue of [...commonFaults(given), ...historyFaults(given)]) ctx.addIssue(issue);
    },
    { when: isMapping },
  );

/** Compares a value with the same window on earlier days by its standard score (docs/rules.md, "Anomaly"). */
export const anomaly: RuleType<AnomalyRule, AnomalyObservation> = {
  type: 'anomaly',
  schema: keys.transform((given) => (defaults): AnomalyRule => {
    const additive = describeMetric(given.metric).additive;
    return {
      ...ruleBase(given, defaults, additive ? 0 : MIN_CALLS_OF_RATIOS),
      type: 'anomaly',
      baselineDays: given.baseline,
      method: given.method,
      zscore: given.zscore,
      direction: given.direction,
      minHistory: given.min_history,
      floorPct: given.floor_pct,
      minChange: given.min_change ?? defaultMinChange(given.metric),
      minChangePct: given.min_change_pct,
    };
  }),
  queries: queryAnomaly,
  judge: judgeAnomaly,

  identity(rule) {
    const { severity, baselineDays, method, zscore, direction, minHistory, floorPct, minChangePct } = rule;
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

  limitText: anomalyLimitText,
  describe: describeAnomaly,
  perfdata: anomalyPerfdata,
  band: anomalyBand,

  sample: {
    keys: { name: 'spend-anomaly', type: 'anomaly', metric: 'spend', window: '1h', group_by: ['service'] },
    otherLimits: { zscore: 4 },
    // Window 0 is the hour itself, 1 to 28 are the same hour on earlier days, the rest are whole days.
    spent: (window) => (window === 0 ? 60 : window <= 28 ? 10 : 100),
    summary: 'search $60.00 in 1h (usually $10.00, z 10.0)',
  },
};

/** Smaller changes are not worth a message, in the metric's unit (docs/rules.md). */
function defaultMinChange(metric: Metric): Fixed {
  const { unit, money } = describeMetric(metric);
  if (money) return fixedFromNumber(1);
  if (unit === 'calls') return fixedFromNumber(10);
  return unit === 'ratio' ? fixedFromNumber(0.05) : 0n;
}

/** Faults between the keys of an anomaly. Any key may be missing or invalid. */
function historyFaults(given: object): ReturnType<typeof fault>[] {
  const {
    window,
    baseline,
    min_history: minHistory,
    min_change: minChange,
  } = given as Readonly<Record<string, unknown>>;
  const faults: ReturnType<typeof fault>[] = [];
  if (isWindow(window) && !fitsInDay(window)) {
    const hint = 'an anomaly is judged over at most 24h, today or yesterday';
    faults.push(fault('too long for an anomaly', hint, ['window']));
  }
  if (typeof baseline === 'number' && typeof minHistory === 'number' && baseline < minHistory) {
    const hint = `make baseline at least ${minHistory}d, or min_history at most ${baseline}`;
    faults.push(
      fault(`${counted(baseline, 'day')} can never hold ${counted(minHistory, 'period')}`, hint, [
        'baseline',
      ]),
    );
  }
  if (typeof minChange === 'bigint' && minChange < 0n) {
    faults.push(
      fault('must not be negative', 'write the size of the change, in both directions', ['min_change']),
    );
  }
  return faults;
}

function isWindow(value: unknown): value is WindowSpec {
  return typeof value === 'object' && value !== null && 'kind' in value && 'text' in value;
}

function fitsInDay(window: WindowSpec): boolean {
  if (window.kind === 'rolling') return window.ms <= DAY;
  return window.word === 'today' || window.word === 'yesterday';
}
