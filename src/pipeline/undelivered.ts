// Reports to other channels what did not arrive in time, or whose channel was removed.

import type { Channel } from '../channels/channel.ts';
import { deliveryId, type Failure, type NewDelivery, reportTargets } from '../model/delivery.ts';
import type { Message } from '../model/message.ts';
import type { StoredDelivery } from '../state/delivery-rows.ts';
import type { Outbox } from '../state/open.ts';
import type { DeliveryReport } from './delivery-report.ts';

/** A delivery that did not arrive, as the report to other channels needs it. */
export interface Undelivered {
  readonly channel: string;
  readonly failure: Failure;
  readonly attempts: number;
  /** When it was queued where it was never tried. */
  readonly firstTriedAt: number;
  readonly original: Message;
}

/** What reports to other channels need. The fields are those of `DelivererParts`. */
export interface UndeliveredParts {
  readonly outbox: Outbox;
  readonly channels: readonly Channel[];
  readonly healthChannels: readonly string[];
  readonly leaseToken: string | null;
  now(): number;
  composeReport(undelivered: Undelivered): Message;
  onReport(report: DeliveryReport): void;
}

const REMOVED: Failure = {
  kind: 'final',
  reason: 'invalid',
  text: 'the channel is no longer in the file',
  retryAfterMs: null,
};

const NOT_TRIED: Failure = {
  kind: 'passing',
  reason: 'unreachable',
  text: 'not tried yet: earlier deliveries to this channel take too long',
  retryAfterMs: null,
};

/** After a longer gap between two checks, the gap and not an earlier delivery made the others wait. */
const LONGEST_GAP_MS = 60_000;

/**
 * Returns a check that queues reports about overdue and orphaned deliveries. Call it with every drain. It ignores an
 * unreachable state store: the channel queues use the same store and report that.
 */
export function undeliveredCheck(parts: UndeliveredParts): () => Promise<void> {
  const { outbox, channels, leaseToken, now, onReport } = parts;
  const names = channels.map(({ name }) => name);
  const compose = reportsOrNone(parts);
  /** Since when checks have come without a gap, and the last one. */
  let checks = { since: now(), last: now() };

  const reportOverdue = async (): Promise<void> => {
    const at = now();
    // The machine slept, the state store was unreachable, or the clock was set. Due deliveries are tried again first.
    const since = Math.abs(at - checks.last) > LONGEST_GAP_MS ? at : checks.since;
    const overdue = await outbox.reportOverdue(names, at, since, compose);
    checks = { since, last: at };
    for (const one of overdue) onReport(reportOn(parts, one, 'overdue'));
  };

  const reportOrphans = async (token: string): Promise<void> => {
    const terms = { channels: names, leaseToken: token, failure: REMOVED, now: now() };
    const orphans = await outbox.reportOrphans(terms, compose);
    for (const one of orphans.reported) onReport(reportOn(parts, one, 'overdue'));
    for (const one of orphans.givenUp) onReport(reportOn(parts, one, 'given_up'));
  };

  return async () => {
    try {
      await reportOverdue();
      if (leaseToken !== null) await reportOrphans(leaseToken);
    } catch {
      // The channel queues report that the state store is unreachable.
    }
  };
}

/** Makes the reports about a delivery. An error here must not keep the delivery from being settled. */
export function reportsOrNone(parts: UndeliveredParts): (delivery: StoredDelivery) => NewDelivery[] {
  return (delivery) => {
    try {
      return composeReports(parts, delivery);
    } catch {
      return [];
    }
  };
}

/** The reports to other channels. Their ids follow from the id of the delivery, so that each is queued once. */
function composeReports(
  { channels, healthChannels, composeReport }: UndeliveredParts,
  delivery: StoredDelivery,
): NewDelivery[] {
  const names = channels.map(({ name }) => name);
  const targets = reportTargets(delivery, healthChannels, names);
  if (targets.length === 0) return [];
  const { channel, attempts, rule, fingerprint } = delivery;
  const message = composeReport({
    channel,
    failure: delivery.failure ?? NOT_TRIED,
    attempts,
    firstTriedAt: delivery.firstTriedAt ?? delivery.createdAt,
    original: delivery.message,
  });
  return channels
    .filter(({ name }) => targets.includes(name))
    .map((target) => {
      const id = deliveryId(target.name, ['report', delivery.id]);
      return {
        id,
        channel: target.name,
        channelType: target.type,
        rule,
        fingerprint,
        severity: message.severity,
        message,
        body: target.render(message, id),
        others: [],
        isReport: true,
      };
    });
}

function reportOn(
  { channels, healthChannels }: UndeliveredParts,
  delivery: StoredDelivery,
  outcome: 'overdue' | 'given_up',
): DeliveryReport {
  const names = channels.map(({ name }) => name);
  return {
    channel: delivery.channel,
    outcome,
    id: delivery.id,
    rule: delivery.rule,
    reason: (delivery.failure ?? NOT_TRIED).reason,
    attempts: delivery.attempts,
    ms: 0,
    answer: (delivery.failure ?? NOT_TRIED).text,
    nextAt: outcome === 'overdue' ? delivery.nextAt : null,
    reportedTo: outcome === 'overdue' ? reportTargets(delivery, healthChannels, names) : [],
  };
}
