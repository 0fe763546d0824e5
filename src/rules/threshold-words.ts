// Describes a threshold rule's limits and findings.

import { displayAgainst, displayCount, displayPhrase, displayValue } from '../model/display-value.ts';
import { type Description, type Firing, type ReachedStep, topStep } from '../model/finding.ts';
import type { Observation } from '../model/observation.ts';
import { firesBelow, type Severity } from '../model/rule.ts';
import type { Perfdata } from './rule-type.ts';
import { firingText, perfdataRange, perfdataValue } from './rule-words.ts';
import type { ThresholdRule } from './threshold-rule.ts';

/** `>= $50.00 / $100.00` */
export function thresholdLimitText({ metric, operator, steps }: ThresholdRule): string {
  return `${operator} ${steps.map(({ bound }) => displayValue(metric, bound)).join(' / ')}`;
}

/** Describes a value that reached a limit. */
export function describeThreshold({ metric }: ThresholdRule, firing: Firing): Description {
  const { value } = firing;
  const step = topStep(firing);
  const [shown, bound] = displayAgainst(metric, value.fixed, step.bound);
  const phrase = displayPhrase(metric, shown);
  return {
    value: phrase,
    reason: reasonText(value.fixed, step, bound),
    comparison: [phrase, `${step.operator} ${bound}`],
    note: null,
    facts: [
      ['Value', `${phrase}${timesText(value.fixed, step)}`],
      ['Limit', `${firingText(step.operator, bound)} is ${step.severity}`],
    ],
    lines: [],
    fields: {},
  };
}

/** The value with its warning and critical limits, the severities that monitoring plugins know. */
export function thresholdPerfdata(
  { metric, operator, steps }: ThresholdRule,
  worst: Observation | undefined,
): Perfdata {
  const range = (severity: Severity): string | null => {
    const step = steps.find((one) => one.severity === severity);
    return step === undefined ? null : perfdataRange(operator, step.bound);
  };
  return {
    value: worst === undefined ? null : perfdataValue(metric, worst.value.fixed),
    warning: range('warning'),
    critical: range('critical'),
  };
}

/** `limit $100.00`, `below limit 5`. */
function reasonText(value: bigint, { operator, bound }: ReachedStep, shown: string): string {
  const limit = `limit ${shown}`;
  if (!firesBelow(operator)) return limit;
  return value === bound ? `at ${limit}` : `below ${limit}`;
}

/** How many times the limit; empty below twice the limit. */
function timesText(value: bigint, { operator, bound }: ReachedStep): string {
  if (firesBelow(operator) || bound <= 0n || value < 2n * bound) return '';
  const tenths = (value * 10n) / bound;
  return `, ${displayCount(Number(tenths / 10n))}.${tenths % 10n} times the limit`;
}
