// Lanes of all channels; reports about what did not arrive.

import type { Channel } from '../channels/channel.ts';
import { deliveryId, type Failure, type NewDelivery, reportTargets } from '../model/delivery.ts';
import type { Message } from '../model/message.ts';
import type { StoredDelivery } from '../state/delivery-rows.ts';
import type { Outbox } from '../state/open.ts';
import { openLane } from './channel-queue.ts';
import type { DeliveryReport } from './delivery-report.ts';

export type { DeliveryReport };

/** A delivery that did not arrive, for the message that tells other channels of it. */
export interface Undelivered {
  readonly channel: string;
  readonly failure: Failure;
  readonly attempts: number;
  /** When it was queued where it was never tried. */
  readonly firstTriedAt: number;
  readonly original: Message;
}

export interface DelivererParts {
  readonly outbox: Outbox;
  readonly channels: readonly Channel[];
  /** The channels of `health`, told of deliveries whose rule has no other channel. */
  readonly healthChannels: readonly string[];
  /**
   * The token under which this process asks for the lease to poll. Null where it does not: nothing then tells a channel
   * that was removed from one that only the file of another process has, and what waits for either is left alone.
   */
  readonly leaseToken: string | null;
  /** ms; the worker's clock. */
  now(): number;
  /** In [0, 1): spreads retries. */
  random(): number;
  composeReport(undelivered: Undelivered): Message;
  /** Called at once for everything that happens; must not throw. */
  onReport(report: DeliveryReport): void;
  /** Ids that deliverers of this process have in hand, for those that work beside each other; its own by default. */
  readonly inHand?: Set<string>;
}

export interface Deliverer {
  /**
   * Sends what is due, a lane for each channel, so that one never delays another. Lanes that are still at work from an
   * earlier call go on; resolves when all are idle, so a worker that calls it again and again must not wait for it.
   * With `patienceMs` each delivery is tried again as long as its retries fall due within that time. Never rejects.
   */
  deliverDue(options?: { readonly patienceMs?: number }): Promise<void>;
  /**
   * Begins no new send, gives those in hand `graceMs`, then aborts them; resolves when all lanes are idle. With null they
   * end in their own time limit, and what became of them is written down when the state store is there; a later call
   * may still cut that short.
   */
  stop(graceMs: number | null): Promise<void>;
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

/** Where nobody could look for as long, whoever waited was not kept waiting by the deliveries before it. */
const LONGEST_GAP_MS = 60_000;

/** Claim → send → settle, for all channels of a file. */
export function createDeliverer(parts: DelivererParts): Deliverer {
  const { outbox, channels, leaseToken, now, inHand = new Set() } = parts;
  const names = channels.map(({ name }) => name);
  let hasTold = false;
  const onReport = (report: DeliveryReport): void => {
    if (report.reportedTo.length > 0) hasTold = true;
    parts.onReport(report);
  };
  /** Since when there was a look at what waits every minute, and the last one. */
  let looking = { since: now(), last: now() };
  const stopping = new AbortController();
  const aborting = new AbortController();
  const compose = (delivery: StoredDelivery): NewDelivery[] => {
    try {
      return composeReports(parts, delivery);
    } catch {
      // A report that cannot be made must not keep the delivery itself from being settled.
      return [];
    }
  };
  const lanes = channels.map((channel) =>
    openLane({
      ...parts,
      onReport,
      channel,
      compose,
      stopping: stopping.signal,
      aborting: aborting.signal,
      inHand,
    }),
  );

  const tellOfUndelivered = async (): Promise<void> => {
    if (stopping.signal.aborted) return;
    const at = now();
    // The machine slept, the state store was away, or the clock was set: what is due is first tried again.
    const since = Math.abs(at - looking.last) > LONGEST_GAP_MS ? at : looking.since;
    try {
      const overdue = await outbox.reportOverdue(names, at, since, compose);
      looking = { since, last: at };
      for (const one of overdue) onReport(reportOn(parts, one, 'overdue'));
      if (leaseToken === null) return;
      const terms = { channels: names, leaseToken, failure: REMOVED, now: now() };
      const orphans = await outbox.reportOrphans(terms, compose);
      for (const one of orphans.reported) onReport(reportOn(parts, one, 'overdue'));
      for (const one of orphans.givenUp) onReport(reportOn(parts, one, 'given_up'));
    } catch {
      // The lanes ask the same store, and each says so.
    }
  };

  let telling: Promise<void> | null = null;
  const round = async (patienceMs: number): Promise<void> => {
    telling ??= tellOfUndelivered().finally(() => {
      telling = null;
    });
    do {
      hasTold = false;
      await Promise.all([telling, ...lanes.map((lane) => lane.round(patienceMs))]);
      // A report may have been queued for a lane that was done by then.
    } while (hasTold && !stopping.signal.aborted);
  };

  let working: Promise<void> = Promise.resolve();
  let ending: Promise<unknown> | null = null;
  return {
    deliverDue({ patienceMs = 0 } = {}) {
      working = Promise.all([working, round(patienceMs)]).then(() => undefined);
      return working;
    },
    async stop(graceMs) {
      stopping.abort();
      const timer = graceMs === null ? undefined : setTimeout(() => aborting.abort(), graceMs);
      ending ??= working.then(() => Promise.all(lanes.map((lane) => lane.settled())));
      await ending;
      clearTimeout(timer);
    },
  };
}

/** The deliveries that tell other channels of one that did not arrive. Their ids follow from its id: told once. */
function composeReports(
  { channels, healthChannels, composeReport }: DelivererParts,
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
  { channels, healthChannels }: DelivererParts,
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
