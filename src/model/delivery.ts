// States of a delivery, the backoff between attempts, delivery ids.

import { createHash } from 'node:crypto';
import type { FailureKind, FailureReason } from './errors.ts';
import type { Message } from './message.ts';
import type { Severity } from './rule.ts';

/**
 * `queued`: still to be sent. `reported`: still to be sent, and the other channels have got a report. `delivered` and
 * `given_up` are final, unless a person asks for what was given up again (`state/requeue.ts`).
 */
export type DeliveryState = 'queued' | 'reported' | 'delivered' | 'given_up';

const MOVES: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  queued: ['queued', 'reported', 'delivered', 'given_up'],
  reported: ['reported', 'delivered', 'given_up'],
  delivered: [],
  given_up: [],
};

export const DELIVERY_STATES = Object.keys(MOVES) as readonly DeliveryState[];

/** The states from which a delivery may change to `to`. In any other state the change comes too late. */
export function statesBefore(to: DeliveryState): DeliveryState[] {
  return DELIVERY_STATES.filter((from) => MOVES[from].includes(to));
}

/** The states in which a delivery is still to be sent. */
export const OPEN_STATES: readonly DeliveryState[] = statesBefore('delivered');

/** A message for one channel, ready to be queued. `body` is what the channel's `render` made of `message` and `id`. */
export interface NewDelivery {
  readonly id: string;
  readonly channel: string;
  readonly channelType: string;
  readonly rule: string | null;
  readonly fingerprint: string | null;
  readonly severity: Severity;
  readonly message: Message;
  readonly body: string;
  /** The channels that may get a report when this one fails: those of the same rule. */
  readonly others: readonly string[];
  /** A report about another channel is never itself reported. */
  readonly isReport: boolean;
  /** The incidents that it is about; absent for messages about spendwatch itself. */
  readonly incidents?: readonly string[];
  /** The id of the first delivery of its thread, which may be its own; absent where the channel has no threads. */
  readonly thread?: string;
  /** For people's messages about an incident: what later news of it needs, as long as the delivery was not tried. */
  readonly news?: IncidentNews;
}

/** What a delivery tells of an incident. */
export interface IncidentNews {
  /** JSON text that only the composer of messages reads. */
  readonly notices: string;
  /** When the delivery may first be tried, ms: until then news of the incident is gathered in it. */
  readonly notBefore: number;
  /** Ids of deliveries that were not tried, and whose news is told here. */
  readonly replaces: readonly string[];
}

/** Why an attempt failed, as stored with the delivery; `text` holds no secret. */
export interface Failure {
  readonly kind: FailureKind;
  readonly reason: FailureReason;
  readonly text: string;
  readonly retryAfterMs: number | null;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits between attempts (docs/channels.md). The last one repeats until `RETRY_FOR_MS` after the first attempt. */
export const BACKOFF_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR] as const;
/** The step for failures that a person must fix: ten minutes, as they are not fixed sooner. */
const PERSON_STEP = 3;
/** The failure of an attempt whose process ended. The message may be what ended it, so the attempt counts as failed. */
export const UNANSWERED: Failure = {
  kind: 'passing',
  reason: 'timeout',
  text: 'the process that sent it ended before an answer came',
  retryAfterMs: null,
};

/** How long a delivery is tried, from the first attempt on. */
export const RETRY_FOR_MS = 24 * HOUR;
/** A delivery that has waited this long is reported to the other channels. */
export const OVERDUE_MS = 15 * MINUTE;
/** Each wait varies by a tenth to either side, so that deliveries which failed together are not tried together again. */
const JITTER = 0.1;

/** A delivery at the beginning of an attempt; instants in ms of the worker's clock. */
export interface AttemptStart {
  /** The number of waits so far: the index of the next one in BACKOFF_MS. */
  readonly backoffStep: number;
  readonly createdAt: number;
  readonly firstTriedAt: number;
  readonly reportedAt: number | null;
  readonly isReport: boolean;
}

/** What becomes of a delivery after a failed attempt. `report` says whether the other channels get a report now. */
export interface AfterFailure {
  readonly state: 'queued' | 'reported' | 'given_up';
  readonly backoffStep: number;
  readonly nextAt: number;
  readonly report: boolean;
}

/**
 * The retry policy of docs/channels.md. Retry-After can only lengthen a wait. The last attempt falls at the end of the 24
 * h that began with the first one. `random` is in [0, 1).
 */
export function afterFailure(
  start: AttemptStart,
  failure: Pick<Failure, 'kind' | 'retryAfterMs'>,
  now: number,
  random: number,
): AfterFailure {
  const reportable = start.reportedAt === null && !start.isReport;
  const deadline = start.firstTriedAt + RETRY_FOR_MS;
  if (failure.kind === 'final' || now >= deadline) {
    return { state: 'given_up', backoffStep: start.backoffStep, nextAt: now, report: reportable };
  }
  const backoffStep =
    failure.kind === 'person' ? Math.max(start.backoffStep, PERSON_STEP) : start.backoffStep;
  const step = BACKOFF_MS[Math.min(backoffStep, BACKOFF_MS.length - 1)] as number;
  const jittered = Math.round(step * (1 + JITTER * (2 * random - 1)));
  const wait = Math.max(jittered, failure.retryAfterMs ?? 0);
  const report = reportable && (failure.kind === 'person' || now - start.createdAt >= OVERDUE_MS);
  return {
    state: report || start.reportedAt !== null ? 'reported' : 'queued',
    backoffStep: backoffStep + 1,
    nextAt: Math.min(now + wait, deadline),
    report,
  };
}

/** Whether a delivery has used up its waits and its 24 h. If it keeps ending processes, it is then not sent again. */
export function isSpent({ backoffStep, firstTriedAt }: AttemptStart, now: number): boolean {
  return backoffStep >= BACKOFF_MS.length && now >= firstTriedAt + RETRY_FOR_MS;
}

/**
 * A delivery's id, made from its content. A replica, or a worker that did not learn that its commit succeeded, makes the
 * same id again, and the outbox stores it once.
 */
export function deliveryId(channel: string, content: readonly (string | number)[]): string {
  const hash = createHash('sha256').update(JSON.stringify([channel, ...content]));
  return `msg_${hash.digest('hex').slice(0, 32)}`;
}

/**
 * Where the report about a delivery goes: the other channels of its rule, else those of `health`, else every other channel
 * of the file. Names that `existing` lacks are skipped.
 */
export function reportTargets(
  delivery: Pick<NewDelivery, 'channel' | 'others'>,
  health: readonly string[],
  existing: readonly string[],
): string[] {
  for (const names of [delivery.others, health, existing]) {
    const usable = [...new Set(names)].filter((name) => name !== delivery.channel && existing.includes(name));
    if (usable.length > 0) return usable;
  }
  return [];
}
