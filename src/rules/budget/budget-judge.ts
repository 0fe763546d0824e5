// How a budget rule compares what was spent with the amounts.

import type { Firing, Judgement, ReachedStep } from '../../model/finding.ts';
import { localDay } from '../../model/local-time.ts';
import { measuresOf } from '../../model/metric.ts';
import { measured, type Sample } from '../../model/metric-value.ts';
import { FIXED_DIGITS, type Fixed, formatFixed, ONE, toNumber } from '../../model/money.ts';
import { type DaysLeft, expectedSum, type PastDays } from '../../model/projection.ts';
import {
  EMPTY_SERIES,
  ESTIMATE_MARGIN,
  type GroupKey,
  type Query,
  type Series,
  seriesOfCells,
} from '../../model/series.ts';
import { wholePeriod, windowAt } from '../../model/window.ts';
import { firingBy, judgementOf } from '../rule-judgement.ts';
import type { RuleContext } from '../rule-type.ts';
import { forecastOf, leftOf } from './budget-forecast.ts';
import { type BudgetObservation, type BudgetRule, boundOf } from './budget-rule.ts';
import { pastOf, pastSums, pastWindows } from './past-days.ts';

const EVERYONE = seriesOfCells([{ key: [], cells: [null] }]);

export function queryBudget(
  { metric, errors, where, groupBy, window, forecast }: BudgetRule,
  context: RuleContext,
): Query[] {
  const period = windowAt(window, context.at, context.zone);
  const windows = forecast === null ? [period] : [period, ...pastWindows(context.at, context.zone)];
  return [{ measures: measuresOf(metric, errors), where, groupBy, windows }];
}

export function judgeBudget(
  rule: BudgetRule,
  { at, zone }: RuleContext,
  [answer = EMPTY_SERIES]: readonly Series[],
): Judgement<BudgetObservation> {
  // Without groups there is a value even without a row.
  const isOfEveryone = rule.groupBy.length === 0;
  const series = isOfEveryone && answer.keys.length === 0 ? EVERYONE : answer;
  const measuring = measured(rule.metric, rule.errors);
  const all = measuring.estimates(series, 0);
  const window = windowAt(rule.window, at, zone);
  const period = wholePeriod(rule.window, at, zone);
  const days = [localDay(period.from, zone), localDay(period.to - 1, zone)] as const;
  const common = { window, period, days, today: localDay(at - 1, zone), forecast: null };
  const left = rule.forecast === null ? null : leftOf(common, zone);
  const sums = left === null ? [] : pastSums(measuring, series);
  const observe = (group: number): BudgetObservation => {
    const key = series.keys[group] as GroupKey;
    const amount = amountOf(rule, key) as Fixed;
    const value = measuring.sample(series.cell(group, 0)) as Sample;
    return { key, value, badness: (value.fixed * ONE) / amount, amount, ...common };
  };
  const wholeOf = openAmounts(rule);
  const mildest = toNumber(rule.steps[0]?.part ?? ONE);
  const groups: number[] = [];
  const found: (Firing<BudgetObservation> | null)[] = [];
  for (let group = 0; group < series.keys.length; group += 1) {
    const whole = wholeOf(series.keys[group] as GroupKey);
    if (whole === null) continue;
    const value = all[group] as number;
    if (isOfEveryone || series.has(group, 0)) groups.push(group);
    if (value >= whole * mildest * (1 - ESTIMATE_MARGIN)) found.push(byStep(rule, observe(group)));
    const past = left === null || value >= whole * (1 + ESTIMATE_MARGIN) ? null : pastOf(sums, series, group);
    if (left === null || past === null || value + expectedSum(past, left) < whole * (1 - ESTIMATE_MARGIN))
      continue;
    found.push(byForecast(rule, observe(group), past, left));
  }
  return judgementOf({
    series,
    groups,
    observe,
    firing: found.filter((one) => one !== null),
    quiet: 'ok',
    numbers: Float64Array.from(groups, (group) => all[group] as number),
    worsens: rule.amounts.size === 0 ? 'up' : null,
  });
}

/** The amount of a group; null where it has none, and is not judged. */
export function amountOf({ amount, amounts }: BudgetRule, [name = null]: GroupKey): Fixed | null {
  return (name === null ? undefined : amounts.get(name)) ?? amount;
}

/** As amountOf, but a double: each poll asks for that of every group, and few have one of their own. */
function openAmounts(rule: BudgetRule): (key: GroupKey) => number | null {
  const number = (amount: Fixed | null): number | null =>
    amount === null ? null : Number(amount) / Number(ONE);
  const common = number(rule.amount);
  return rule.amounts.size === 0 ? () => common : (key) => number(amountOf(rule, key));
}

/** A group's own amount is its limit, so that another amount of one group tells no other group again. */
function ownLimit({ amounts }: BudgetRule, { amount }: BudgetObservation): { readonly limit?: string } {
  return amounts.size === 0 ? {} : { limit: formatFixed(amount, FIXED_DIGITS) };
}

/** The alert of the steps; null where none is reached. */
function byStep(rule: BudgetRule, observation: BudgetObservation): Firing<BudgetObservation> | null {
  const { value, amount } = observation;
  if (value.calls < rule.minCalls) return null;
  const steps = rule.steps.flatMap(({ severity, part }): ReachedStep[] => {
    const bound = boundOf(amount, part);
    return value.fixed >= bound ? [{ severity, bound, operator: '>=' }] : [];
  });
  return firingBy({ ...observation, ...ownLimit(rule, observation) }, steps);
}

/** The alert of the forecast, beside that of the steps; null where the amount is not on course to be reached. */
function byForecast(
  rule: BudgetRule,
  observation: BudgetObservation,
  past: PastDays,
  left: DaysLeft,
): Firing<BudgetObservation> | null {
  const forecast = forecastOf(observation, past, left);
  if (rule.forecast === null || forecast === null || observation.value.calls < rule.minCalls) return null;
  const steps = [{ severity: rule.forecast, bound: observation.amount, operator: '>=' }] as const;
  return { ...observation, forecast, variant: 'forecast', ...ownLimit(rule, observation), steps };
}
