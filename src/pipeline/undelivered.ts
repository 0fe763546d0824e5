// Tells other channels about deliveries that did not arrive in time, or whose channel was removed.

import type { Channel } from '../channels/channel.ts';
import { deliveryId, type Failure, type NewDelivery, reportTargets } from '../model/delivery.ts';
import type { Message } from '../model/message.ts';
import type { StoredDelivery } from '../state/delivery-rows.ts';
import type { Outbox } from '../state/open.ts';
import type { DeliveryReport } from './delivery-report.ts';

/** A delivery that did not arrive, for the message that tells other channels of it. */
export interface Undelivered {
  readonly channel: string;
  readonly failure: Failure;
  readonly attempts: number;
  /** When it was queued where it was never tried. */
  readonly firstTriedAt: number;
  readonly original: Message;
}

/** What is needed to tell other channels. The fields are those of `DelivererParts`. */
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

/** After a longer gap between two checks, what waits was not kept waiting by the deliveries before it. */
const LONGEST_GAP_MS = 60_000;

/**
 * Returns a check that queues reports about overdue and orphaned deliveries. It is called with every drain, and does
 * nothing when the state store is away: the channel queues ask the same store, and each reports that.
 */
export function undeliveredCheck(parts: UndeliveredParts): () => Promise<void> {
  const { outbox, channels, leaseToken, now, onReport } = parts;
  const names = channels.map(({ name }) => name);
  const compose = reportsOrNone(parts);
  /** Since when there was a check every minute, and the last one. */
  let checks = { since: now(), last: now() };

  const reportOverdue = async (): Promise<void> => {
    const at = now();
    // The machine slept, the state store was away, or the clock was set: what is due is first tried again.
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
      // The channel queues ask the same store, and each reports that it is away.
    }
  };
}

/** Makes the reports about a delivery. A report that cannot be made must not keep the delivery from being settled. */
export function reportsOrNone(parts: UndeliveredParts): (delivery: StoredDelivery) => NewDelivery[] {
  return (delivery) => {
    try {
      return composeReports(parts, delivery);
    } catch {
      return [];
    }
  };
}

/** The deliveries that tell other channels. Their ids follow from the id of the one that did not arrive: told once. */
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
