// One alert -> headline, facts, tables.

import { displayText } from './display-text.ts';
import { durationText, localSpan, localTime } from './display-time.ts';
import {
  displayAgainst,
  displayCount,
  displayPhrase,
  displayValue,
  displayZscore,
  shareText,
} from './display-value.ts';
import { type Alert, type BreakdownPart, type Finding, NONE } from './finding.ts';
import { groupLabel } from './group-label.ts';
import type { MessageSection, MessageTable } from './message.ts';
import { describeMetric } from './metric.ts';
import { fixedFromNumber } from './money.ts';
import type { Operator, RuleBase } from './rule.ts';
import type { Dimension } from './series.ts';
import { unexplainedText } from './unexplained-text.ts';
import { atLeast, belowOnlyIf, unpricedText } from './unpriced-text.ts';
import type { WindowSpec } from './window.ts';

type Fact = readonly [label: string, value: string];

/** An alert in one line: `search $312.46 in 1h (limit $100.00)`. */
export function alertSummary(rule: RuleBase, { finding }: Alert): string {
  const judged = finding.baseline === null ? limitText(finding) : usualText(finding);
  const doubt = belowOnlyIf(finding);
  const reason = doubt === null ? judged : `${judged}; ${doubt}`;
  return `${subject(finding, ' ')}${phrase(finding)} ${windowText(rule.window)} (${reason})`;
}

/** One alert in full: its headline, its facts, and the tables of what drives it. */
export function alertSection(rule: RuleBase, alert: Alert, zone: string): MessageSection {
  const { finding } = alert;
  const { window } = finding;
  const unexplained = unexplainedText(finding);
  const ongoing = alert.ongoing ? ', ongoing' : '';
  const facts: (Fact | null)[] = [
    ...(finding.baseline === null ? limitFacts(finding) : anomalyFacts(finding)),
    ['Since', sinceText(alert, zone)],
    ['Window', `${localSpan(window.from, window.to, zone)} (${rule.window.text})`],
    finding.metric === 'calls' ? null : ['Calls', displayCount(finding.value.calls)],
    unpricedFact(finding),
    unexplained === null ? null : ['Drivers', unexplained],
  ];
  return {
    headline: `${subject(finding, ': ')}${phrase(finding)} ${windowText(rule.window)}${ongoing}`,
    facts: facts.filter((fact) => fact !== null),
    tables: Object.entries(finding.breakdown).flatMap(([dimension, parts]) =>
      parts.length === 0 ? [] : breakdownTable(finding, dimension, parts),
    ),
  };
}

/** A rule's window after its value: `in 1h`, `today`, `this week`. */
export function windowText(window: WindowSpec): string {
  return window.kind === 'rolling' ? `in ${window.text}` : window.word.replaceAll('_', ' ');
}

/** The group for people, `search / gpt-4.1`, with what parts it from the rest of the line; empty without a group. */
function subject({ groupBy, key }: Finding, separator: string): string {
  const label = groupLabel(groupBy, key);
  return label === '' ? '' : `${label}${separator}`;
}

function phrase(finding: Finding): string {
  return displayPhrase(finding.metric, shownAgainstLimit(finding)[0]);
}

/** An anomaly's bound is derived, not chosen, so that only a threshold needs digits to be told from it. */
function shownAgainstLimit({ metric, value, bound, baseline }: Finding): [value: string, bound: string] {
  return baseline === null
    ? displayAgainst(metric, value.fixed, bound)
    : [displayValue(metric, value.fixed), displayValue(metric, bound)];
}

function limitText(finding: Finding): string {
  const limit = `limit ${shownAgainstLimit(finding)[1]}`;
  if (!finding.operator.startsWith('<')) return limit;
  return finding.value.fixed === finding.bound ? `at ${limit}` : `below ${limit}`;
}

function usualText({ metric, baseline, zscore }: Finding): string {
  const usual = displayValue(metric, fixedFromNumber(baseline?.mean ?? 0));
  return `usually ${usual}, z ${displayZscore(zscore ?? 0)}`;
}

