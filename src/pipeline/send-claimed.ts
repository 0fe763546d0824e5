// Sends one claimed delivery and settles it.

import type { Channel } from '../channels/channel.ts';
import { isSpent, OPEN_STATES, UNANSWERED } from '../model/delivery.ts';
import type { Outbox } from '../state/open.ts';
import type { Claimed, Settlement } from '../state/outbox.ts';
import { type Attempt, attempt } from './attempt.ts';
import { type DeliveryReport, reportOf } from './delivery-report.ts';
import type { QuietPeriod } from './quiet-period.ts';
import {
  type ComposeReports,
  refusesAll,
  type SharedRefusal,
  settlementOf,
  sharedSettlement,
} from './settlement.ts';

export interface ChannelQueueParts {
  readonly outbox: Outbox;
  readonly channel: Channel;
  now(): number;
  /** In [0, 1): spreads retries. */
  random(): number;
  readonly compose: ComposeReports;
  onReport(report: DeliveryReport): void;
  /** Aborted when no new send may begin. */
  readonly stopping: AbortSignal;
  /** Aborted when a send under way must end. */
  readonly aborting: AbortSignal;
  /** Ids that queues of this process send or have not settled yet. None of them is claimed, even after its lease ended. */
  readonly inHand: Set<string>;
}

/** What a queue knows from one drain to the next. */
export interface QueueState extends ChannelQueueParts {
  readonly timeoutMs: number;
  /**
   * A settlement that the state store has not taken yet. It is kept, so that an unreachable state store does not make this
   * process send the message again.
   */
  unsettled: Unsettled | null;
  readonly quiet: QuietPeriod;
  /** How often each open delivery was claimed but not sent. The outbox counts claims; messages name attempts. */
  readonly unsent: Map<string, number>;
}

interface Unsettled {
  readonly claimed: Claimed;
  readonly settlement: Settlement;
  readonly report: DeliveryReport;
}

/** What all sends of one drain share. */
export interface SharedByDrain {
  /** Their place in the jitter: deliveries that failed for the same reason fall due together. */
  readonly spread: number;
  /** The refusal that an earlier send of this drain met, if it concerns every message. */
  refusal: SharedRefusal | null;
}

/** Sends a claimed delivery, or lets it share the refusal that this drain has met, and settles it. */
export async function sendClaimed(
  queue: QueueState,
  drain: SharedByDrain,
  claim: Claimed,
  timeoutMs: number,
): Promise<DeliveryReport> {
  const { refusal } = drain;
  const { id } = claim;
  if (refusal !== null) queue.unsent.set(id, (queue.unsent.get(id) ?? 0) + 1);
  const claimed = { ...claim, attempts: claim.attempts - (queue.unsent.get(id) ?? 0) };
  const begun = performance.now();
  const outcome = await outcomeOf(queue, refusal, claimed, timeoutMs);
  const ms = refusal === null ? Math.round(performance.now() - begun) : 0;
  const at = refusal?.at ?? queue.now();
  const settled = settlementOf(queue.compose, claimed, outcome, at, drain.spread);
  const settlement = refusal === null ? settled : sharedSettlement(settled, claimed, refusal);
  if (outcome.kind === 'failed' && refusal === null) {
    const { failure } = outcome;
    if (refusesAll(failure)) drain.refusal = { attempt: outcome, at, shared: 0 };
    if (failure.retryAfterMs !== null) {
      queue.quiet.extend(Math.min(failure.retryAfterMs, settlement.nextAt - queue.now()));
    }
  }
  if (!OPEN_STATES.includes(settlement.state)) queue.unsent.delete(id);
  const report = reportOf(claimed, settlement, outcome, ms);
  queue.unsettled = { claimed, settlement, report };
  await settle(queue);
  return report;
}

async function outcomeOf(
  queue: QueueState,
  refusal: SharedRefusal | null,
  claimed: Claimed,
  timeoutMs: number,
): Promise<Attempt> {
  // Each send of this message ended its process, so it is not sent again.
  if (claimed.isTakenOver && isSpent(claimed, queue.now())) {
    return { kind: 'failed', failure: UNANSWERED, accepted: [] };
  }
  return refusal?.attempt ?? attempt(queue.channel, claimed, timeoutMs, queue.aborting);
}

/** Records what became of the last send. Throws when the state store is unreachable; a later call tries again. */
export async function settle(queue: QueueState): Promise<void> {
  if (queue.unsettled === null) return;
  const { claimed, settlement, report } = queue.unsettled;
  const isOurs = await queue.outbox.settle(claimed, settlement, queue.now());
  queue.unsettled = null;
  queue.inHand.delete(claimed.id);
  queue.onReport(isOurs ? report : { ...report, outcome: 'lost', nextAt: null, reportedTo: [] });
}
