// What is recorded about an attempt: the new state, the next try, reports to other channels.

import { afterFailure, type Failure, type NewDelivery, RETRY_FOR_MS } from '../model/delivery.ts';
import type { StoredDelivery } from '../state/delivery-rows.ts';
import type { Claimed, Settlement } from '../state/outbox.ts';
import type { Attempt } from './attempt.ts';

/** Makes the reports to other channels about a delivery that did not arrive. */
export type ComposeReports = (delivery: StoredDelivery) => readonly NewDelivery[];

/** How an attempt at `at` is settled. `spread` is in [0, 1): the place of the next try in the jitter. */
export function settlementOf(
  compose: ComposeReports,
  claimed: Claimed,
  outcome: Attempt,
  at: number,
  spread: number,
): Settlement {
  const { backoffStep, reportedAt } = claimed;
  if (outcome.kind === 'delivered') {
    return {
      state: 'delivered',
      backoffStep,
      nextAt: at,
      accepted: claimed.accepted,
      failure: null,
      ref: outcome.ref,
      reports: null,
    };
  }
  const accepted = [...new Set([...claimed.accepted, ...outcome.accepted])];
  if (outcome.kind === 'interrupted') {
    const state = reportedAt === null ? 'queued' : 'reported';
    return { state, backoffStep, nextAt: at, accepted, failure: null, reports: null };
  }
  const { failure } = outcome;
  const { report, ...after } = afterFailure(claimed, failure, at, spread);
  return { ...after, accepted, failure, reports: report ? compose({ ...claimed, failure }) : null };
}

/**
 * The receiver refused the token, the password or the certificate, so it would refuse every other message too. A sender that
 * tries a wrong password for each message is locked out. So the other due deliveries share the refusal: they are not sent,
 * and are reported as if they had been.
 */
export interface SharedRefusal {
  readonly attempt: Extract<Attempt, { kind: 'failed' }>;
  /** When it was met, ms. What shares it waits from then on. */
  readonly at: number;
  /** How many deliveries have shared it so far. */
  shared: number;
}

/** Whether a failure is about the sender, and so about everything that is sent. */
export function refusesAll({ kind, reason }: Failure): boolean {
  return kind === 'person' && reason === 'auth';
}

/**
 * Deliveries that shared a refusal fall due this much before the one that met it, in the order in which they shared it. If
 * the receiver refuses that one message alone, the others do not wait behind it for ever.
 */
export const LEAD_MS = 1_000;

/** The settlement of a delivery that shares a refusal. The last attempt of its day stays the last one. */
export function sharedSettlement(
  settlement: Settlement,
  { firstTriedAt }: Claimed,
  refusal: SharedRefusal,
): Settlement {
  const place = Math.min(refusal.shared, LEAD_MS - 1);
  refusal.shared += 1;
  const { nextAt } = settlement;
  if (nextAt >= firstTriedAt + RETRY_FOR_MS) return settlement;
  return { ...settlement, nextAt: nextAt - LEAD_MS + place };
}
