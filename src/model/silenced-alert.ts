// A silence that begins to hold for an alert that people know, as a note to them.

import { capital, displayText } from './display-text.ts';
import { localClock, localDate, localTime } from './display-time.ts';
import { displayPhrase, displayValue } from './display-value.ts';
import type { KeptAlert } from './ended-alert.ts';
import { namesLabel } from './group-label.ts';
import { incidentMessage, type MessageContent, SHOWN_ALERTS } from './incident-message.ts';
import { type JsonValue, RawJson } from './json.ts';
import type { Fact, Message } from './message.ts';
import { messageJson } from './message-json.ts';
import { parseFixed } from './money.ts';
import type { Notice } from './notice.ts';
import { stepOf } from './rule.ts';
import type { OccurringSilence } from './silence.ts';
import { isoInstant } from './window.ts';

/** An alert that was notified, holds, and is silenced. */
export interface SilencedAlert {
  /** Rule and group, as in Notice. */
  readonly noticeKey: string;
  readonly kept: KeptAlert;
  readonly incident: string;
  readonly silence: OccurringSilence;
}

/** The silence of an alert as a note for people. */
export function silencedNotice(
  { noticeKey, kept, silence }: SilencedAlert,
  at: number,
  zone: string,
): Notice {
  const { rule, name, severity, context } = kept;
  const { until, reason, createdBy } = silence;
  const end =
    localDate(until, zone) === localDate(at, zone) ? localClock(until, zone) : localTime(until, zone);
  const why = [
    ...(reason === '' ? [] : [displayText(reason)]),
    ...(createdBy === null ? [] : [`by ${displayText(createdBy)}`]),
  ].join(', ');
  const value = displayPhrase(kept.metric, displayValue(kept.metric, parseFixed(kept.value) ?? 0n));
  const facts: Fact[] = [
    ['Rule', `${displayText(rule)}, ${severity}`],
    ['Silenced until', localTime(until, zone)],
    ...(reason === '' ? [] : [['Reason', displayText(reason, 500)] as const]),
    ...(createdBy === null ? [] : [['By', displayText(createdBy)] as const]),
    ['Last notified', `${value} ${kept.window}`],
  ];
  const subject = name === '' ? `Rule ${displayText(rule)}` : capital(name);
  const group = namesLabel(Object.values(kept.group));
  const told = `until ${end}${why === '' ? '' : ` (${why})`}`;
  return {
    key: noticeKey,
    rule,
    reason: 'silenced',
    step: stepOf(severity),
    isNews: false,
    title: `${displayText(rule)}: ${group === '' ? '' : `${group} `}${told}`,
    note: null,
    again: null,
    silenced: told,
    section: {
      headline: `${name === '' ? 'Silenced' : `${name}: silenced`} until ${end}`,
      sentence: `${subject} is silenced until ${localTime(until, zone)}. Until then, people are only notified when it is over.`,
      facts,
      tables: [],
    },
    alert: {
      id: kept.id,
      rule,
      group: kept.group,
      severity,
      summary: `silenced until ${end}`,
      since: kept.since,
      periodEnd: kept.periodEnd,
      resolvedAt: null,
      ...(context && { context }),
    },
    chart: null,
  };
}

type NoteMoment = Pick<MessageContent, 'incident' | 'dataAsOf' | 'zone' | 'timestamp'> & {
  readonly at: number;
};

/** What a report has of a note that did not arrive: the alerts that are silenced. At least one. */
export function silencedJson(
  alerts: readonly SilencedAlert[],
  { at, dataAsOf, timestamp }: NoteMoment,
): string {
  const [first] = alerts;
  if (first === undefined) throw new RangeError('a message needs an alert');
  return messageJson('alert.firing', timestamp, {
    rule: first.kept.rule,
    severity: first.kept.severity,
    at: isoInstant(at),
    data_as_of: dataAsOf === null ? null : isoInstant(dataAsOf),
    alerts: alerts.slice(0, SHOWN_ALERTS).map(
      ({ kept, incident }): JsonValue => ({
        id: kept.id,
        since: isoInstant(kept.since),
        reason: 'silenced',
        incident,
        finding: kept.finding === null ? null : new RawJson(kept.finding),
      }),
    ),
    more: Math.max(0, alerts.length - SHOWN_ALERTS),
  });
}

/** The silence of alerts of one rule as one note: ten shown, the rest counted. */
export function silencedMessage(alerts: readonly SilencedAlert[], moment: NoteMoment): Message {
  const notices = alerts.slice(0, SHOWN_ALERTS).map((alert) => silencedNotice(alert, moment.at, moment.zone));
  const json = silencedJson(alerts, moment);
  return incidentMessage({ ...moment, notices, more: alerts.length - notices.length, json });
}
