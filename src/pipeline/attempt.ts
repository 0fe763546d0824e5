// One attempt to send a delivery, within a time limit.

import type { Channel } from '../channels/channel.ts';
import type { Failure } from '../model/delivery.ts';
import { SendError, wordsOf } from '../model/errors.ts';
import type { Claimed } from '../state/outbox.ts';
import { OUTAGE } from './outage.ts';

/** How one attempt ended. `accepted` are recipients that took the message although the attempt as a whole failed. */
export type Attempt =
  | { readonly kind: 'delivered'; readonly answer: string; readonly ref: string | null }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly accepted: readonly string[] }
  | { readonly kind: 'interrupted'; readonly accepted: readonly string[] };

/** How long a channel may take to stop after its signal was aborted. */
const STOP_MS = 250;
/** Outage messages have one id a day, and in autumn a day has 25 h. */
const LONGEST_DAY_MS = 25 * 3_600_000;

/**
 * Sends a delivery once, in at most `timeoutMs`, even through a channel that ignores its signal. The body is the
 * one that was queued. It is rendered again only if the channel's type has changed since.
 */
export async function attempt(
  channel: Channel,
  claimed: Claimed,
  timeoutMs: number,
  aborting: AbortSignal,
): Promise<Attempt> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, timeoutMs);
  aborting.addEventListener('abort', end, { once: true });
  if (aborting.aborted) end();
  try {
    const { id, accepted } = claimed;
    const firstTriedAt = mayBeThereSince(claimed);
    const body = claimed.channelType === channel.type ? claimed.body : channel.render(claimed.message, id);
    const envelope = { id, body, accepted, firstTriedAt, thread: claimed.answers };
    const sending = channel.send(envelope, ending.signal);
    const { answer, ref = null } = await Promise.race([sending, stopLimit(ending.signal)]);
    return { kind: 'delivered', answer, ref };
  } catch (error) {
    const accepted = acceptedOf(error);
    if (aborting.aborted) return { kind: 'interrupted', accepted };
    if (!ending.signal.aborted) return { kind: 'failed', failure: failureOf(error), accepted };
    const seconds = Math.round(timeoutMs / 100) / 10;
    const text = `no answer within ${seconds} s`;
    return {
      kind: 'failed',
      failure: { kind: 'passing', reason: 'timeout', text, retryAfterMs: null },
      accepted,
    };
  } finally {
    clearTimeout(timer);
    aborting.removeEventListener('abort', end);
  }
}

/** The earliest time at which the receiver may have got the message, ms; null if no attempt can have reached it. */
function mayBeThereSince({ attempts, firstTriedAt, createdAt, fingerprint }: Claimed): number | null {
  // While the state store is unreachable, outage messages are sent directly under the same id, unknown to the outbox.
  if (fingerprint === OUTAGE) return Math.min(firstTriedAt, createdAt - LONGEST_DAY_MS);
  return attempts > 1 ? firstTriedAt : null;
}

/** Rejects when a channel has not stopped in time after its signal was aborted. */
function stopLimit(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const arm = (): void => void setTimeout(() => reject(new Error('aborted')), STOP_MS).unref();
    if (signal.aborted) arm();
    else signal.addEventListener('abort', arm, { once: true });
  });
}

function failureOf(error: unknown): Failure {
  if (error instanceof SendError) {
    const { kind, reason, message, retryAfterMs } = error;
    return { kind, reason, text: message, retryAfterMs };
  }
  // Any other error is treated as temporary; it must not end the queue.
  return { kind: 'passing', reason: 'unreachable', text: wordsOf(error), retryAfterMs: null };
}

function acceptedOf(error: unknown): readonly string[] {
  return error instanceof SendError ? error.accepted : [];
}