function limitFacts(finding: Finding): Fact[] {
  const [value, bound] = shownAgainstLimit(finding);
  return [
    ['Value', `${displayPhrase(finding.metric, value)}${timesText(finding)}`],
    ['Limit', `${fromText(finding.operator, bound)} is ${finding.severity}`],
  ];
}

/** An operator in words: `$100.00 or more`, `less than 5`. */
function fromText(operator: Operator, bound: string): string {
  switch (operator) {
    case '>=':
      return `${bound} or more`;
    case '>':
      return `more than ${bound}`;
    case '<=':
      return `${bound} or less`;
    case '<':
      return `less than ${bound}`;
  }
}

/** How many times the limit, where that is at least twice and so worth a word. */
function timesText({ value, bound, operator }: Finding): string {
  if (operator.startsWith('<') || bound <= 0n || value.fixed < 2n * bound) return '';
  const tenths = (value.fixed * 10n) / bound;
  return `, ${displayCount(Number(tenths / 10n))}.${tenths % 10n} times the limit`;
}

function anomalyFacts(finding: Finding): Fact[] {
  const { metric, baseline, zscore, operator, severity } = finding;
  const [value, bound] = shownAgainstLimit(finding);
  if (baseline === null) return [];
  const shown = (amount: number): string => displayValue(metric, fixedFromNumber(amount));
  const { mean, stddev, floor, n } = baseline;
  const floored = floor > stddev ? ` (raised to the floor of ${shown(floor)})` : '';
  return [
    ['Value', displayPhrase(metric, value)],
    ['Usually', `${shown(mean)}, the mean of the same window on ${n} earlier days`],
    ['Deviation', `${shown(stddev)}${floored}`],
    ['z', `${displayZscore(zscore ?? 0)}; here ${fromText(operator, bound)} is ${severity}`],
  ];
}

function sinceText({ at, since, ongoing }: Alert, zone: string): string {
  const age = since >= at ? 'new at this poll' : `for ${durationText(at - since)}`;
  return `${localTime(since, zone)} (${age}${ongoing ? '; ongoing, said before and held since' : ''})`;
}

function unpricedFact(finding: Finding): Fact | null {
  const { metric, value, unpriced } = finding;
  if (unpriced === null) return null;
  const isDoubtful = belowOnlyIf(finding) !== null;
  const told = `at least ${displayValue(metric, value.fixed)}: ${unpricedText(unpriced)}`;
  return ['Unpriced', isDoubtful ? `${told}; it is low only if they cost next to nothing` : told];
}

/** Shares are of the finding's value; averages and percentiles of parts add up to nothing, and have none. */
function breakdownTable(
  finding: Finding,
  dimension: Dimension,
  parts: readonly BreakdownPart[],
): MessageTable {
  const { metric, value } = finding;
  const hasShares = describeMetric(metric).additive && value.fixed > 0n;
  const hasCalls = metric !== 'calls';
  const name = displayText(dimension);
  return {
    title: `By ${name}`,
    columns: [
      name,
      COLUMN_NAMES[metric] ?? 'value',
      ...(hasCalls ? ['calls'] : []),
      ...(hasShares ? ['share'] : []),
    ],
    rows: parts.map((part) => [
      part.key === null ? NONE : displayText(part.key),
      atLeast(displayValue(metric, part.value.fixed), part.unpriced),
      ...(hasCalls ? [displayCount(part.value.calls)] : []),
      ...(hasShares
        ? [part.unpriced === undefined ? shareText(part.value.fixed, value.fixed) : 'unknown']
        : []),
    ]),
  };
}

const COLUMN_NAMES: Partial<Record<Finding['metric'], string>> = {
  spend: 'spend',
  wasted_spend: 'wasted',
  calls: 'calls',
  tokens: 'tokens',
  input_tokens: 'input tokens',
  output_tokens: 'output tokens',
  errors: 'failed',
  error_rate: 'failed',
  unpriced_calls: 'unpriced',
};
