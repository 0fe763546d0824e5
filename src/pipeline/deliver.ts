// Delivers what is due on every channel, and reports what did not arrive.

import type { Channel } from '../channels/channel.ts';
import type { Message } from '../model/message.ts';
import type { Outbox } from '../state/open.ts';
import { openChannelQueue } from './channel-queue.ts';
import type { DeliveryReport } from './delivery-report.ts';
import { reportsOrNone, type Undelivered, undeliveredCheck } from './undelivered.ts';

export type { DeliveryReport };

export interface DelivererParts {
  readonly outbox: Outbox;
  readonly channels: readonly Channel[];
  /** The channels of `health`. They get the reports about deliveries whose rule has no other channel. */
  readonly healthChannels: readonly string[];
  /**
   * The token with which this process asks for the lease to poll; null where it does not ask. Without the lease a channel
   * that was removed looks like one that only another process's file has, so deliveries to either are left alone.
   */
  readonly leaseToken: string | null;
  /** ms; the worker's clock. */
  now(): number;
  /** In [0, 1): spreads retries. */
  random(): number;
  composeReport(undelivered: Undelivered): Message;
  /** Called at once for each report; must not throw. */
  onReport(report: DeliveryReport): void;
  /** Ids of the deliveries that this process is sending or has to settle, shared by its deliverers; by default a new set. */
  readonly inHand?: Set<string>;
}

export interface Deliverer {
  /**
   * Drains the queue of every channel. Queues that are still busy from an earlier call go on, so that one channel never
   * delays another. Resolves when all are idle; a worker that calls it repeatedly must not wait for it. With `patienceMs`
   * each delivery is tried again while its retries fall due within that time. Never rejects.
   */
  deliverDue(options?: { readonly patienceMs?: number }): Promise<void>;
  /**
   * Begins no new send, gives those under way `graceMs`, then aborts them. Resolves when all queues are idle. With null,
   * sends run to their own time limit and are settled when the state store is reachable; a later call with a number cuts
   * that short.
   */
  stop(graceMs: number | null): Promise<void>;
}

/** Claim → send → settle, for all channels of a file. */
export function createDeliverer(parts: DelivererParts): Deliverer {
  const { channels, inHand = new Set() } = parts;
  const stopping = new AbortController();
  const aborting = new AbortController();
  let hasQueuedReports = false;
  const onReport = (report: DeliveryReport): void => {
    if (report.reportedTo.length > 0) hasQueuedReports = true;
    parts.onReport(report);
  };
  const signals = { stopping: stopping.signal, aborting: aborting.signal };
  const compose = reportsOrNone(parts);
  const queues = channels.map((channel) =>
    openChannelQueue({ ...parts, ...signals, channel, compose, onReport, inHand }),
  );

  const checkUndelivered = undeliveredCheck({ ...parts, onReport });
  let checking: Promise<void> | null = null;
  const drainAll = async (patienceMs: number): Promise<void> => {
    if (!stopping.signal.aborted) {
      checking ??= checkUndelivered().finally(() => {
        checking = null;
      });
    }
    do {
      hasQueuedReports = false;
      await Promise.all([checking, ...queues.map((queue) => queue.drain(patienceMs))]);
      // A report may have been queued for a channel whose drain had already ended.
    } while (hasQueuedReports && !stopping.signal.aborted);
  };

  let working: Promise<void> = Promise.resolve();
  let ending: Promise<unknown> | null = null;
  return {
    deliverDue({ patienceMs = 0 } = {}) {
      working = Promise.all([working, drainAll(patienceMs)]).then(() => undefined);
      return working;
    },
    async stop(graceMs) {
      stopping.abort();
      const timer = graceMs === null ? undefined : setTimeout(() => aborting.abort(), graceMs);
      ending ??= working.then(() => Promise.all(queues.map((queue) => queue.settled())));
      await ending;
      clearTimeout(timer);
    },
  };
}
