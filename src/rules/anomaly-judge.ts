// How an anomaly rule compares a value with its baseline.

import type { Firing, Judgement, ReachedStep } from '../model/finding.ts';
import { describeMetric, measuresOf } from '../model/metric.ts';
import { measured, type Sample } from '../model/metric-value.ts';
import { type Fixed, fixedFromNumber, ONE, toNumber } from '../model/money.ts';
import { EMPTY_SERIES, type GroupKey, groupIn, type Query, type Series } from '../model/series.ts';
import {
  clipOutliers,
  deviationOf,
  deviationsAway,
  divideDown,
  divideUp,
  type Moments,
  meanOf,
  momentsOf,
  zScore,
} from '../model/statistics.ts';
import { type Window, windowAt } from '../model/window.ts';
import { openPrefilter } from './anomaly-prefilter.ts';
import type { AnomalyObservation, AnomalyRule, Baseline } from './anomaly-rule.ts';
import { daysOfHistory, windowAndEarlier } from './rule-history.ts';
import { judgementOf } from './rule-judgement.ts';
import type { ComparedPeriod, RuleContext } from './rule-type.ts';

const DAY = 86_400_000;

/**
 * A single query. Its windows are the rule's own, then the same window 1, 2, … days earlier, then, for additive metrics, the
 * 24 h that end where each of those earlier windows ends.
 */
export function queryAnomaly(rule: AnomalyRule, { at, zone }: RuleContext): Query[] {
  const windows = windowAndEarlier(rule.window, at, rule.baselineDays, zone);
  if (isAdditive(rule)) {
    for (const { to } of windows.slice(1)) windows.push({ from: to - DAY, to });
  }
  const measures = measuresOf(rule.metric, rule.errors);
  return [{ measures, where: rule.where, groupBy: rule.groupBy, windows }];
}

export function judgeAnomaly(
  rule: AnomalyRule,
  { at, zone }: RuleContext,
  [series = EMPTY_SERIES]: readonly Series[],
): Judgement<AnomalyObservation> {
  const window = windowAt(rule.window, at, zone);
  const { sample, estimate } = measured(rule.metric, rule.errors);
  const judge = (group: number) => {
    const exact = compared(rule, series, group, (k) => sample(series.cell(group, k))) as Compared<Sample>;
    return judgeGroup(
      rule,
      { key: series.keys[group] as GroupKey, value: exact.value, window },
      historyOf(rule, exact),
    );
  };
  const isSurelyQuiet = openPrefilter(rule);
  const groups: number[] = [];
  const numbers: number[] = [];
  const firing: Firing<AnomalyObservation>[] = [];
  for (let group = 0; group < series.keys.length; group += 1) {
    const estimates = compared(rule, series, group, (k) => estimate(series, group, k));
    if (estimates === null) continue;
    groups.push(group);
    numbers.push(estimates.value);
    if (isSurelyQuiet(estimates)) continue;
    const { observation, step } = judge(group);
    if (step !== null) firing.push({ ...observation, steps: [step] });
  }
  return judgementOf({
    series,
    groups,
    numbers,
    firing,
    quiet: groups.length > 0 ? 'ok' : 'no_data',
    observe: (group) => judge(group).observation,
    worsens: null,
  });
}

/** The same window on each earlier day of a group's history. */
export function anomalyPeriods(
  rule: AnomalyRule,
  { at, zone }: RuleContext,
  [series = EMPTY_SERIES]: readonly Series[],
  key: GroupKey,
): ComparedPeriod[] {
  const group = groupIn(series, key);
  const { sample } = measured(rule.metric, rule.errors);
  const oldest = group < 0 ? 0 : daysOfHistory(series, group, rule.baselineDays);
  return windowAndEarlier(rule.window, at, oldest, zone)
    .slice(1)
    .map((window, day) => ({ window, value: sample(series.cell(group, day + 1))?.fixed ?? null }));
}

/** A group's value and its baseline: the value of each period and, for additive metrics, of the 24 h that end with it. */
interface Compared<T> {
  readonly value: T;
  readonly periods: readonly T[];
  /** Computed on demand, because few groups come near firing. */
  days(): readonly T[];
}

/**
 * Reads a group's value and baseline from the windows of `queryAnomaly`. The baseline begins at the oldest period in which
 * the group has a row. Null where the group has no value now, or fewer periods than the rule asks for.
 */
