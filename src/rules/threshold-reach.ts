import type { Firing, Observation, Reached, ReachedStep } from '../model/finding.ts';
import { describeMetric, measured, type Sample } from '../model/metric.ts';
import { type Fixed, toNumber } from '../model/money.ts';
import type { Operator, ThresholdRule } from '../model/rule.ts';
import { type GroupKey, type Series, seriesOfCells } from '../model/series.ts';

const EVERYONE = seriesOfCells([{ key: [], cells: [null] }]);
/** Estimates this close to a limit, for each unit of it and at least, are looked at exactly. */
const CLOSE = 1e-6;

/** The values of groups that have one, by place: as estimates, with their ends, and exact for those that are asked for. */
export interface Values {
  readonly numbers: Float64Array;
  readonly lowest: number;
  readonly highest: number;
  keyAt(place: number): GroupKey;
  sampleAt(place: number): Sample;
}

export function valuesIn(rule: ThresholdRule, answer: Series): Values {
  const { sample, estimates } = measured(rule.metric, rule.errors);
  const { additive } = describeMetric(rule.metric);
  // Without group_by an additive metric has a value even without a row.
  const series = rule.groupBy.length === 0 && additive && answer.keys.length === 0 ? EVERYONE : answer;
  const { groupAt, ...values } = withValue(estimates(series, 0));
  return {
    ...values,
    keyAt: (place) => series.keys[groupAt(place)] as GroupKey,
    sampleAt: (place) => sample(series.cell(groupAt(place), 0)) as Sample,
  };
}

/** Looked through once, for thousands of users at each instant of a replay. */
function withValue(estimates: Float64Array): Omit<Values, 'keyAt' | 'sampleAt'> & {
  readonly groupAt: (place: number) => number;
} {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let missing = 0;
  for (let group = 0; group < estimates.length; group += 1) {
    const number = estimates[group] as number;
    if (number < lowest) lowest = number;
    if (number > highest) highest = number;
    if (Number.isNaN(number)) missing += 1;
  }
  if (missing === 0) return { numbers: estimates, lowest, highest, groupAt: (place) => place };
  const groups = Array.from(estimates.keys()).filter((group) => !Number.isNaN(estimates[group]));
  return {
    numbers: Float64Array.from(groups, (group) => estimates[group] as number),
    lowest,
    highest,
    groupAt: (place) => groups[place] as number,
  };
}

/** A step's limit as a double, and how near to it an estimate proves nothing. */
interface Limit {
  readonly step: ReachedStep;
  readonly number: number;
  readonly close: number;
}

function limitsOf({ steps, operator }: ThresholdRule): Limit[] {
  return steps.map((step) => {
    const number = toNumber(step.bound);
    return { step: { ...step, operator }, number, close: CLOSE * (1 + Math.abs(number)) };
  });
}

/** The places of values that reach a limit, or may: their estimate comes near the mildest one. */
function candidates(rule: ThresholdRule, limits: readonly Limit[], values: Values): number[] {
  const { numbers, lowest, highest } = values;
  const falls = rule.operator.startsWith('<');
  const numbersOfLimits = limits.map(({ number }) => number);
  const mildest = falls ? Math.max(...numbersOfLimits) : Math.min(...numbersOfLimits);
  const close = CLOSE * (1 + Math.abs(mildest));
  const places: number[] = [];
  if (falls ? lowest > mildest + close : highest < mildest - close) return places;
  for (let place = 0; place < numbers.length; place += 1) {
    const number = numbers[place] as number;
    if (falls ? number <= mildest + close : number >= mildest - close) places.push(place);
  }
  return places;
}

/** What reaches a limit, exactly. */
export function firingIn(
  rule: ThresholdRule,
  values: Values,
  observe: (place: number) => Observation,
): Firing[] {
  const limits = limitsOf(rule);
  return candidates(rule, limits, values).flatMap((place) => {
    const observation = observe(place);
    const [first, ...more] = stepsOf(rule, limits, observation.value);
    return first === undefined ? [] : [{ ...observation, steps: [first, ...more] }];
  });
}

/** The same groups and steps. An estimate that is near no limit tells them, where calls need not be counted. */
export function reachedIn(rule: ThresholdRule, values: Values): Reached[] {
  const limits = limitsOf(rule);
  const rises = rule.operator.startsWith('>');
  const reached: Reached[] = [];
  for (const place of candidates(rule, limits, values)) {
    const number = values.numbers[place] as number;
    const clear: ReachedStep[] = [];
    let isClear = rule.minCalls === 0;
    for (const limit of limits) {
      if (Math.abs(number - limit.number) <= limit.close) isClear = false;
      else if (number > limit.number === rises) clear.push(limit.step);
    }
    const [first, ...more] = isClear ? clear : stepsOf(rule, limits, values.sampleAt(place));
    if (first !== undefined) reached.push({ key: values.keyAt(place), steps: [first, ...more] });
  }
  return reached;
}

function stepsOf({ minCalls }: ThresholdRule, limits: readonly Limit[], value: Sample): ReachedStep[] {
  if (value.calls < minCalls) return [];
  return limits.flatMap(({ step }) => (reaches(step.operator, value.fixed, step.bound) ? [step] : []));
}

/** Whether a value meets a limit. */
export function reaches(operator: Operator, value: Fixed, bound: Fixed): boolean {
  switch (operator) {
    case '>=':
      return value >= bound;
    case '>':
      return value > bound;
    case '<=':
      return value <= bound;
    case '<':
      return value < bound;
  }
}
