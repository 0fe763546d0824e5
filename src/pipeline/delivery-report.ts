// What is reported about an attempt to deliver.

import { type FailureReason, wordsOf } from '../model/errors.ts';
import type { Claimed, Settlement } from '../state/outbox.ts';
import type { Attempt } from './attempt.ts';

/**
 * What became of an attempt. `lost`: another process took the delivery over. `interrupted`: this process stops, and the next
 * one sends it again. `overdue`: no attempt, but the other channels got a report that it has not arrived. `unrecorded`: the
 * state store could not be read or written; what was sent is settled as soon as possible.
 */
export const DELIVERY_OUTCOMES = [
  'delivered',
  'retry',
  'given_up',
  'lost',
  'interrupted',
  'overdue',
  'unrecorded',
] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

export interface DeliveryReport {
  readonly channel: string;
  readonly outcome: DeliveryOutcome;
  /** Null where the state store failed before any delivery was known. */
  readonly id: string | null;
  readonly rule: string | null;
  readonly reason: FailureReason | null;
  /** Attempts so far, this one included. */
  readonly attempts: number;
  readonly ms: number;
  /** What the receiver answered, or what went wrong, in words for people. */
  readonly answer: string;
  /** When it is tried again; null when it is not. */
  readonly nextAt: number | null;
  /** The channels that got a report that it did not arrive. */
  readonly reportedTo: readonly string[];
}

/** The report about a claimed delivery, with its settlement if it was sent. */
export function reportOf(
  { channel, id, rule, attempts }: Claimed,
  settlement: Settlement | null,
  outcome: Attempt | { readonly kind: 'late' },
  ms: number,
): DeliveryReport {
  const known = { channel, id, rule, attempts, ms };
  const quiet = { reason: null, nextAt: null, reportedTo: [] };
  switch (outcome.kind) {
    case 'delivered':
      return { ...known, ...quiet, outcome: 'delivered', answer: outcome.answer };
    case 'interrupted':
      return { ...known, ...quiet, outcome: 'interrupted', answer: 'stopped while sending' };
    case 'late':
      return { ...known, ...quiet, outcome: 'lost', answer: 'the lease ended before the send began' };
    case 'failed': {
      const gaveUp = settlement?.state === 'given_up';
      return {
        ...known,
        outcome: gaveUp ? 'given_up' : 'retry',
        reason: outcome.failure.reason,
        answer: outcome.failure.text,
        nextAt: gaveUp ? null : (settlement?.nextAt ?? null),
        reportedTo: settlement?.reports?.map((report) => report.channel) ?? [],
      };
    }
  }
}

/** The report where the state store could not be read, or could not take the last settlement. */
export function unrecorded(channel: string, sent: Claimed | null, error: unknown): DeliveryReport {
  return {
    channel,
    outcome: 'unrecorded',
    id: sent?.id ?? null,
    rule: sent?.rule ?? null,
    reason: null,
    attempts: sent?.attempts ?? 0,
    ms: 0,
    answer: wordsOf(error),
    nextAt: null,
    reportedTo: [],
  };
}
