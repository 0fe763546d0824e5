import type { Heartbeat } from './heartbeat.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { groupLabel } from './model/group-label.ts';
import { isoInstant } from './model/window.ts';
import type { DeliveryReport } from './pipeline/deliver.ts';
import type { PollReport } from './pipeline/poll.ts';
import type { Observer } from './worker.ts';

/** Logs and counts what the worker reports, and beats the heart after a good poll. */
export function logObserver(log: Log, metrics: Metrics, beats: Heartbeat | null): Observer {
  /** Channels whose deliveries cannot be asked for just now: said once for each outage of the state store. */
  const unasked = new Set<string>();
  return {
    polled(report, ms) {
      metrics.polled(report, ms / 1000);
      logPoll(log, report, Math.round(ms));
      if (report.error === null) beats?.beat(Date.now());
    },
    delivered(report) {
      if (report.outcome !== 'unrecorded') unasked.delete(report.channel);
      else if (unasked.has(report.channel)) return;
      else unasked.add(report.channel);
      metrics.delivered(report);
      logDelivery(log, report);
    },
    building({ done, total }) {
      metrics.missing(total - done);
      if (done === total) log.info('the past is in cells; polls read only what is new');
      else log.info({ done, total }, 'reading the past into cells; until that is done polls read more');
    },
    leads(leads) {
      metrics.leads(leads);
      // What is not known is said by the poll that fails for the same reason.
      if (leads !== null)
        log.info(leads ? 'leading: this worker polls' : 'standing by: another worker polls');
    },
    troubled: (what) => log.warn(what),
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
  for (const { rule, verdicts } of rules) {
    for (const { reason, group, severity } of verdicts) {
      const shown = groupLabel(rule.groupBy, group);
      const level =
        reason === 'duplicate' || reason === 'silenced' || reason === 'pending' ? 'debug' : 'info';
      log[level]({ rule: rule.name, group: shown, severity, reason, at }, `${reason} alert`);
    }
  }
  log.debug({ at, ms, rowsRead, queued: queued.length }, 'polled');
}

function logDelivery(log: Log, report: DeliveryReport): void {
  const { channel, outcome, id, rule, reason, attempts, ms, answer, nextAt, reportedTo } = report;
  const fields = { channel, outcome, id, rule, reason, attempts, ms, answer, reportedTo };
  const next = nextAt === null ? {} : { nextAt: isoInstant(nextAt) };
  const level = outcome === 'delivered' ? 'info' : outcome === 'given_up' ? 'error' : 'warn';
  log[level]({ ...fields, ...next }, outcome === 'delivered' ? 'delivered' : 'not delivered');
}
