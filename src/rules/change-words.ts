// Describes a change rule's limits and findings.

import { beforeText, percentText } from '../model/change-text.ts';
import { localSpan } from '../model/display-time.ts';
import { displayAgainst, displayPhrase, displayValue, withoutZeroCents } from '../model/display-value.ts';
import { type Description, type Firing, topStep } from '../model/finding.ts';
import { describeMetric } from '../model/metric.ts';
import { type Fixed, formatFixed, ONE, toNumber } from '../model/money.ts';
import type { Severity } from '../model/rule.ts';
import { limitsOf } from './change-judge.ts';
import type { ChangeObservation, ChangeRule } from './change-rule.ts';
import type { Band, Perfdata } from './rule-type.ts';
import { firingText, perfdataBySeverity, perfdataValue } from './rule-words.ts';

/** `+100 % / +300 % on the day before`, `-50 % on the week before` */
export function changeLimitText(rule: ChangeRule): string {
  const percents = (one: (ratio: Fixed) => string): string =>
    rule.ratios.map(({ bound }) => one(bound)).join(' / ');
  const sides = [
    ...(rule.direction === 'down' ? [] : [percents((ratio) => percentText(ratio, ONE))]),
    ...(rule.direction === 'up' ? [] : [percents((ratio) => percentText(ONE, ratio))]),
  ];
  return `${sides.join(' or ')} ${onText(rule)}`;
}

export function describeChange(rule: ChangeRule, firing: Firing<ChangeObservation>): Description {
  const { metric } = rule;
  const { value, before, windowBefore, zone } = firing;
  const { severity, bound, operator } = topStep(firing);
  const shown = displayValue(metric, value.fixed);
  const then = displayValue(metric, before.fixed);
  const change = `${percentText(value.fixed, before.fixed)} ${onText(rule)}`;
  const [compared, limit] = displayAgainst(metric, value.fixed, bound);
  const span = localSpan(windowBefore.from, windowBefore.to, zone);
  return {
    value: displayPhrase(metric, shown),
    reason: change,
    comparison: [displayPhrase(metric, compared), `${operator} ${limit}`],
    note: change,
    sentence: [withoutZeroCents(shown), `${change} (${withoutZeroCents(then)})`],
    facts: [
      ['Value', displayPhrase(metric, shown)],
      ['Change', `${change}: ${displayPhrase(metric, then)} from ${span}`],
      ['Limit', `here ${firingText(operator, displayValue(metric, bound))} is ${severity}`],
    ],
    isCompared: true,
    judged: [],
    lines: [`${change}: ${then} from ${span}`],
    fields: {
      previous_value: describeMetric(metric).additive ? before.fixed : before.number,
      ratio: value.number / before.number,
    },
  };
}

/** `on the hour before`, `on the day before`, `on 28 days before`. */
function onText({ window, against }: ChangeRule): string {
  return `on ${beforeText(window, against)}`;
}

/** The value, and the limits that the worst group has by its own value before. */
export function changePerfdata(rule: ChangeRule, worst: ChangeObservation | undefined): Perfdata {
  const limits = worst === undefined ? [] : limitsOf(rule, worst.before.fixed);
  const range = (name: Severity): string | null => {
    const limit = limits.find(({ severity }) => severity === name);
    if (limit === undefined) return null;
    const [above, below] = [limit.above, limit.below].map((bound) =>
      bound === null ? '' : formatFixed(bound, 12),
    );
    return below === '' ? (above ?? '') : `${below}:${above}`;
  };
  const value = worst === undefined ? null : perfdataValue(rule.metric, worst.value.fixed);
  return perfdataBySeverity(value, range);
}

/** The value before, and those from which the mildest limit fires. */
export function changeBand(rule: ChangeRule, { before }: ChangeObservation): Band {
  const [mildest] = limitsOf(rule, before.fixed);
  const edge = (bound: Fixed | null | undefined): number | null =>
    bound === null || bound === undefined ? null : toNumber(bound);
  return { low: edge(mildest?.below), mean: before.number, high: edge(mildest?.above) };
}
