// Sends outage messages without the state store, when that is away too.

import type { App } from '../app.ts';
import type { Channel } from '../channels/channel.ts';
import { afterFailure, type NewDelivery } from '../model/delivery.ts';
import { SendError, wordsOf } from '../model/errors.ts';
import type { Episode } from '../model/notification.ts';
import { OUTAGE, outageNotice } from '../pipeline/outage.ts';
import { type Observed, outageDeliveries } from './outage-deliveries.ts';

/**
 * Sends outage messages past the outbox. Each has the id that the ledger would have given it, so this process sends it
 * once a day and channel. A send that failed is retried after the usual waits, at a later poll.
 */
export interface DirectSender {
  /** Resolves to a line for the log, or null. May reject. */
  send(app: App, observed: Observed): Promise<string | null>;
  hasSent(deliveryId: string): boolean;
  /** The outage that was told this way; null if there is none. */
  outage(): Episode | null;
  forgetOutage(): void;
}

const TIMEOUT_MS = 15_000;
const DAY_MS = 86_400_000;

interface Retry {
  readonly backoffStep: number;
  readonly firstTriedAt: number;
  readonly nextAt: number;
}

/** `random` is in [0, 1) and spreads retries. */
export function openDirectSender(now: () => number, random: () => number): DirectSender {
  let outage: Episode | null = null;
  const sent = new Set<string>();
  const retries = new Map<string, Retry>();

  const isDue = ({ id }: NewDelivery): boolean => !sent.has(id) && now() >= (retries.get(id)?.nextAt ?? 0);

  const sendOne = async (app: App, delivery: NewDelivery, at: number): Promise<void> => {
    const { id, body } = delivery;
    const channel = app.channels.get(delivery.channel) as Channel;
    // Another process, or this one before its state store went away, may have sent it today already. A channel that can
    // look for its own message does so.
    const envelope = { id, body, accepted: [], firstTriedAt: at - DAY_MS };
    try {
      await channel.send(envelope, AbortSignal.timeout(TIMEOUT_MS));
      sent.add(id);
    } catch (error) {
      retries.set(id, retryAfter(error, retries.get(id), now(), random()));
      throw error;
    }
  };

  return {
    async send(app, observed) {
      const notice = outageNotice(observed.condition, outage, observed.at, app.config.timezone);
      if (notice === null || notice.kind !== OUTAGE) return null;
      outage = notice.episode;
      const due = outageDeliveries(app, notice, observed, now()).filter(isDue);
      const results = await Promise.allSettled(due.map((delivery) => sendOne(app, delivery, observed.at)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) return `could not send the outage message: ${wordsOf(failed.reason)}`;
      const names = due.map(({ channel }) => channel).join(', ');
      return names === ''
        ? null
        : `sent the outage message to ${names} directly: the state store is unreachable too`;
    },
    hasSent: (id) => sent.has(id),
    outage: () => outage,
    forgetOutage() {
      outage = null;
    },
  };
}

function retryAfter(error: unknown, earlier: Retry | undefined, now: number, random: number): Retry {
  const { backoffStep, firstTriedAt } = earlier ?? { backoffStep: 0, firstTriedAt: now };
  const start = { backoffStep, firstTriedAt, createdAt: firstTriedAt, reportedAt: null, isReport: true };
  const failure = error instanceof SendError ? error : ({ kind: 'passing', retryAfterMs: null } as const);
  const after = afterFailure(start, failure, now, random);
  const nextAt = after.state === 'given_up' ? Number.POSITIVE_INFINITY : after.nextAt;
  return { backoffStep: after.backoffStep, firstTriedAt, nextAt };
}
