// The facts of an alert that follow from its finding, whatever its rule type.

import { durationText, localClock, localDate, localTime } from './display-time.ts';
import { displayPhrase, displayValue } from './display-value.ts';
import type { Alert, Finding } from './finding.ts';
import type { Fact } from './message.ts';
import { describeMetric } from './metric.ts';
import type { Sample } from './metric-value.ts';
import { fixedFromNumber } from './money.ts';
import { toldPace } from './pace.ts';
import { firesBelow, type Rule } from './rule.ts';

/** What the value would be in a whole day; null where it is one, or means nothing. */
export function paceFact(rule: Rule, finding: Finding): Fact | null {
  const pace = toldPace(rule, finding);
  if (pace === null) return null;
  return ['At this rate', `${displayPhrase(finding.metric, displayValue(finding.metric, pace))} a day`];
}

/** When the rate left its usual level: `about 15:19: from $0.02 to $3.10 a minute`; null where that is not known. */
export function onsetFact({ onset, metric, window, description }: Finding, zone: string): Fact | null {
  if (onset === null || description.isYoung) return null;
  const { beforePerHour: before, afterPerHour: after } = onset;
  const rate = (perHour: number, parts: number): string =>
    displayValue(metric, fixedFromNumber(perHour / parts));
  // A few calls an hour are none a minute.
  const [parts, unit] = rate(before, 60) === rate(after, 60) ? [1, 'an hour'] : [60, 'a minute'];
  const date = localDate(onset.at, zone);
  const day = date === localDate(window.to - 1, zone) ? '' : ` on ${date}`;
  const [from, to] = [rate(before, parts), rate(after, parts)];
  const change = from === to ? '' : `: from ${from} to ${displayPhrase(metric, to)} ${unit}`;
  return ['Began', `about ${localClock(onset.at, zone)}${day}${change}`];
}

/** Since when the limit was met: not when it began, which is earlier. */
export function sinceFact({ at, since, finding }: Alert, zone: string): Fact {
  const age = since >= at ? 'new at this poll' : `for ${durationText(at - since)}`;
  return [
    finding.description.since ??
      (firesBelow(finding.operator) ? 'Below the limit since' : 'Over the limit since'),
    `${localTime(since, zone)} (${age})`,
  ];
}

/** The same window on earlier days; null where neither is known. */
export function earlierFact({ metric, yesterday, weekAgo }: Finding): Fact | null {
  const shown = (value: Sample | null, when: string): string[] =>
    value === null ? [] : [`${displayValue(metric, value.fixed)}${callsText(value, metric)} ${when}`];
  const texts = [...shown(yesterday, 'a day before'), ...shown(weekAgo, 'a week before')];
  return texts.length === 0 ? null : ['Same window', texts.join(', ')];
}

function callsText({ calls }: Sample, metric: Finding['metric']): string {
  return calls === 0 && describeMetric(metric).additive && metric !== 'calls' ? ' (no calls)' : '';
}
