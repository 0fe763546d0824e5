// Claim, send, settle for one channel.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../channels/channel.ts';
import {
  afterFailure,
  type Failure,
  isSpent,
  type NewDelivery,
  OPEN_STATES,
  RETRY_FOR_MS,
  UNANSWERED,
} from '../model/delivery.ts';
import { smallestOf } from '../model/extremes.ts';
import type { StoredDelivery } from '../state/delivery-rows.ts';
import type { Outbox } from '../state/open.ts';
import type { Claimed, Settlement } from '../state/outbox.ts';
import { type Attempt, attempt } from './attempt.ts';
import { type DeliveryReport, reportOf, unrecorded } from './delivery-report.ts';

export interface LaneParts {
  readonly outbox: Outbox;
  readonly channel: Channel;
  now(): number;
  random(): number;
  compose(delivery: StoredDelivery): readonly NewDelivery[];
  onReport(report: DeliveryReport): void;
  /** Aborted when no new send may begin. */
  readonly stopping: AbortSignal;
  /** Aborted when the send in hand must end. */
  readonly aborting: AbortSignal;
  /** What lanes of this process send or have not written down: no lane claims it, even when its lease has run out. */
  readonly inHand: Set<string>;
}

export interface Lane {
  /** Sends what is due, one after the other; a call while a round is under way joins it. Never rejects. */
  round(patienceMs: number): Promise<void>;
  /**
   * Once `stopping` is aborted and the last round is over: resolves when what was sent is written down, which waits for
   * a state store that is away until `aborting` is aborted. Never rejects.
   */
  settled(): Promise<void>;
}

/** How much longer a lease is than the attempt that it covers, for the claim and the settlement around it. */
const LEASE_MARGIN_MS = 10_000;
/** A crash must be taken up within a minute. */
const LONGEST_LEASE_MS = 55_000;
/** How often a lane that has stopped asks a state store that is away. */
const SETTLE_AGAIN_MS = 1_000;
/** One that is away for so long does not come back; a delivery is given up by then. */
const SETTLE_LIMIT_MS = 86_400_000;

/** A settlement that the state store has not taken yet, with what is said when it has. */
interface Unsettled {
  readonly claimed: Claimed;
  readonly settlement: Settlement;
  readonly report: DeliveryReport;
}

/**
 * What shared a refusal is due again so long before what met it, in the order in which it shared it: the far end may
 * dislike that one message alone, and the others must not wait for it for ever.
 */
const AHEAD_MS = 1_000;

/**
 * A refusal of token, password or certificate: it would meet all that is sent after it, and who knocks with a wrong
 * password for each of them is locked out. So what else is due shares it unsent, and is reported as if it had been.
 */
interface Lock {
  readonly refusal: Extract<Attempt, { kind: 'failed' }>;
  /** When it was met, ms: what shares it waits from then on. */
  readonly at: number;
  /** How many have shared it so far. */
  shared: number;
}

/** What is not sent again because the process ended each time that it was. */
const UNSENT: Attempt = { kind: 'failed', failure: UNANSWERED, accepted: [] };

interface Round {
  /** Where in the jitter its retries lie: what was not sent for the same reason is due again together. */
  readonly spread: number;
  lock: Lock | null;
}

