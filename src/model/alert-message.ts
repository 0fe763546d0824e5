// The alerts of one rule: as an event for programs, and as a message.

import { alertContext, contextJson, linksJson, previousJson, textsJson } from './alert-context.ts';
import type { Alert } from './finding.ts';
import { findingJson } from './finding-json.ts';
import { incidentMessage, SHOWN_ALERTS } from './incident-message.ts';
import type { JsonValue } from './json.ts';
import type { Message, MessageIncident } from './message.ts';
import { messageJson } from './message-json.ts';
import { mostSevereFirst, noticesOf } from './notice.ts';
import type { Rule } from './rule.ts';
import type { AlertContext } from './rule-texts.ts';
import { isoInstant } from './window.ts';

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
  /** The incident of the alerts; where they have several, that of the worst. */
  readonly incident?: MessageIncident;
  /** The incident of each alert, by the alert's id. */
  readonly incidentOf?: ReadonlyMap<string, string>;
}

/**
 * Makes one message of the alerts of one rule: worst first, ten shown, the rest counted (docs/channels.md).
 */
export function alertMessage(batch: AlertBatch): Message {
  const alerts = [...batch.alerts].sort(mostSevereFirst);
  const shown = alerts.slice(0, SHOWN_ALERTS);
  return incidentMessage({
    notices: noticesOf({ ...batch, alerts: shown }, batch.rule.name),
    more: alerts.length - shown.length,
    incident: batch.incident ?? null,
    dataAsOf: batch.dataAsOf,
    zone: batch.zone,
    timestamp: batch.timestamp,
    json: alertJson(batch, shown, alerts.length - shown.length),
  });
}

function alertJson(batch: AlertBatch, shown: readonly Alert[], more: number): string {
  const { rule, dataAsOf, incidentOf } = batch;
  const contexts = shown.map((alert) => alertContext(rule, alert));
  const [{ message, links } = { message: rule.message, links: {} }] = contexts;
  return messageJson('alert.firing', batch.timestamp, {
    rule: rule.name,
    severity: shown[0]?.finding.severity ?? rule.severity,
    message,
    ...contextJson(rule),
    ...linksJson({ links }),
    at: isoInstant(batch.at),
    data_as_of: dataAsOf === null ? null : isoInstant(dataAsOf),
    alerts: shown.map(
      ({ id, since, ongoing, reason, previous, finding }, i): JsonValue => ({
        id,
        since: isoInstant(since),
        ongoing,
        reason,
        previous: previousJson(previous),
        incident: incidentOf?.get(id) ?? null,
        ...textsJson(contexts[i] as AlertContext, rule),
        finding: findingJson(finding),
      }),
    ),
    more,
  });
}
