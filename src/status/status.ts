// How things stand: what the state store says, by the names and the rules of the file.

import type { KeptAlert } from '../model/ended-alert.ts';
import { groupObject } from '../model/finding.ts';
import { type Subject, subjectOfKey } from '../model/incident.ts';
import type { Message } from '../model/message.ts';
import { type Fixed, parseFixed } from '../model/money.ts';
import { type Quantity, quantityOf } from '../model/quantity.ts';
import { type Rule, type Severity, type Silence, severityOf } from '../model/rule.ts';
import type { Dimension } from '../model/series.ts';
import { silenceOf, spanAt } from '../model/silence.ts';
import type { FiringGroup, OpenIncidentRow } from '../state/read-open.ts';
import type { Queue, StateNow } from '../state/read-status.ts';
import { type SilenceNow, silencesNow } from './silences-now.ts';

/** A rule that fires for a group. Instants in ms. */
export interface AlertNow {
  readonly rule: string;
  /** Values by dimension, NULL as `(none)`; null where it was never notified, since then only a hash is kept. */
  readonly group: Readonly<Record<Dimension, string>> | null;
  readonly severity: Severity;
  readonly since: number;
  /** When its value left its usual level; null where that is not known. */
  readonly onset: number | null;
  /** Since when it is not over its limit any more, though not resolved yet; null while it is. */
  readonly quietSince: number | null;
  /** Its last notification; null where it had none. */
  readonly notified: { readonly at: number; readonly value: Fixed } | null;
  readonly quantity: Quantity;
  readonly incident: string | null;
  readonly silenced: { readonly reason: string; readonly until: number } | null;
}

export interface IncidentNow extends Omit<OpenIncidentRow, 'subject' | 'step'> {
  readonly subject: Subject;
  readonly severity: Severity;
}

/** Whether a worker leads: one of this file, one of another on the same database, or none. */
export type WorkerNow = 'leads' | 'other_file' | 'none';

export interface Status {
  readonly at: number;
  readonly worker: WorkerNow;
  /** The latest evaluation time, ms; null before the first poll. */
  readonly lastPoll: number | null;
  /** Enabled rules that the latest poll did not evaluate, and when they were evaluated last. */
  readonly behind: readonly { readonly rule: string; readonly lastPoll: number | null }[];
  readonly past: StateNow['sums'];
  readonly alerts: readonly AlertNow[];
  /** How many more groups fire. */
  readonly moreAlerts: number;
  readonly incidents: readonly IncidentNow[];
  readonly silences: readonly SilenceNow[];
  readonly channels: readonly Queue[];
  /** In the order of the file. */
  readonly reports: readonly ReportNow[];
  readonly health: readonly { readonly at: number; readonly message: Message }[];
}

/** A report of the file. Instants in ms. */
export interface ReportNow {
  readonly name: string;
  /** When it is due next; null where its schedule names no time of the next year. */
  readonly nextAt: number | null;
  /** When it was queued last for its channels; null where it was not in the last 90 days. */
  readonly queuedAt: number | null;
}

/** What the file says, as far as it matters here. */
export interface FileNow {
  readonly id: string;
  /** The enabled rules, each with its fingerprint. */
  readonly rules: readonly { readonly rule: Rule; readonly fingerprint: string }[];
  readonly silences: readonly Silence[];
  readonly reports: readonly (Pick<ReportNow, 'name' | 'nextAt'> & { readonly fingerprint: string })[];
  /** The channels' types, by their names. */
  readonly channels: ReadonlyMap<string, string>;
}

export function statusOf(state: StateNow, file: FileNow, now: number): Status {
  const silences = silencesNow(state.silences, file.silences, now);
  const polled = file.rules.map(({ rule, fingerprint }) => ({
    rule: rule.name,
    lastPoll: state.evaluatedTo.get(fingerprint) ?? null,
  }));
  const lastPoll = polled.reduce<number | null>(
    (latest, one) => (one.lastPoll === null ? latest : Math.max(latest ?? one.lastPoll, one.lastPoll)),
    null,
  );
  return {
    at: now,
    worker: workerOf(state.leaders, file.id),
    lastPoll,
    behind: lastPoll === null ? [] : polled.filter((one) => one.lastPoll !== lastPoll),
    past: state.sums,
    alerts: alertsNow(state.firing, file.rules, silences, now),
    moreAlerts: state.firingTotal - state.firing.length,
    incidents: state.incidents.map(incidentNow),
    silences,
    channels: channelsOf(state.queues, file.channels),
    reports: file.reports.map(({ name, nextAt, fingerprint }) => ({
      name,
      nextAt,
      queuedAt: state.reports.get(fingerprint) ?? null,
    })),
    health: state.health,
  };
}

/** The groups that fire, of the rules of the file. */
export function alertsNow(
  firing: readonly FiringGroup[],
  ofFile: FileNow['rules'],
  silences: readonly SilenceNow[],
  now: number,
): AlertNow[] {
  const rules = new Map(ofFile.map(({ rule, fingerprint }) => [fingerprint, rule]));
  return firing.flatMap((one) => {
    const rule = rules.get(one.fingerprint);
    return rule === undefined ? [] : [alertNow(one, rule, silences, now)];
  });
}

export function incidentNow({ subject, step, ...incident }: OpenIncidentRow): IncidentNow {
  return { ...incident, subject: subjectOfKey(subject), severity: severityOf(Math.max(step, 1)) };
}

function workerOf(leaders: StateNow['leaders'], file: string): WorkerNow {
  if (leaders.length === 0) return 'none';
  return leaders.some((one) => one === null || one === file) ? 'leads' : 'other_file';
}

function alertNow(
  { key: known, step, since, quietSince, notified, incident, told }: FiringGroup,
  rule: Rule,
  silences: readonly SilenceNow[],
  now: number,
): AlertNow {
  const key = rule.groupBy.length === 0 ? [] : known;
  const value = notified === null ? null : parseFixed(notified.value);
  const kept = told === null ? null : (JSON.parse(told) as KeptAlert);
  // Of a group whose values are not known, only what names none of them can be said.
  const fitting = key === null ? silences.filter(({ match }) => Object.keys(match).length === 0) : silences;
  const silence = silenceOf(rule, key ?? [], now, fitting, incident);
  return {
    rule: rule.name,
    group: key === null ? null : groupObject(rule.groupBy, key),
    severity: severityOf(step),
    since,
    onset: kept?.onset ?? null,
    quietSince,
    notified: notified === null || value === null ? null : { at: notified.at, value },
    quantity: kept === null ? quantityOf(rule) : kept.metric,
    incident,
    silenced: silence && { reason: silence.reason, until: spanAt(silence.times, now)?.until ?? now },
  };
}

/** A row for each channel of the file, then for those that the file does not have and that something waits for. */
function channelsOf(queues: readonly Queue[], channels: FileNow['channels']): Queue[] {
  const found = new Map(queues.map((queue) => [queue.channel, queue]));
  const ofFile = [...channels].map(([channel, channelType]) => ({
    ...(found.get(channel) ?? { pending: 0, oldestAt: null, nextAt: null, failure: null, givenUp: 0 }),
    channel,
    channelType,
  }));
  const others = queues.filter(
    ({ channel, pending, givenUp }) => !channels.has(channel) && pending + givenUp > 0,
  );
  return [...ofFile, ...others];
}
