// Describes a share rule's findings.

import {
  counted,
  displayAgainst,
  displayPhrase,
  displayValue,
  withoutZeroCents,
} from '../model/display-value.ts';
import { type Description, type Firing, topStep } from '../model/finding.ts';
import { quantityOf } from '../model/quantity.ts';
import { firingText } from './rule-words.ts';
import type { ShareObservation, ShareRule } from './share-rule.ts';

export function describeShare(rule: ShareRule, firing: Firing<ShareObservation>): Description {
  const { value, part, total, parts } = firing;
  const step = topStep(firing);
  const quantity = quantityOf(rule);
  const [shown, bound] = displayAgainst(quantity, value.fixed, step.bound);
  const phrase = displayPhrase(quantity, shown);
  const [own, whole] = [displayValue(rule.metric, part), displayValue(rule.metric, total)];
  const amounts = `${own} of ${displayPhrase(rule.metric, whole)} in ${counted(parts, 'group')}`;
  const against = `${value.fixed === step.bound ? 'at' : 'over'} its limit of ${bound}`;
  return {
    value: phrase,
    reason: `limit ${bound}`,
    comparison: [phrase, `${step.operator} ${bound}`],
    note: null,
    sentence: [shown, `${withoutZeroCents(own)} of ${withoutZeroCents(whole)}, ${against}`],
    facts: [
      ['Share', `${phrase}: ${amounts}`],
      ['Limit', `${firingText(step.operator, bound)} is ${step.severity}`],
    ],
    judged: [],
    lines: [amounts],
    fields: { total },
  };
}
