import { z } from 'zod';
import type { Firing, Observation, Reached, ReachedStep } from '../model/finding.ts';
import { describeMetric, measured, measuresOf, type Sample } from '../model/metric.ts';
import { type Fixed, toNumber } from '../model/money.ts';
import { observedLater } from '../model/observed.ts';
import { type Operator, SEVERITIES, type Severity, type ThresholdRule } from '../model/rule.ts';
import { type GroupKey, type Series, seriesOfCells } from '../model/series.ts';
import { windowAt } from '../model/window.ts';
import { decimalIdentity, measuredIdentity } from './rule-identity.ts';
import { commonFaults, commonKeys, ruleBase } from './rule-keys.ts';
import { largestFirst, smallestFirst } from './rule-order.ts';
import { decimal, fault, isMapping } from './rule-scalars.ts';
import type { RuleType } from './rule-type.ts';

const keys = z
  .strictObject({
    type: z.literal('threshold').describe('The value of a window against fixed limits'),
    ...commonKeys,
    threshold: decimal.optional().describe("The limit, in the metric's unit; its severity is the rule's"),
    thresholds: z
      .strictObject({ info: decimal.optional(), warning: decimal.optional(), critical: decimal.optional() })
      .optional()
      .describe('Limits by severity; the highest one reached names the alert'),
    operator: z.enum(['>=', '>', '<=', '<']).default('>=').describe('How the value meets the limit'),
  })
  .superRefine(
    (given, ctx) => {
      for (const issue of [...commonFaults(given), ...limitFaults(given)]) ctx.addIssue(issue);
    },
    { when: isMapping },
  );

/** A value against fixed limits: every step whose limit is reached fires, equality counts for `>=` and `<=`. */
export const threshold: RuleType<ThresholdRule> = {
  type: 'threshold',
  schema: keys.transform((given) => (defaults): ThresholdRule => {
    const base = ruleBase(given, defaults);
    const limits = given.thresholds ?? { [base.severity]: given.threshold };
    const steps = SEVERITIES.flatMap((severity) => {
      const bound = limits[severity];
      return bound === undefined ? [] : [{ severity, bound }];
    });
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

  judge(rule, { at, zone }, [answer = NOBODY]) {
    const window = windowAt(rule.window, at, zone);
    const { additive } = describeMetric(rule.metric);
    const values = valuesIn(rule, answer);
    const { numbers, keyAt, sampleAt } = values;
    const observe = (place: number): Observation => {
      return { key: keyAt(place), value: sampleAt(place), window, baseline: null, zscore: null };
    };
    const falls = rule.operator.startsWith('<');
    const order = falls ? smallestFirst : largestFirst;
    const firing = firingIn(rule, values, observe).sort(order);
    return {
      status: firing.length > 0 ? 'firing' : !additive && numbers.length === 0 ? 'no_data' : 'ok',
      observed: observedLater({ numbers, keyAt, observe, order, worsens: falls ? 'down' : 'up' }),
      firing,
    };
  },

  reached: (rule, _, [answer = NOBODY]) => reachedIn(rule, valuesIn(rule, answer)),

  identity(rule) {
    const steps = rule.steps.map(({ severity, bound }) => [severity, decimalIdentity(bound)]);
    return { ...measuredIdentity(rule), operator: rule.operator, steps };
  },
};

/** The faults that lie between the keys of limits, each of which may be missing or still be what was written. */
function limitFaults(given: object): ReturnType<typeof fault>[] {
  const { threshold: one, thresholds: many, operator } = given as Readonly<Record<string, unknown>>;
  if (one !== undefined && many !== undefined) {
    return [fault('threshold and thresholds exclude each other', 'keep one of them', ['thresholds'])];
  }
  if (one === undefined && many === undefined) {
    return [
      fault('a limit is missing', 'give threshold: N, or thresholds: { warning: N, critical: N }', [
        'threshold',
      ]),
    ];
  }
  if (typeof many !== 'object' || many === null) return [];
  if (Object.keys(many).length === 0) {
    return [fault('no limit is given', 'give at least one of info, warning, critical', ['thresholds'])];
  }
  const falling = operator === '<' || operator === '<=';
  const limits = many as Readonly<Record<string, unknown>>;
  let milder: { readonly severity: Severity; readonly bound: Fixed } | null = null;
  const faults: ReturnType<typeof fault>[] = [];
  for (const severity of SEVERITIES) {
    const bound = limits[severity];
    if (typeof bound !== 'bigint') continue;
    if (milder !== null && (falling ? bound > milder.bound : bound < milder.bound)) {
      const message = `${severity} is ${falling ? 'above' : 'below'} ${milder.severity}`;
      const order = falling ? 'info >= warning >= critical' : 'info <= warning <= critical';
      faults.push(
        fault(message, `limits of operator ${operator} stand in the order ${order}`, [
          'thresholds',
          severity,
        ]),
      );
    }
    milder = { severity, bound };
  }
  return faults;
}

const NOBODY = seriesOfCells([]);
const EVERYONE = seriesOfCells([{ key: [], cells: [null] }]);
/** Estimates this close to a limit, for each unit of it and at least, are looked at exactly. */
const CLOSE = 1e-6;

/** The values of groups that have one, by place: as estimates, with their ends, and exact for those that are asked for. */
interface Values {
  readonly numbers: Float64Array;
  readonly lowest: number;
  readonly highest: number;
  keyAt(place: number): GroupKey;
  sampleAt(place: number): Sample;
}

function valuesIn(rule: ThresholdRule, answer: Series): Values {
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
function firingIn(rule: ThresholdRule, values: Values, observe: (place: number) => Observation): Firing[] {
  const limits = limitsOf(rule);
  return candidates(rule, limits, values).flatMap((place) => {
    const observation = observe(place);
    const [first, ...more] = stepsOf(rule, limits, observation.value);
    return first === undefined ? [] : [{ ...observation, steps: [first, ...more] }];
  });
}

/** The same groups and steps. An estimate that is near no limit tells them, where calls need not be counted. */
function reachedIn(rule: ThresholdRule, values: Values): Reached[] {
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
