// Shows what a worker does in logs and metrics.

import { groupLabel } from '../model/group-label.ts';
import { isoInstant } from '../model/window.ts';
import type { VerdictReason } from '../pipeline/decide.ts';
import type { DeliveryReport } from '../pipeline/deliver.ts';
import type { PolledRule, PollReport } from '../pipeline/poll.ts';
import type { BackfillStatus } from './backfill.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Observer } from './observer.ts';

/** A long backfill is logged this often. */
const BACKFILL_LINE_EVERY_MS = 10_000;
/** Groups of a rule that the log of a poll names, by reason. */
const LOGGED_ALERTS = 20;

/**
 * Logs and counts what the worker reports, and sends a heartbeat after a good poll. `bar` shows people how far the past is
 * read; null if they read that in the log.
 */
export function logObserver(
  log: Log,
  metrics: Metrics,
  heartbeat: Heartbeat | null,
  bar: { show(status: BackfillStatus | null): void } | null,
): Observer {
  const logBackfill = backfillLog(log, bar === null ? 'info' : 'debug');
  const { polled, bypassed } = bypassLog(log);
  const isLogged = oncePerOutage();
  return {
    polled(report, ms) {
      polled(report);
      metrics.polled(report, ms / 1000);
      logPoll(log, report, Math.round(ms));
      if (report.error === null) heartbeat?.beat(report.at);
    },
    delivered(report) {
      if (!isLogged(report)) return;
      metrics.delivered(report);
      logDelivery(log, report);
    },
    backfilling(status) {
      if (status !== null) metrics.missing(status.total - status.done);
      bar?.show(status);
      logBackfill(status);
    },
    bypassed(reason) {
      metrics.bypassed();
      bypassed(reason);
    },
    leads(leads) {
      metrics.leads(leads);
      // Where nobody knows, a poll fails for the same reason and says so.
      if (leads !== null)
        log.info(leads ? 'leading: this worker polls' : 'standing by: another worker polls');
    },
    noticed: ({ gauge }, samples) => metrics.noticed(gauge.name, samples),
    reported: (report, period) => log.info({ report, period }, 'a report was queued'),
    troubled: (what) => log.warn(what),
  };
}

/** Whether a report counts: that the state store is away is reported once by each channel for each outage of it. */
function oncePerOutage(): (report: DeliveryReport) => boolean {
  const away = new Set<string>();
  return ({ outcome, channel }) => {
    if (outcome !== 'unrecorded') {
      away.delete(channel);
      return true;
    }
    if (away.has(channel)) return false;
    away.add(channel);
    return true;
  };
}

/** Why kept sums cannot be used is logged once, until the reason changes or a good poll used them again. */
function bypassLog(log: Log): Pick<Observer, 'bypassed'> & { polled(report: PollReport): void } {
  /** The reason since the last poll, and the one that was logged. */
  let current: string | null = null;
  let logged: string | null = null;
  return {
    polled({ error }) {
      if (error === null) logged = current;
      current = null;
    },
    bypassed(reason) {
      current = reason;
      if (reason === logged) return;
      logged = reason;
      log.warn({ reason }, 'the kept sums cannot be used: polls read the audit store in full');
    },
  };
}

/** Logs the beginning and the end of a backfill, and its progress now and then at `level`. */
function backfillLog(log: Log, level: 'info' | 'debug'): Observer['backfilling'] {
  let last: BackfillStatus | null = null;
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (status) => {
    const { done, total, keptFrom } = status ?? last ?? { done: 0, total: 0, keptFrom: null };
    const isNew = last === null;
    last = status !== null && done < total ? status : null;
    if (total === 0) return;
    if (status === null) log.info({ done, total }, 'not all of the past is read; what was read is kept');
    else if (done === total) log.info({ hours: total }, 'the past is read; polls read what is new');
    else if (isNew && done === 0 && keptFrom === null)
      log.info({ hours: total }, 'reading the past; until it is read, polls read in full what is missing');
    else if (isNew && done === 0)
      log.info(
        { hours: total, keptFrom: isoInstant(keptFrom ?? 0) },
        'reading the rest of the past; what was read before is kept',
      );
    else if (isNew || performance.now() - loggedAt >= BACKFILL_LINE_EVERY_MS)
      log[level]({ done, total }, 'reading the past');
    else return;
    loggedAt = performance.now();
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

/** Logs what was decided about each group. Of many with the same reason it logs the first ones, and the number of the rest. */
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
