// The JSON of `status`.

import { subjectName } from '../model/incident.ts';
import { describeQuantity } from '../model/quantity.ts';
import { isoInstant } from '../model/window.ts';
import type { Queue } from '../state/read-status.ts';
import type { AlertJson, IncidentJson, StatusJson } from './schema.ts';
import { matchJson, stateOf } from './silence-shape.ts';
import type { SilenceNow } from './silences-now.ts';
import type { AlertNow, IncidentNow, Status } from './status.ts';

/** As it is documented in docs/operations.md. */
export function statusJson(status: Status): StatusJson {
  const { at, worker, lastPoll, behind, past } = status;
  return {
    at: isoInstant(at),
    worker,
    poll: {
      last: instant(lastPoll),
      behind: behind.map((one) => ({ rule: one.rule, last: instant(one.lastPoll) })),
    },
    past: past && {
      from: isoInstant(past.from),
      to: isoInstant(past.to),
      reconciled_at: instant(past.reconciledAt),
    },
    alerts: status.alerts.map(alertJson),
    more_alerts: status.moreAlerts,
    incidents: status.incidents.map(incidentJson),
    silences: status.silences.map((silence) => silenceNowJson(silence, at)),
    channels: status.channels.map(queueJson),
    reports: status.reports.map((one) => ({
      report: one.name,
      next_at: instant(one.nextAt),
      queued_at: instant(one.queuedAt),
    })),
    health: status.health.map((one) => ({
      type: one.message.type,
      at: isoInstant(one.at),
      title: one.message.title,
    })),
  };
}

export function alertJson(alert: AlertNow): AlertJson {
  const { notified, silenced } = alert;
  return {
    rule: alert.rule,
    group: alert.group,
    severity: alert.severity,
    state: alert.quietSince === null ? 'firing' : 'quiet',
    since: isoInstant(alert.since),
    quiet_since: instant(alert.quietSince),
    notified_at: instant(notified?.at ?? null),
    value: notified?.value ?? null,
    unit: describeQuantity(alert.quantity).unit,
    incident: alert.incident,
    silenced: silenced && { reason: silenced.reason, until: isoInstant(silenced.until) },
  };
}

export function incidentJson({ id, subject, severity, openedAt, alerts, rules }: IncidentNow): IncidentJson {
  const { dimension, value } = subject;
  return {
    id,
    subject: subjectName(subject),
    dimension,
    value,
    severity,
    since: isoInstant(openedAt),
    alerts,
    rules: [...rules],
  };
}

function silenceNowJson(silence: SilenceNow, now: number): StatusJson['silences'][number] {
  const { id, times, reason, createdBy = null } = silence;
  return {
    id,
    source: id === null ? 'file' : 'command',
    state: stateOf(times, now),
    match: matchJson(silence),
    from: isoInstant(times.from),
    until: isoInstant(times.until),
    reason,
    created_by: createdBy,
  };
}

function queueJson({
  channel,
  channelType,
  pending,
  oldestAt,
  nextAt,
  failure,
  givenUp,
}: Queue): StatusJson['channels'][number] {
  return {
    channel,
    type: channelType,
    pending,
    oldest_at: instant(oldestAt),
    next_at: instant(nextAt),
    failure,
    given_up: givenUp,
  };
}

function instant(at: number | null): string | null {
  return at === null ? null : isoInstant(at);
}
