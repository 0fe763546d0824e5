// Turns the alerts of one rule into a message.

import { alertSection, alertSummary } from './alert-section.ts';
import { displayLines, displayText } from './display-text.ts';
import { localTime } from './display-time.ts';
import { displayCount } from './display-value.ts';
import { type Alert, groupObject } from './finding.ts';
import { findingJson } from './finding-json.ts';
import { type JsonValue, jsonText } from './json.ts';
import type { Message, MessageAlert, MessageSection } from './message.ts';
import { worstFirst } from './observation.ts';
import { type Rule, stepOf } from './rule.ts';
import { isoInstant, periodEnd } from './window.ts';

/** Alerts that a message shows; the rest are counted. */
export const SHOWN_ALERTS = 10;
const LONGEST_NOTE = 2000;
const DAY = 86_400_000;

/** The alerts of one rule that make one message. Instants in ms; `zone` is an IANA name. */
export interface AlertBatch {
  readonly rule: Rule;
  /** Of one rule and one period; at least one. */
  readonly alerts: readonly Alert[];
  /** The scheduled instant of the poll. */
  readonly at: number;
  /** The time of the newest row that was read. */
  readonly dataAsOf: number | null;
  readonly zone: string;
  /** When the message was made. */
  readonly timestamp: number;
}

/**
 * Makes one message of the alerts of one rule: worst first, ten shown, the rest counted (docs/channels.md).
 */
export function alertMessage(batch: AlertBatch): Message {
  const { rule, zone } = batch;
  const alerts = [...batch.alerts].sort(mostSevereFirst);
  const [worst] = alerts;
  if (worst === undefined) throw new RangeError(`a message needs an alert of ${rule.name}`);
  const shown = alerts.slice(0, SHOWN_ALERTS);
  const sections = shown.map((alert) => alertSection(rule, alert, batch.at, zone));
  const more = alerts.length - shown.length;
  const severity = worst.finding.severity;
  const others = alerts.length === 1 ? '' : ` (+${displayCount(alerts.length - 1)} more)`;
  return {
    type: 'alert.firing',
    severity,
    rule: rule.name,
    timestamp: batch.timestamp,
    title: `[${severity.toUpperCase()}] ${displayText(rule.name)}: ${alertSummary(rule, worst)}${others}`,
    note: rule.message === null ? null : displayLines(rule.message, LONGEST_NOTE),
    lead: sections.slice(0, 1).flatMap(({ sentence = '' }) => (sentence === '' ? [] : [sentence])),
    sections: sections.map((section, i) => (i > 0 ? section : withoutLead(section, alerts.length === 1))),
    footer: [...(more === 0 ? [] : [`And ${displayCount(more)} more, smaller than these.`]), asOf(batch)],
    incident: null,
    alerts: shown.map((alert) => messageAlert(rule, alert, zone)),
    chart: worst.chart ?? null,
    json: alertJson(batch, worst, shown, more),
  };
}

function messageAlert(rule: Rule, alert: Alert, zone: string): MessageAlert {
  const { id, finding, since, at } = alert;
  return {
    id,
    rule: rule.name,
    group: groupObject(finding.groupBy, finding.key),
    severity: finding.severity,
    summary: alertSummary(rule, alert),
    since,
    periodEnd: rule.dedupe === 'episode' ? at + DAY : periodEnd(rule.dedupe, at, zone),
    resolvedAt: null,
  };
}

/** The message's lead says the sentence of the worst alert, and its title the headline of a single one. */
function withoutLead({ sentence: _, ...section }: MessageSection, isSingle: boolean): MessageSection {
  return isSingle ? { ...section, headline: '' } : section;
}

/** The newest row's time, in the words that every message uses. */
export function asOf({ dataAsOf, zone }: Pick<AlertBatch, 'dataAsOf' | 'zone'>): string {
  return dataAsOf === null
    ? 'Data as of: the audit store has no rows.'
    : `Data as of ${localTime(dataAsOf, zone)}${zone === 'UTC' ? '' : `; times are those of ${zone}`}.`;
}

/** The envelope that every webhook body has. */
export function messageJson(type: Message['type'], timestamp: number, data: JsonValue): string {
  return jsonText({ type, timestamp: isoInstant(timestamp), data });
}

function alertJson(batch: AlertBatch, worst: Alert, shown: readonly Alert[], more: number): string {
  const { rule, dataAsOf } = batch;
  return messageJson('alert.firing', batch.timestamp, {
    rule: rule.name,
    severity: worst.finding.severity,
    message: rule.message,
    at: isoInstant(batch.at),
    data_as_of: dataAsOf === null ? null : isoInstant(dataAsOf),
    alerts: shown.map(({ id, since, ongoing, finding }) => ({
      id,
      since: isoInstant(since),
      ongoing,
      finding: findingJson(finding),
    })),
    more,
  });
}

/** By severity, then in the order in which `check` lists findings. */
function mostSevereFirst({ finding: a }: Alert, { finding: b }: Alert): number {
  const bySeverity = stepOf(b.severity) - stepOf(a.severity);
  return bySeverity === 0 ? worstFirst(a, b) : bySeverity;
}
