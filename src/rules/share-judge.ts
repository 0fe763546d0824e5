// How a share rule divides a total among its groups.

import type { Judgement, ReachedStep } from '../model/finding.ts';
import { measuresOf } from '../model/metric.ts';
import { measured } from '../model/metric-value.ts';
import { type Fixed, ONE, toNumber } from '../model/money.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import { reaches } from '../model/rule.ts';
import { EMPTY_SERIES, ESTIMATE_MARGIN, type GroupKey, type Query, type Series } from '../model/series.ts';
import { windowAt } from '../model/window.ts';
import { firingBy, judgementOf } from './rule-judgement.ts';
import type { RuleContext } from './rule-type.ts';
import { type ShareEstimates, shareEstimates } from './share-estimates.ts';
import type { ShareObservation, ShareRule } from './share-rule.ts';

export function queryShare(rule: ShareRule, { at, zone }: RuleContext): Query[] {
  const { where, groupBy } = rule;
  const measures = measuresOf(rule.metric, rule.errors);
  return [{ measures, where, groupBy, windows: [windowAt(rule.window, at, zone)] }];
}

/**
 * A total that is too small, or all one group's, is not divided: nothing is observed, and nothing fires. It is not missing data,
 * as with a sum: an alert ends when all is quiet.
 */
export function judgeShare(
  rule: ShareRule,
  { at, zone }: RuleContext,
  [series = EMPTY_SERIES]: readonly Series[],
): Judgement<ShareObservation> {
  const estimates = shareEstimates(rule, series, 0);
  const { numbers, parts } = estimates;
  const total = totalOf(rule, series, estimates);
  if (parts < 2 || total.isTooSmall()) return { status: 'ok', observed: NOTHING_OBSERVED, firing: [] };
  const window = windowAt(rule.window, at, zone);
  const { sample } = measured(rule.metric, rule.errors);
  const groups = positive(numbers);
  const observe = (group: number): ShareObservation => {
    const value = sample(series.cell(group, 0));
    const [part, whole] = [value?.fixed ?? 0n, total.exact()];
    const fixed = (part * ONE) / whole;
    return {
      key: series.keys[group] as GroupKey,
      value: { fixed, number: Number(part) / Number(whole), calls: value?.calls ?? 0 },
      window,
      badness: fixed,
      part,
      total: whole,
      parts,
    };
  };
  const least = toNumber(rule.steps[0]?.bound ?? ONE) * (1 - ESTIMATE_MARGIN);
  const firing = groups.flatMap((group) => {
    if ((numbers[group] as number) < least) return [];
    const observation = observe(group);
    return firingBy(observation, stepsOf(rule, observation)) ?? [];
  });
  return judgementOf({
    series,
    groups,
    observe,
    firing,
    quiet: 'ok',
    numbers: Float64Array.from(groups, (group) => numbers[group] as number),
    worsens: 'up',
  });
}

function stepsOf({ operator, minCalls, steps }: ShareRule, { value }: ShareObservation): ReachedStep[] {
  if (value.calls < minCalls) return [];
  return steps.flatMap((step) => (reaches(operator, value.fixed, step.bound) ? [{ ...step, operator }] : []));
}

/** The total of the positive groups. It takes every group's exact value, so it is added up only where it matters. */
function totalOf(rule: ShareRule, series: Series, { numbers, total }: ShareEstimates) {
  const { sample } = measured(rule.metric, rule.errors);
  let known: Fixed | null = null;
  const exact = (): Fixed => {
    known ??= positive(numbers).reduce(
      (sum, group) => sum + (sample(series.cell(group, 0))?.fixed ?? 0n),
      0n,
    );
    return known;
  };
  const least = toNumber(rule.minTotal);
  return {
    exact,
    isTooSmall: (): boolean =>
      Math.abs(total - least) > ESTIMATE_MARGIN * (1 + least) ? total < least : exact() < rule.minTotal,
  };
}

/** The groups that have a share, by index. */
function positive(numbers: Float64Array): number[] {
  const groups: number[] = [];
  for (let group = 0; group < numbers.length; group += 1) {
    if (!Number.isNaN(numbers[group])) groups.push(group);
  }
  return groups;
}
