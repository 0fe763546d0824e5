// Finds which values reach which limits, by estimates first and exact values where these are too close.

import { largestOf, smallestOf } from '../model/extremes.ts';
import type { Firing, Reached, ReachedStep } from '../model/finding.ts';
import { describeMetric } from '../model/metric.ts';
import { measured, type Sample } from '../model/metric-value.ts';
import { toNumber } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import { type Extent, extentOf } from '../model/observed.ts';
import { firesBelow, reaches } from '../model/rule.ts';
import { ESTIMATE_MARGIN, type GroupKey, type Series, seriesOfCells } from '../model/series.ts';
import type { ThresholdRule } from './threshold-rule.ts';

const EVERYONE = seriesOfCells([{ key: [], cells: [null] }]);
/** The groups that have a value, by index. Estimates are computed at once, exact values on demand. */
export interface Values {
  readonly numbers: Float64Array;
  readonly extent: Extent;
  keyAt(place: number): GroupKey;
  sampleAt(place: number): Sample;
}

/** One pass over all groups, because a replay does this for thousands of users at each instant. */
export function valuesIn(rule: ThresholdRule, answer: Series): Values {
  const { sample, estimates } = measured(rule.metric, rule.errors);
  const series = withEveryone(rule, answer);
  const all = estimates(series, 0);
  /** The group at each index; null where every group has a value, as with sums. */
  const groups = describeMetric(rule.metric).additive ? null : withValue(all);
  const groupAt = (place: number): number => (groups === null ? place : (groups[place] as number));
  return {
    numbers: groups === null ? all : Float64Array.from(groups, (group) => all[group] as number),
    extent: extentOf(all),
    keyAt: (place) => series.keys[groupAt(place)] as GroupKey,
    sampleAt: (place) => sample(series.cell(groupAt(place), 0)) as Sample,
  };
}

function withEveryone(rule: ThresholdRule, answer: Series): Series {
  return isOfEveryone(rule) && answer.keys.length === 0 ? EVERYONE : answer;
}

/** Without group_by, an additive metric has a value even without a row. */
function isOfEveryone({ metric, groupBy }: ThresholdRule): boolean {
  return groupBy.length === 0 && describeMetric(metric).additive;
}

/** The groups that have a value; null where all of them do. */
function withValue(estimates: Float64Array): Int32Array | null {
  const groups = new Int32Array(estimates.length);
  let count = 0;
  for (let group = 0; group < estimates.length; group += 1) {
    if (Number.isNaN(estimates[group])) continue;
    groups[count] = group;
    count += 1;
  }
  return count === groups.length ? null : groups.slice(0, count);
}

/** A step's limit as a double, and how near to it an estimate is inconclusive. */
interface Limit {
  readonly step: ReachedStep;
  readonly number: number;
  readonly close: number;
}

/** A rule's limits, ascending by severity. `nearest` is the estimate from which a value may reach the mildest of them. */
interface Limits {
  readonly all: readonly Limit[];
  /** At index n the first n steps. A value that reaches a limit reaches the milder ones too. */
  readonly upTo: readonly (readonly ReachedStep[])[];
  readonly rises: boolean;
  readonly nearest: number;
}

/** Cached by rule, because a replay asks for them at every instant. */
const limitsByRule = new WeakMap<ThresholdRule, Limits>();

function limitsOf(rule: ThresholdRule): Limits {
  const known = limitsByRule.get(rule);
  if (known !== undefined) return known;
  const all = rule.steps.map((step): Limit => {
    const number = toNumber(step.bound);
    return {
      step: { ...step, operator: rule.operator },
      number,
      close: ESTIMATE_MARGIN * (1 + Math.abs(number)),
    };
  });
  const rises = !firesBelow(rule.operator);
  const starts = all.map(({ number, close }) => (rises ? number - close : number + close));
  const upTo = [...all.keys(), all.length].map((count) => all.slice(0, count).map(({ step }) => step));
  const limits = { all, upTo, rises, nearest: rises ? smallestOf(starts) : largestOf(starts) };
  limitsByRule.set(rule, limits);
  return limits;
}

/** The indexes of values whose estimate comes near the mildest limit or passes it. */
function candidates({ rises, nearest }: Limits, numbers: Float64Array): number[] {
  const places: number[] = [];
  for (let place = 0; place < numbers.length; place += 1) {
    const number = numbers[place] as number;
    if (rises ? number >= nearest : number <= nearest) places.push(place);
  }
  return places;
}

/** The observations that reach a limit, by their exact values. */
export function firingIn(
  rule: ThresholdRule,
  values: Values,
  observe: (place: number) => Observation,
): Firing[] {
  const limits = limitsOf(rule);
  const { rises, nearest } = limits;
  if (rises ? values.extent.highest < nearest : values.extent.lowest > nearest) return [];
  return candidates(limits, values.numbers).flatMap((place) => {
    const observation = observe(place);
    const steps = stepsOf(rule, limits.all, observation.value);
    return isSome(steps) ? [{ ...observation, steps }] : [];
  });
}

/**
 * The groups and steps that `firingIn` would find in one of many windows. Where calls need not be counted, an estimate that
 * is far from every limit decides.
 */
export function reachedIn(rule: ThresholdRule, answer: Series, window: number): Reached[] {
  const limits = limitsOf(rule);
  const { sample, estimates } = measured(rule.metric, rule.errors);
  const series = withEveryone(rule, answer);
  const numbers = estimates(series, window);
  const reached: Reached[] = [];
  for (const group of candidates(limits, numbers)) {
    if (!series.has(group, window) && !isOfEveryone(rule)) continue;
    const clear = rule.minCalls === 0 ? clearSteps(limits, numbers[group] as number) : null;
    const steps = clear ?? stepsOf(rule, limits.all, sample(series.cell(group, window)) as Sample);
    if (isSome(steps)) reached.push({ key: series.keys[group] as GroupKey, steps });
  }
  return reached;
}

/** The steps that the estimate proves; null where it is too close to a limit to decide. */
function clearSteps({ all, rises, upTo }: Limits, number: number): readonly ReachedStep[] | null {
  let count = 0;
  for (const limit of all) {
    if (Math.abs(number - limit.number) <= limit.close) return null;
    if (number > limit.number === rises) count += 1;
  }
  return upTo[count] as readonly ReachedStep[];
}

function isSome(steps: readonly ReachedStep[]): steps is Reached['steps'] {
  return steps.length > 0;
}

function stepsOf({ minCalls }: ThresholdRule, limits: readonly Limit[], value: Sample): ReachedStep[] {
  if (value.calls < minCalls) return [];
  return limits.flatMap(({ step }) => (reaches(step.operator, value.fixed, step.bound) ? [step] : []));
}
