// Describes an absence rule's limit and findings.

import { counted } from '../model/display-value.ts';
import type { Description, Firing } from '../model/finding.ts';
import { formatFixed, toNumber } from '../model/money.ts';
import type { Series } from '../model/series.ts';
import type { AbsenceObservation, AbsenceRule } from './absence-rule.ts';
import { lastCallBefore } from './last-call.ts';
import type { Perfdata } from './rule-type.ts';
import { perfdataBySeverity, whenText } from './rule-words.ts';

/** `silent (usual: calls on 80% of 28d)` */
export function absenceLimitText({ usual, baselineDays }: AbsenceRule): string {
  return `silent (usual: calls on ${percentText(usual)} of ${baselineDays}d)`;
}

/** Describes a group that made no call where it usually makes some; `before` is the answer about `spansBefore`. */
export function describeAbsence(
  rule: AbsenceRule,
  firing: Firing<AbsenceObservation>,
  before: Series | null = null,
): Description {
  const { withCalls, windows, window, key, zone } = firing;
  const last = lastCallBefore(window, key, before);
  const lastCall = last === null ? null : whenText(last, window.to, zone);
  const days = `${withCalls} of ${counted(windows, 'day')}`;
  const part = withCalls === windows ? 'each' : String(withCalls);
  const lastDays = `${part} of the last ${counted(windows, 'day')}`;
  return {
    value: 'no calls',
    reason: `${days} had some`,
    comparison: ['no calls', `(${days} had some)`],
    note: null,
    sentence: [
      'no',
      `unlike on ${lastDays}${hourText(rule)}${lastCall === null ? '' : `; the last call was ${lastCall}`}`,
    ],
    facts: [
      ['Value', 'no calls'],
      ['Usually', `calls in the same window on ${lastDays}`],
      ...(lastCall === null ? [] : [['Last call', lastCall] as const]),
    ],
    since: 'Noticed',
    was: 'reported silent',
    judged: [],
    lines: [],
    fields: { usual_share: withCalls / windows },
  };
}

/** Calls; a critical or warning rule alarms below one. */
export function absencePerfdata({ severity }: AbsenceRule, worst: AbsenceObservation | undefined): Perfdata {
  const value = worst === undefined ? null : formatFixed(worst.value.fixed, 0);
  return perfdataBySeverity(value, (one) => (one === severity ? '1:' : null));
}

/** A whole day has no time of day. */
function hourText({ window }: AbsenceRule): string {
  const isDay = window.kind === 'calendar' ? window.word === 'yesterday' : window.ms === 86_400_000;
  return isDay ? '' : ' at this time';
}

/** `80%`, `66.7%` */
function percentText(share: bigint): string {
  return `${Math.round(toNumber(share) * 1000) / 10}%`;
}
