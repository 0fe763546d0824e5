// How a change rule compares a value with that of the window before.

import { smallestOf } from '../model/extremes.ts';
import type { Judgement, ReachedStep } from '../model/finding.ts';
import { measuresOf } from '../model/metric.ts';
import { measured, type Sample } from '../model/metric-value.ts';
import { type Fixed, ONE, toNumber } from '../model/money.ts';
import {
  EMPTY_SERIES,
  ESTIMATE_MARGIN,
  type GroupKey,
  groupIn,
  type Query,
  type Series,
} from '../model/series.ts';
import { divideDown, divideUp } from '../model/statistics.ts';
import { windowAt } from '../model/window.ts';
import { windowBefore } from '../model/window-before.ts';
import type { ChangeObservation, ChangeRule } from './change-rule.ts';
import { firingBy, judgementOf } from './rule-judgement.ts';
import type { ComparedPeriod, RuleContext } from './rule-type.ts';

/** A single query: the rule's own window, and the one before. */
export function queryChange(rule: ChangeRule, { at, zone }: RuleContext): Query[] {
  const { where, groupBy } = rule;
  const windows = [windowAt(rule.window, at, zone), windowBefore(rule.window, at, rule.against, zone)];
  return [{ measures: measuresOf(rule.metric, rule.errors), where, groupBy, windows }];
}

/** Groups whose value before was 0 or less, or that have no value in one of the windows, are not judged. */
export function judgeChange(
  rule: ChangeRule,
  { at, zone }: RuleContext,
  [series = EMPTY_SERIES]: readonly Series[],
): Judgement<ChangeObservation> {
  const { sample, estimates } = measured(rule.metric, rule.errors);
  const [window, earlier] = [
    windowAt(rule.window, at, zone),
    windowBefore(rule.window, at, rule.against, zone),
  ];
  const [now, then] = [estimates(series, 0), estimates(series, 1)];
  const groups: number[] = [];
  for (let group = 0; group < now.length; group += 1) {
    if ((then[group] as number) > 0 && !Number.isNaN(now[group])) groups.push(group);
  }
  const observe = (group: number): ChangeObservation => {
    const value = sample(series.cell(group, 0)) as Sample;
    const before = sample(series.cell(group, 1)) as Sample;
    return {
      key: series.keys[group] as GroupKey,
      value,
      window,
      badness: badnessOf(rule, value.fixed, before.fixed),
      before,
      windowBefore: earlier,
      zone,
    };
  };
  const isQuiet = openPrefilter(rule);
  const firing = groups.flatMap((group) => {
    if (isQuiet(now[group] as number, then[group] as number)) return [];
    const observation = observe(group);
    return firingBy(observation, stepsOf(rule, observation)) ?? [];
  });
  return judgementOf({
    series,
    groups,
    observe,
    firing,
    quiet: groups.length > 0 ? 'ok' : 'no_data',
    numbers: Float64Array.from(groups, (group) => now[group] as number),
    worsens: rule.direction === 'both' ? null : rule.direction,
  });
}

/** The one window before. */
export function changePeriods(
  rule: ChangeRule,
  { at, zone }: RuleContext,
  [series = EMPTY_SERIES]: readonly Series[],
  key: GroupKey,
): ComparedPeriod[] {
  const group = groupIn(series, key);
  const value = group < 0 ? null : measured(rule.metric, rule.errors).sample(series.cell(group, 1));
  const window = windowBefore(rule.window, at, rule.against, zone);
  return [{ window, value: value?.fixed ?? null }];
}

/** The value, or its negative where low ones fire; the size of the change where both do. */
function badnessOf({ direction }: ChangeRule, value: Fixed, before: Fixed): Fixed {
  if (direction !== 'both') return direction === 'up' ? value : -value;
  return value > before ? value - before : before - value;
}

/** The steps that a value reaches on its side. */
function stepsOf(
  rule: ChangeRule,
  { value: { fixed: value, calls }, before }: ChangeObservation,
): ReachedStep[] {
  if (calls < rule.minCalls) return [];
  return limitsOf(rule, before.fixed).flatMap(({ severity, above, below }): ReachedStep[] => {
    if (above !== null && value >= above) return [{ severity, bound: above, operator: '>=' }];
    return below !== null && value <= below ? [{ severity, bound: below, operator: '<=' }] : [];
  });
}

/** The values from which a step fires, above and below; null on a side where it does not. */
export function limitsOf({ ratios, minChange, direction }: ChangeRule, before: Fixed) {
  return ratios.map(({ severity, bound: ratio }) => ({
    severity,
    above: direction === 'down' ? null : larger(divideUp(before * ratio, ONE), before + minChange),
    below: direction === 'up' ? null : -larger(-divideDown(before * ONE, ratio), minChange - before),
  }));
}

function larger(a: Fixed, b: Fixed): Fixed {
  return a > b ? a : b;
}

/** Tells by estimates that a value cannot fire, whatever its last digits are. */
function openPrefilter({ ratios, minChange, direction }: ChangeRule) {
  const least = smallestOf(ratios.map(({ bound }) => toNumber(bound)));
  const change = toNumber(minChange);
  return (value: number, before: number): boolean => {
    const close = ESTIMATE_MARGIN * (1 + Math.abs(value) + before);
    const isBelow = value < Math.max(before * least, before + change) - close;
    const isAbove = value > Math.min(before / least, before - change) + close;
    return (direction === 'down' || isBelow) && (direction === 'up' || isAbove);
  };
}
