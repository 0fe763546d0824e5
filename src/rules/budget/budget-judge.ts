// How a budget rule compares what was spent with the amounts.

import type { Firing, Judgement, ReachedStep } from '../../model/finding.ts';
import { localDay } from '../../model/local-time.ts';
import { measuresOf } from '../../model/metric.ts';
import { measured, type Sample } from '../../model/metric-value.ts';
import { FIXED_DIGITS, type Fixed, formatFixed, ONE } from '../../model/money.ts';
import { worstFirst } from '../../model/observation.ts';
import { observedLater } from '../../model/observed.ts';
import { type GroupKey, type Query, type Series, seriesOfCells } from '../../model/series.ts';
import { wholePeriod, windowAt } from '../../model/window.ts';
import type { RuleContext } from '../rule-type.ts';
import { type BudgetObservation, type BudgetRule, boundOf } from './budget-rule.ts';

/** Relative distance within which an estimate is inconclusive and exact values decide. */
const CLOSE = 1e-6;
const NOBODY = seriesOfCells([]);
const EVERYONE = seriesOfCells([{ key: [], cells: [null] }]);

export function queryBudget(
  { metric, errors, where, groupBy, window }: BudgetRule,
  context: RuleContext,
): Query[] {
  const windows = [windowAt(window, context.at, context.zone)];
  return [{ measures: measuresOf(metric, errors), where, groupBy, windows }];
}

export function judgeBudget(
  rule: BudgetRule,
  { at, zone }: RuleContext,
  [answer = NOBODY]: readonly Series[],
): Judgement<BudgetObservation> {
  // Without groups there is a value even without a row.
  const isOfEveryone = rule.groupBy.length === 0;
  const series = isOfEveryone && answer.keys.length === 0 ? EVERYONE : answer;
  const { sample, estimates } = measured(rule.metric, rule.errors);
  const all = estimates(series, 0);
  const window = windowAt(rule.window, at, zone);
  const period = wholePeriod(rule.window, at, zone);
  const days = [localDay(period.from, zone), localDay(period.to - 1, zone)] as const;
  const common = { window, period, days, today: localDay(at - 1, zone), forecast: null };
  const groups: number[] = [];
  const firing: Firing<BudgetObservation>[] = [];
  const observe = (group: number): BudgetObservation => {
    const key = series.keys[group] as GroupKey;
    const amount = amountOf(rule, key) as Fixed;
    const value = sample(series.cell(group, 0)) as Sample;
    return { key, value, badness: (value.fixed * ONE) / amount, amount, ...common };
  };
  const mildest = Number(rule.steps[0]?.part ?? ONE) / Number(ONE);
  for (let group = 0; group < series.keys.length; group += 1) {
    const amount = amountOf(rule, series.keys[group] as GroupKey);
    if (amount === null) continue;
    groups.push(group);
    const least = (Number(amount) / Number(ONE)) * mildest;
    if ((all[group] as number) < least * (1 - CLOSE)) continue;
    const observation = observe(group);
    const [first, ...more] = stepsOf(rule, observation);
    if (first !== undefined) {
      firing.push({ ...observation, ...ownLimit(rule, observation), steps: [first, ...more] });
    }
  }
  return {
    status: firing.length > 0 ? 'firing' : 'ok',
    observed: observedLater({
      numbers: Float64Array.from(groups, (group) => all[group] as number),
      keyAt: (place) => series.keys[groups[place] as number] as GroupKey,
      observe: (place) => observe(groups[place] as number),
      worsens: rule.amounts.size === 0 ? 'up' : null,
    }),
    firing: firing.sort(worstFirst),
  };
}

/** The amount of a group; null where it has none, and is not judged. */
export function amountOf({ amount, amounts }: BudgetRule, [name = null]: GroupKey): Fixed | null {
  return (name === null ? undefined : amounts.get(name)) ?? amount;
}

/** A group's own amount is its limit, so that another amount of one group tells no other group again. */
function ownLimit({ amounts }: BudgetRule, { amount }: BudgetObservation): { readonly limit?: string } {
  return amounts.size === 0 ? {} : { limit: formatFixed(amount, FIXED_DIGITS) };
}

function stepsOf({ steps, minCalls }: BudgetRule, { value, amount }: BudgetObservation): ReachedStep[] {
  if (value.calls < minCalls) return [];
  return steps.flatMap(({ severity, part }) => {
    const bound = boundOf(amount, part);
    return value.fixed >= bound ? [{ severity, bound, operator: '>=' as const }] : [];
  });
}
