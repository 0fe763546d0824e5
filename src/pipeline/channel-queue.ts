// The queue of one channel: sends what is due, one delivery at a time.

import { unrecorded } from './delivery-report.ts';
import { drain, LEASE_MARGIN_MS, pause } from './drain.ts';
import { openQuietPeriod } from './quiet-period.ts';
import { type ChannelQueueParts, type QueueState, settle } from './send-claimed.ts';

export interface ChannelQueue {
  /**
   * Sends what is due, one after the other, and retries for `patienceMs`. A call while a drain is under way joins it.
   * Never rejects.
   */
  drain(patienceMs: number): Promise<void>;
  /**
   * Settles what was sent. Call it after `stopping` is aborted and the last drain has ended. While the state store is
   * unreachable it tries again, until `aborting` is aborted. Never rejects.
   */
  settled(): Promise<void>;
}

/** Another process must take over within a minute of a crash. */
const LONGEST_LEASE_MS = 55_000;
/** How long a stopped queue waits between two attempts to settle. */
const SETTLE_AGAIN_MS = 1_000;
/** When the state store has been unreachable for a day, the deliveries have been given up anyway. */
const SETTLE_LIMIT_MS = 86_400_000;

/** The queue of one channel. It sends one delivery at a time. */
export function openChannelQueue(parts: ChannelQueueParts): ChannelQueue {
  const { channel, onReport, aborting, inHand } = parts;
  const queue: QueueState = {
    ...parts,
    timeoutMs: Math.min(channel.timeoutMs, LONGEST_LEASE_MS - LEASE_MARGIN_MS),
    unsettled: null,
    quiet: openQuietPeriod(parts.now),
    unsent: new Map(),
  };
  let running: Promise<void> | null = null;
  return {
    drain(patienceMs) {
      running ??= drain(queue, patienceMs)
        .catch((error: unknown) =>
          onReport(unrecorded(channel.name, queue.unsettled?.claimed ?? null, error)),
        )
        .finally(() => {
          running = null;
        });
      return running;
    },
    async settled() {
      const begun = performance.now();
      while (queue.unsettled !== null && !aborting.aborted && performance.now() - begun < SETTLE_LIMIT_MS) {
        // The drain has reported the failure already.
        await settle(queue).catch(() => pause(SETTLE_AGAIN_MS, aborting));
      }
      if (queue.unsettled !== null) inHand.delete(queue.unsettled.claimed.id);
    },
  };
}
