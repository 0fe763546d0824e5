import type { FailureReason } from '../model/errors.ts';

/**
 * What became of an attempt. `lost`: another process had taken the delivery over. `interrupted`: this one stops, and
 * the next takes it up. `overdue`: no attempt, but the other channels were told that it has not arrived.
 * `unrecorded`: the state store could not be asked or told; what was sent is settled as soon as it can.
 */
export type DeliveryOutcome =
  | 'delivered'
  | 'retry'
  | 'given_up'
  | 'lost'
  | 'interrupted'
  | 'overdue'
  | 'unrecorded';

export interface DeliveryReport {
  readonly channel: string;
  readonly outcome: DeliveryOutcome;
  /** Null where the state store failed before any delivery was known. */
  readonly id: string | null;
  readonly rule: string | null;
  readonly reason: FailureReason | null;
  /** This one included. */
  readonly attempts: number;
  readonly ms: number;
  /** What the far end said, or what went wrong, in words for people. */
  readonly answer: string;
  /** When it is tried again; null when it is not. */
  readonly nextAt: number | null;
  /** The channels that were told that it did not arrive. */
  readonly reportedTo: readonly string[];
}