/** Everything that goes to one channel, one send at a time. */
export function openLane(parts: LaneParts): Lane {
  const { outbox, channel, now, onReport, stopping } = parts;
  let running: Promise<void> | null = null;
  // Kept until the store takes it: while this process lives, a store that is away must not make it send again.
  let unsettled: Unsettled | null = null;
  /** The far end has asked to be left alone (by `now`): that holds for all that goes there. */
  let hold = { from: 0, until: Number.NEGATIVE_INFINITY };
  /** For how long it still holds, ms; a clock that was set back ends it. */
  const heldFor = (): number => (now() < hold.from ? 0 : Math.max(0, hold.until - now()));
  /** How often an open delivery was claimed and not sent: the outbox counts claims, people are told of attempts. */
  const unsent = new Map<string, number>();

  const settleHeld = async (): Promise<void> => {
    if (unsettled === null) return;
    const { claimed, settlement, report } = unsettled;
    const isOurs = await outbox.settle(claimed, settlement, now());
    unsettled = null;
    parts.inHand.delete(claimed.id);
    onReport(isOurs ? report : { ...report, outcome: 'lost', nextAt: null, reportedTo: [] });
  };

  const sendOne = async (claim: Claimed, timeoutMs: number, round: Round): Promise<DeliveryReport> => {
    const { lock } = round;
    if (lock !== null) unsent.set(claim.id, (unsent.get(claim.id) ?? 0) + 1);
    const claimed = { ...claim, attempts: claim.attempts - (unsent.get(claim.id) ?? 0) };
    const begun = performance.now();
    const outcome =
      claim.isTakenOver && isSpent(claim, now())
        ? UNSENT
        : (lock?.refusal ?? (await attempt(channel, claimed, timeoutMs, parts.aborting)));
    const ms = lock === null ? Math.round(performance.now() - begun) : 0;
    const at = lock?.at ?? now();
    const settled = settlementOf(parts, claimed, outcome, at, round.spread);
    const settlement = lock === null ? settled : { ...settled, nextAt: aheadOf(settled, claimed, lock) };
    if (outcome.kind === 'failed' && lock === null) {
      const { retryAfterMs } = outcome.failure;
      if (isOfAll(outcome.failure)) round.lock = { refusal: outcome, at, shared: 0 };
      if (retryAfterMs !== null) {
        const wait = Math.min(retryAfterMs, settlement.nextAt - now());
        hold = { from: now(), until: now() + Math.max(heldFor(), wait) };
      }
    }
    if (!OPEN_STATES.includes(settlement.state)) unsent.delete(claim.id);
    const report = reportOf(claimed, settlement, outcome, ms);
    unsettled = { claimed, settlement, report };
    await settleHeld();
    return report;
  };

  const claimNext = (dueBy: number, leaseMs: number, spent: readonly string[]) =>
    channel.spacingMs === 0
      ? outbox.claim(channel.name, dueBy, leaseMs, spent)
      : outbox.claimInTurn(channel.name, channel.spacingMs, { now: dueBy, leaseMs, except: spent });

  const work = async (patienceMs: number): Promise<void> => {
    const begun = performance.now();
    /** Until when each delivery of this round is tried again. */
    const patience = new Map<string, number>();
    const retries = new Map<string, number>();
    const timeoutMs = Math.min(channel.timeoutMs, LONGEST_LEASE_MS - LEASE_MARGIN_MS);
    const round: Round = { spread: parts.random(), lock: null };
    const begunAt = now();
    await settleHeld();
    while (!stopping.aborted) {
      if (heldFor() > 0) {
        if (hold.until >= begunAt + patienceMs) return;
        await pause(heldFor(), stopping);
        continue;
      }
      const askedAt = now();
      const spent = [...patience].filter(([, until]) => until <= askedAt).map(([id]) => id);
      // What shared a refusal may share the next one too, though it falls due a little later than what meets it.
      const dueBy = round.lock === null ? askedAt : askedAt + AHEAD_MS;
      const claimed = await claimNext(dueBy, timeoutMs + LEASE_MARGIN_MS, [...spent, ...parts.inHand]);
      if (claimed !== null && 'waitMs' in claimed) {
        const patienceLeft = begun + patienceMs - performance.now();
        // Another process is sending, and goes on with what is due; the next round looks whether it did.
        if (claimed.waitMs > Math.max(channel.spacingMs, patienceLeft)) return;
        await pause(claimed.waitMs, stopping);
        continue;
      }
      if (claimed === null) {
        // What was due and is not to be had has been taken over by another process, or has had its time.
        for (const [id, due] of retries) if (due <= askedAt) retries.delete(id);
        if (retries.size === 0) return;
        await pause(smallestOf(retries.values()) - askedAt, stopping);
        continue;
      }
      // A process that was frozen may wake up long after its lease: then it must not send.
      if (now() - askedAt >= LEASE_MARGIN_MS) {
        onReport(reportOf(claimed, null, { kind: 'late' }, 0));
        continue;
      }
      const until = patience.get(claimed.id) ?? askedAt + patienceMs;
      if (patienceMs > 0) patience.set(claimed.id, until);
      const left = patienceMs > 0 ? until - askedAt : timeoutMs;
      parts.inHand.add(claimed.id);
      const report = await sendOne(claimed, Math.min(timeoutMs, left), round);
      retries.delete(claimed.id);
      if (report.nextAt !== null && report.nextAt < until) retries.set(claimed.id, report.nextAt);
    }
  };

  return {
    round(patienceMs) {
      running ??= work(patienceMs)
        .catch((error: unknown) => onReport(unrecorded(channel.name, unsettled?.claimed ?? null, error)))
        .finally(() => {
          running = null;
        });
      return running;
    },
    async settled() {
      const begun = performance.now();
      while (unsettled !== null && !parts.aborting.aborted && performance.now() - begun < SETTLE_LIMIT_MS) {
        // That it could not be written down was said when the round ended.
        await settleHeld().catch(() => pause(SETTLE_AGAIN_MS, parts.aborting));
      }
      if (unsettled !== null) parts.inHand.delete(unsettled.claimed.id);
    },
  };
}

/** When what shared a refusal is due. The last attempt of its day stays the last one. */
function aheadOf({ nextAt }: Settlement, { firstTriedAt }: Claimed, lock: Lock): number {
  const place = Math.min(lock.shared, AHEAD_MS - 1);
  lock.shared += 1;
  return nextAt >= firstTriedAt + RETRY_FOR_MS ? nextAt : nextAt - AHEAD_MS + place;
}

/** Whether what the far end said is of the sender, and so of all that is sent. */
function isOfAll({ kind, reason }: Failure): boolean {
  return kind === 'person' && reason === 'auth';
}

function settlementOf(
  { compose }: LaneParts,
  claimed: Claimed,
  outcome: Attempt,
  at: number,
  spread: number,
): Settlement {
  const { rung, reportedAt } = claimed;
  if (outcome.kind === 'delivered') {
    return { state: 'delivered', rung, nextAt: at, accepted: claimed.accepted, failure: null, reports: null };
  }
  const accepted = [...new Set([...claimed.accepted, ...outcome.accepted])];
  if (outcome.kind === 'interrupted') {
    const state = reportedAt === null ? 'queued' : 'reported';
    return { state, rung, nextAt: at, accepted, failure: null, reports: null };
  }
  const { failure } = outcome;
  const { report, ...after } = afterFailure(claimed, failure, at, spread);
  return { ...after, accepted, failure, reports: report ? compose({ ...claimed, failure }) : null };
}

async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
}
