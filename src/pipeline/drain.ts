// Sends until nothing is due: claims, waits for retries and rate limits, stops in time.

import { setTimeout as sleep } from 'node:timers/promises';
import { smallestOf } from '../model/extremes.ts';
import type { Claimed } from '../state/outbox.ts';
import { reportOf } from './delivery-report.ts';
import { type QueueState, type SharedByDrain, sendClaimed, settle } from './send-claimed.ts';
import { LEAD_MS } from './settlement.ts';

/** One drain. It ends when nothing is due and no retry falls due in time. */
interface Drain extends SharedByDrain {
  readonly patienceMs: number;
  /** When the drain began: on the worker's clock, and on the monotonic one. */
  readonly begunAt: number;
  readonly begun: number;
  /** Until when each delivery of this drain is tried again. */
  readonly deadlines: Map<string, number>;
  /** When each retry falls due that this drain still waits for. */
  readonly retries: Map<string, number>;
}

/** What a drain does next. */
type Step =
  | { readonly kind: 'send'; readonly claimed: Claimed; readonly askedAt: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'done' };

const DONE: Step = { kind: 'done' };

/** A lease is longer than the attempt by this much, for the claim before it and the settlement after it. */
export const LEASE_MARGIN_MS = 10_000;

/**
 * Sends what is due on a channel, one delivery after the other, and tries each again while its retries fall due within
 * `patienceMs`. Throws when the state store is unreachable.
 */
export async function drain(queue: QueueState, patienceMs: number): Promise<void> {
  const drain: Drain = {
    patienceMs,
    begunAt: queue.now(),
    begun: performance.now(),
    spread: queue.random(),
    deadlines: new Map(),
    retries: new Map(),
    refusal: null,
  };
  await settle(queue);
  while (!queue.stopping.aborted) {
    const step = await nextStep(queue, drain);
    if (step.kind === 'done') return;
    if (step.kind === 'wait') await pause(step.ms, queue.stopping);
    else await sendInTime(queue, drain, step.claimed, step.askedAt);
  }
}

async function nextStep(queue: QueueState, drain: Drain): Promise<Step> {
  const quietMs = queue.quiet.remainingMs();
  if (quietMs > 0) {
    return queue.quiet.until() >= drain.begunAt + drain.patienceMs ? DONE : { kind: 'wait', ms: quietMs };
  }
  const askedAt = queue.now();
  const claimed = await claimNext(queue, drain, askedAt);
  if (claimed === null) return afterNothingDue(drain, askedAt);
  if (!('waitMs' in claimed)) return { kind: 'send', claimed, askedAt };
  const patienceLeft = drain.begun + drain.patienceMs - performance.now();
  // Another process holds the rate-limit slot and sends what is due. The next drain checks whether it did.
  if (claimed.waitMs > Math.max(queue.channel.spacingMs, patienceLeft)) return DONE;
  return { kind: 'wait', ms: claimed.waitMs };
}

function claimNext({ outbox, channel, timeoutMs, inHand }: QueueState, drain: Drain, askedAt: number) {
  const expired = [...drain.deadlines].filter(([, until]) => until <= askedAt).map(([id]) => id);
  const except = [...expired, ...inHand];
  // Deliveries that shared an earlier refusal may share this one too. They fall due up to LEAD_MS later.
  const dueBy = drain.refusal === null ? askedAt : askedAt + LEAD_MS;
  const leaseMs = timeoutMs + LEASE_MARGIN_MS;
  return channel.spacingMs === 0
    ? outbox.claim(channel.name, dueBy, leaseMs, except)
    : outbox.claimRateLimited(channel.name, channel.spacingMs, { now: dueBy, leaseMs, except });
}

/** Waits for the next retry of this drain, if there is one. */
function afterNothingDue({ retries }: Drain, askedAt: number): Step {
  // A retry that was due but could not be claimed now belongs to another process, or was given up.
  for (const [id, dueAt] of retries) if (dueAt <= askedAt) retries.delete(id);
  return retries.size === 0 ? DONE : { kind: 'wait', ms: smallestOf(retries.values()) - askedAt };
}

async function sendInTime(queue: QueueState, drain: Drain, claimed: Claimed, askedAt: number): Promise<void> {
  const { id } = claimed;
  const { patienceMs, deadlines, retries } = drain;
  // A process that was frozen may wake up long after its lease ended. Then it must not send.
  if (queue.now() - askedAt >= LEASE_MARGIN_MS) {
    queue.onReport(reportOf(claimed, null, { kind: 'late' }, 0));
    return;
  }
  const deadline = deadlines.get(id) ?? askedAt + patienceMs;
  if (patienceMs > 0) deadlines.set(id, deadline);
  const leftMs = patienceMs > 0 ? deadline - askedAt : queue.timeoutMs;
  queue.inHand.add(id);
  const { nextAt } = await sendClaimed(queue, drain, claimed, Math.min(queue.timeoutMs, leftMs));
  retries.delete(id);
  if (nextAt !== null && nextAt < deadline) retries.set(id, nextAt);
}

/** Waits, unless `stopping` aborts. */
export async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
}
