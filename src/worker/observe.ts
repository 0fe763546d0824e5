// Reports -> log lines and metrics.

import { groupLabel } from '../model/group-label.ts';
import { isoInstant } from '../model/window.ts';
import type { VerdictReason } from '../pipeline/decide.ts';
import type { DeliveryReport } from '../pipeline/deliver.ts';
import type { PolledRule, PollReport } from '../pipeline/poll.ts';
import type { BuildStanding } from './backfill.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Observer } from './worker.ts';

/** A long build is spoken of this often. */
const BUILD_LINE_EVERY_MS = 10_000;
/** Groups of a rule that a poll's log names, by reason. */
const LOGGED_ALERTS = 20;

/**
 * Logs and counts what the worker reports, and beats the heart after a good poll. `bar` is where a person sees how far the
 * past is read; null for one who reads it in the log.
 */
export function logObserver(
  log: Log,
  metrics: Metrics,
  beats: Heartbeat | null,
  bar: { show(standing: BuildStanding | null): void } | null,
): Observer {
  const logBuild = buildLog(log, bar === null ? 'info' : 'debug');
  /** Channels whose deliveries cannot be asked for just now: said once for each outage of the state store. */
  const unasked = new Set<string>();
  /** Why cells could not be used since the last poll, and what was said of it: said once until it is another. */
  let bypassedFor: string | null = null;
  let saidOf: string | null = null;
  return {
    polled(report, ms) {
      if (report.error === null) saidOf = bypassedFor;
      bypassedFor = null;
      metrics.polled(report, ms / 1000);
      logPoll(log, report, Math.round(ms));
      if (report.error === null) beats?.beat(report.at);
    },
    delivered(report) {
      if (report.outcome !== 'unrecorded') unasked.delete(report.channel);
      else if (unasked.has(report.channel)) return;
      else unasked.add(report.channel);
      metrics.delivered(report);
      logDelivery(log, report);
    },
    building(standing) {
      if (standing !== null) metrics.missing(standing.total - standing.done);
      bar?.show(standing);
      logBuild(standing);
    },
    bypassed(reason) {
      metrics.bypassed();
      bypassedFor = reason;
      if (reason === saidOf) return;
      saidOf = reason;
      log.warn({ reason }, 'the kept sums cannot be used: polls read the audit store in full');
    },
    leads(leads) {
      metrics.leads(leads);
      // What is not known is said by the poll that fails for the same reason.
      if (leads !== null)
        log.info(leads ? 'leading: this worker polls' : 'standing by: another worker polls');
    },
    noticed: ({ gauge }, samples) => metrics.noticed(gauge.name, samples),
    troubled: (what) => log.warn(what),
  };
}

/** How a build goes on: its beginning and end, and now and then between, at `level`. */
function buildLog(log: Log, level: 'info' | 'debug'): Observer['building'] {
  let last: BuildStanding | null = null;
  let saidAt = Number.NEGATIVE_INFINITY;
  return (standing) => {
    const { done, total, keptFrom } = standing ?? last ?? { done: 0, total: 0, keptFrom: null };
    const isNew = last === null;
    last = standing !== null && done < total ? standing : null;
    if (total === 0) return;
    if (standing === null) log.info({ done, total }, 'not all of the past is read; what was read is kept');
    else if (done === total) log.info({ hours: total }, 'the past is read; polls read what is new');
    else if (isNew && done === 0 && keptFrom === null)
      log.info({ hours: total }, 'reading the past; until it is read, polls read in full what is missing');
    else if (isNew && done === 0)
      log.info(
        { hours: total, keptFrom: isoInstant(keptFrom ?? 0) },
        'reading the rest of the past; what was read before is kept',
      );
    else if (isNew || performance.now() - saidAt >= BUILD_LINE_EVERY_MS)
      log[level]({ done, total }, 'reading the past');
    else return;
    saidAt = performance.now();
  };
}

function logPoll(log: Log, report: PollReport, ms: number): void {
  const { error, rules, queued, rowsRead } = report;
  const at = isoInstant(report.at);
  for (const { rule, error: failure } of rules) {
    if (failure !== null) log.error({ rule: rule.name, at, err: failure }, 'a rule could not be judged');
  }
  if (error !== null && rules.every((rule) => rule.error === null))
    log.error({ at, ms, err: error }, 'the poll failed');
  for (const polled of rules) logVerdicts(log, polled, at);
  log.debug({ at, ms, rowsRead, queued: queued.length }, 'polled');
}

/** What was decided about each group; of very many by the same reason the first, and how many more there are. */
function logVerdicts(log: Log, { rule, verdicts }: PolledRule, at: string): void {
  const counts = new Map<VerdictReason, number>();
  for (const { reason, group, severity } of verdicts) {
    const count = (counts.get(reason) ?? 0) + 1;
    counts.set(reason, count);
    if (count > LOGGED_ALERTS) continue;
    const shown = groupLabel(rule.groupBy, group);
    log[levelOf(reason)]({ rule: rule.name, group: shown, severity, reason, at }, `${reason} alert`);
  }
  for (const [reason, count] of counts) {
    const more = count - LOGGED_ALERTS;
    if (more > 0) log[levelOf(reason)]({ rule: rule.name, reason, at, more }, `${more} more of these`);
  }
}

function levelOf(reason: VerdictReason): 'debug' | 'info' {
  return reason === 'duplicate' || reason === 'silenced' || reason === 'pending' ? 'debug' : 'info';
}

function logDelivery(log: Log, report: DeliveryReport): void {
  const { channel, outcome, id, rule, reason, attempts, ms, answer, nextAt, reportedTo } = report;
  const fields = { channel, outcome, id, rule, reason, attempts, ms, answer, reportedTo };
  const next = nextAt === null ? {} : { nextAt: isoInstant(nextAt) };
  const level = outcome === 'delivered' ? 'info' : outcome === 'given_up' ? 'error' : 'warn';
  log[level]({ ...fields, ...next }, outcome === 'delivered' ? 'delivered' : 'not delivered');
}
