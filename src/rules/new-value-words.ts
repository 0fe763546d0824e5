// Describes a new_value rule's limit and findings.

import { counted, displayValue, withoutZeroCents } from '../model/display-value.ts';
import type { Description, Firing } from '../model/finding.ts';
import { kindText } from '../model/group-label.ts';
import type { Series } from '../model/series.ts';
import { isoInstant } from '../model/window.ts';
import { firstMinute } from './new-value-judge.ts';
import { MOST_UNPRICED, type NewValueObservation, type NewValueRule } from './new-value-rule.ts';
import type { Perfdata } from './rule-type.ts';
import { perfdataBySeverity, perfdataRange, perfdataValue, whenText } from './rule-words.ts';

/** `new in 28d, >= $1.00` */
export function newValueLimitText({ metric, minSpend, baselineDays }: NewValueRule): string {
  return `new in ${baselineDays}d, >= ${displayValue(metric, minSpend)}`;
}

/** Describes a value that is new; `minutes` is the answer to `minutesOfFirstHour`, null where there is none. */
export function describeNewValue(
  rule: NewValueRule,
  firing: Firing<NewValueObservation>,
  minutes: Series | null = null,
): Description {
  const { value, unpriced, firstHour, zone, window } = firing;
  const minute = firstMinute(firing, minutes);
  const firstSeen = minute ?? firstHour;
  const amount = displayValue(rule.metric, value.fixed);
  const isUnpriced = value.fixed < rule.minSpend;
  const lacking = `${counted(unpriced, 'call')} without a price`;
  const what = `new ${kindText(rule.dimension)}`;
  const when = whenText({ at: firstSeen, isExact: minute !== null }, window.to, zone);
  const first = `first call ${when}`;
  return {
    value: isUnpriced ? lacking : amount,
    reason: `${what}, ${first}`,
    comparison: [isUnpriced ? `${amount} and ${lacking}` : amount, `(${what}, ${first})`],
    note: null,
    sentence: [
      withoutZeroCents(amount),
      `and is new: ${isUnpriced ? `${lacking}, ` : ''}${first}, and none in the ${rule.baselineDays} days before`,
    ],
    facts: [
      ['Value', isUnpriced ? `${amount}; ${lacking}` : amount],
      ['First call', when],
      [
        'Fires from',
        `${displayValue(rule.metric, rule.minSpend)}, or ${MOST_UNPRICED} calls without a price`,
      ],
    ],
    since: 'Noticed',
    isYoung: true,
    judged: [],
    lines: [],
    fields: { first_seen: isoInstant(firstSeen) },
  };
}

/** The spend of the largest new value, and the least that fires. */
export function newValuePerfdata(
  { metric, severity, minSpend }: NewValueRule,
  worst: NewValueObservation | undefined,
): Perfdata {
  const range = perfdataRange('>=', minSpend);
  const value = worst === undefined ? null : perfdataValue(metric, worst.value.fixed);
  return perfdataBySeverity(value, (one) => (one === severity ? range : null));
}