function compared<T>(
  rule: AnomalyRule,
  series: Series,
  group: number,
  valueAt: (window: number) => T | null,
): Compared<T> | null {
  const value = valueAt(0);
  if (value === null) return null;
  const oldest = daysOfHistory(series, group, rule.baselineDays);
  /** The non-null values of `count` windows from `first` on. Additive metrics have no nulls. */
  const valuesFrom = (first: number, count: number): T[] => {
    const values: T[] = [];
    for (let k = first; k < first + count; k += 1) {
      const one = valueAt(k);
      if (one !== null) values.push(one);
    }
    return values;
  };
  const periods = valuesFrom(1, oldest);
  if (periods.length < rule.minHistory) return null;
  const days = (): T[] => (isAdditive(rule) ? valuesFrom(rule.baselineDays + 1, oldest) : []);
  return { value, periods, days };
}

/** The baseline as numbers: its moments, clipped where the method says so, and the floor of the deviation. */
interface History {
  readonly moments: Moments;
  /** The floor as an exact fraction of Fixed numbers. */
  readonly floor: { readonly of: bigint; readonly by: bigint };
}

function historyOf(rule: AnomalyRule, { periods, days }: Compared<Sample>): History {
  const values = periods.map(({ fixed }) => fixed);
  const plain = momentsOf(values);
  // A ratio has no daily sum, so its floor is a fraction of its own mean.
  const base = isAdditive(rule) ? days().reduce((sum, { fixed }) => sum + fixed, 0n) : plain.sum;
  const floor = percentOf(base, rule.floorPct, plain.n);
  return { moments: rule.method === 'robust' ? momentsOf(clipOutliers(values)) : plain, floor };
}

function judgeGroup(
  rule: AnomalyRule,
  group: { readonly key: GroupKey; readonly value: Sample; readonly window: Window },
  { moments, floor }: History,
): { observation: AnomalyObservation; step: ReachedStep | null } {
  const deviation = deviationOf(moments);
  const floorNumber = Number(floor.of) / Number(floor.by) / Number(ONE);
  const baseline: Baseline = {
    mean: toNumber(meanOf(moments)),
    stddev: deviation,
    floor: floorNumber,
    n: moments.n,
  };
  const score = zScore(group.value.fixed, moments, Math.max(deviation, floorNumber));
  const step =
    group.value.calls < rule.minCalls ? null : reachedStep(rule, group.value.fixed, { moments, floor });
  const zscore = step === null ? score : atLeast(score, rule.zscore);
  return { observation: { ...group, baseline, zscore, badness: fixedFromNumber(Math.abs(zscore)) }, step };
}

/**
 * The step that the value reaches, or null. Every guard is an exact comparison of n·x with Σ ± T, so the bound in the
 * message is exactly the value at which the rule begins to fire.
 */
function reachedStep(rule: AnomalyRule, value: Fixed, history: History): ReachedStep | null {
  const { n, sum } = history.moments;
  const count = BigInt(n);
  const far = distance(rule, history);
  const { severity } = rule;
  if (rule.direction !== 'down') {
    const bound = divideUp(sum + far, count);
    if (value >= bound) return { severity, bound, operator: '>=' };
  }
  if (rule.direction !== 'up') {
    const bound = divideDown(sum - far, count);
    if (value <= bound) return { severity, bound, operator: '<=' };
  }
  return null;
}

/** The least T > 0 such that a value with |n·x − Σx| ≥ T fires: the widest of the score and the two guards. */
function distance({ zscore, minChange, minChangePct }: AnomalyRule, { moments, floor }: History): bigint {
  const factor = fixedFromNumber(zscore);
  const count = BigInt(moments.n);
  const change = percentOf(moments.sum, minChangePct, 1);
  return largest([
    // A value equal to the mean scores 0, however flat the baseline.
    1n,
    deviationsAway(moments, factor),
    divideUp(factor * count * floor.of, ONE * floor.by),
    count * minChange,
    divideUp(change.of, change.by),
  ]);
}

/** A percentage of |sum| / n, as an exact fraction. */
function percentOf(sum: Fixed, percent: number, n: number): { of: bigint; by: bigint } {
  return { of: (sum < 0n ? -sum : sum) * fixedFromNumber(percent), by: 100n * ONE * BigInt(n) };
}

/** The score is a double and may fall just short of a limit that was reached exactly. It is then raised to the limit. */
function atLeast(score: number, limit: number): number {
  return Math.sign(score) * Math.max(Math.abs(score), limit);
}

function largest(values: readonly [bigint, ...bigint[]]): bigint {
  let most = values[0];
  for (const value of values) if (value > most) most = value;
  return most;
}

function isAdditive(rule: AnomalyRule): boolean {
  return describeMetric(rule.metric).additive;
}
