// Describes a threshold rule's findings.

import { displayAgainst, displayPhrase, withoutZeroCents } from '../model/display-value.ts';
import { type Description, type Firing, type ReachedStep, topStep } from '../model/finding.ts';
import { firesBelow } from '../model/rule.ts';
import { firingText, timesText } from './rule-words.ts';
import type { ThresholdRule } from './threshold-rule.ts';

/** Describes a value that reached a limit. */
export function describeThreshold({ metric, groupBy }: ThresholdRule, firing: Firing): Description {
  const { value } = firing;
  const step = topStep(firing);
  const [shown, bound] = displayAgainst(metric, value.fixed, step.bound);
  const phrase = displayPhrase(metric, shown);
  return {
    value: phrase,
    reason: reasonText(value.fixed, step, bound),
    comparison: [phrase, `${step.operator} ${bound}`],
    note: null,
    sentence: [
      withoutZeroCents(shown),
      againstText(
        value.fixed,
        step,
        `${groupBy.length === 0 ? 'the' : 'its'} limit of ${withoutZeroCents(bound)}`,
      ),
    ],
    facts: [
      ['Value', `${phrase}${factorText(value.fixed, step)}`],
      ['Limit', `${firingText(step.operator, bound)} is ${step.severity}`],
    ],
    judged: [],
    lines: [],
    fields: {},
  };
}

/** `limit $100.00`, `below limit 5`. */
function reasonText(value: bigint, { operator, bound }: ReachedStep, shown: string): string {
  const limit = `limit ${shown}`;
  if (!firesBelow(operator)) return limit;
  return value === bound ? `at ${limit}` : `below ${limit}`;
}

/** `3.1 times its limit of $100`, `below its limit of 5`. */
function againstText(value: bigint, { operator, bound }: ReachedStep, limit: string): string {
  if (value === bound) return `at ${limit}`;
  if (firesBelow(operator)) return `below ${limit}`;
  const times = timesText(value, bound);
  return times === null ? `over ${limit}` : `${times} times ${limit}`;
}

/** How many times the limit; empty below twice the limit. */
function factorText(value: bigint, { operator, bound }: ReachedStep): string {
  if (firesBelow(operator) || value < 2n * bound) return '';
  const times = timesText(value, bound);
  return times === null ? '' : `, ${times} times the limit`;
}
