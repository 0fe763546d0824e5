// Claims deliveries with a lease, and settles them.

import { randomUUID } from 'node:crypto';
import {
  BACKOFF_MS,
  type DeliveryState,
  type Failure,
  type NewDelivery,
  OPEN_STATES,
  statesBefore,
  UNANSWERED,
} from '../model/delivery.ts';
import type { Sql, SqlSession } from '../sql/port.ts';
import {
  DELIVERY_COLUMNS,
  type DeliveryRow,
  DUE,
  insertDeliveries,
  OPEN,
  type StoredDelivery,
  storable,
  storedDelivery,
  UNLEASED,
} from './delivery-rows.ts';
import { type ThreadSoFar, threadSoFar } from './threads.ts';

/** A delivery that only this process may send, until another process finds that the lease has ended. */
export interface Claimed extends StoredDelivery {
  readonly token: string;
  readonly firstTriedAt: number;
  /** Whether the previous attempt was never settled: its process ended, maybe because of the message. */
  readonly isTakenOver: boolean;
  /** What is known of the thread that it belongs to; null where it belongs to none. */
  readonly answers: ThreadSoFar | null;
}

/** What became of an attempt. `accepted` are all recipients that have taken the message so far. */
export interface Settlement {
  readonly state: DeliveryState;
  readonly backoffStep: number;
  readonly nextAt: number;
  readonly accepted: readonly string[];
  /** Null when it was delivered. */
  readonly failure: Failure | null;
  /** The receiver's own name of a message that was delivered; null or absent where there is none. */
  readonly ref?: string | null;
  /**
   * The reports to other channels, where one is due (empty where there is no such channel). They are queued in the same
   * transaction, unless a report was made before. Null where none is due.
   */
  readonly reports: readonly NewDelivery[] | null;
}

/**
 * A reply waits for the first message of its thread; where that was given up, the next one takes its place. It does not wait
 * until the last recipient has it.
 */
const HAS_ITS_TURN = `(thread IS NULL OR thread = id OR NOT EXISTS (
  SELECT FROM spendwatch.delivery AS other
  WHERE other.thread = delivery.thread AND other.state IN ${OPEN}
    AND (other.thread = other.id OR (other.created_at, other.id) < (delivery.created_at, delivery.id)))
  OR EXISTS (SELECT FROM spendwatch.delivery AS other 
    WHERE other.thread = delivery.thread AND (other.state = 'delivered' OR other.accepted <> '[]')))`;
const CLAIMABLE = `state IN ${OPEN} AND ${UNLEASED} AND ${HAS_ITS_TURN}`;

/**
 * Takes the oldest due delivery of a channel, or null. One statement counts the attempt, leases the delivery for `leaseMs`
 * of the database's clock, and skips what other processes hold or `except` names.
 *
 * When a process dies while it sends, the next claim after the lease repeats the same id and body. That claim counts the
 * lost attempt in the backoff, and sets the next wait at once, in case this attempt is lost as well. So a message that
 * crashes every process is tried as seldom as one that fails, and others go first.
 */
export async function claim(
  sql: SqlSession,
  channel: string,
  now: number,
  leaseMs: number,
  except: readonly string[] = [],
): Promise<Claimed | null> {
  const token = randomUUID();
  const [row] = await sql.query<DeliveryRow & { is_taken_over: boolean }>(
    `WITH due AS MATERIALIZED (
       SELECT id AS due_id, lease_until IS NOT NULL AS is_taken_over FROM spendwatch.delivery
       WHERE channel = $1 AND ${DUE} AND id NOT IN (SELECT jsonb_array_elements_text($3::text::jsonb))
         AND ${CLAIMABLE}
       ORDER BY next_at, created_at, id LIMIT 1
       FOR UPDATE SKIP LOCKED)
     UPDATE spendwatch.delivery
     SET attempts = attempts + 1, first_tried_at = LEAST(first_tried_at, $2),
         lease_token = $4, lease_until = clock_timestamp() + $5::text::interval,
         backoff_step = backoff_step + is_taken_over::int,
         next_at = CASE WHEN is_taken_over
                    THEN $2::timestamptz + ($6::text::jsonb ->> LEAST(backoff_step + 1, $7::int))::interval
                    ELSE next_at END,
         failure_kind = CASE WHEN is_taken_over THEN $8 ELSE failure_kind END,
         failure_reason = CASE WHEN is_taken_over THEN $9 ELSE failure_reason END,
         failure_text = CASE WHEN is_taken_over THEN $10 ELSE failure_text END
     FROM due WHERE id = due_id
     RETURNING ${DELIVERY_COLUMNS}, is_taken_over`,
    [
      channel,
      new Date(now),
      JSON.stringify(except),
      token,
      `${leaseMs} milliseconds`,
      JSON.stringify(BACKOFF_MS.map((ms) => `${ms} milliseconds`)),
      BACKOFF_MS.length - 1,
      UNANSWERED.kind,
      UNANSWERED.reason,
      UNANSWERED.text,
    ],
  );
  if (row === undefined) return null;
  const stored = storedDelivery(row);
  return {
    ...stored,
    token,
    firstTriedAt: stored.firstTriedAt ?? now,
    isTakenOver: row.is_taken_over,
    answers: row.thread === null ? null : await threadSoFar(sql, row),
  };
}

/** Whether there is something that `claim` could take. */
export async function isAnyDue(
  sql: SqlSession,
  channel: string,
  now: number,
  except: readonly string[],
): Promise<boolean> {
  const due = await sql.query(
    `SELECT FROM spendwatch.delivery
     WHERE channel = $1 AND ${DUE} AND id NOT IN (SELECT jsonb_array_elements_text($3::text::jsonb))
       AND ${CLAIMABLE} LIMIT 1`,
    [channel, new Date(now), JSON.stringify(except)],
  );
  return due.length > 0;
}

/**
 * Records what became of an attempt. Returns false when the token is no longer the delivery's: the lease ended and another
 * process has taken it over, whose settlement counts. May be repeated when the result is unknown: the token stays with the
 * delivery until the next claim.
 */
export async function settle(
  sql: Sql,
  { id, token }: Pick<Claimed, 'id' | 'token'>,
  settlement: Settlement,
  now: number,
): Promise<boolean> {
  const { state, backoffStep, nextAt, accepted, failure, ref = null, reports } = settlement;
  return sql.transaction({}, async (session) => {
    const [held] = await session.query<{ state: DeliveryState; reported_at: Date | null }>(
      'SELECT state, reported_at FROM spendwatch.delivery WHERE id = $1 AND lease_token = $2 FOR UPDATE',
      [id, token],
    );
    if (held === undefined) return false;
    if (!statesBefore(state).includes(held.state)) return held.state === state;
    const newReports = held.reported_at === null ? reports : null;
    // The channel's next send waits from here on, where the rate is limited.
    await session.query(
      `WITH slot AS (
         UPDATE spendwatch.rate_limit_slot SET token = NULL, free_at = clock_timestamp() + spacing WHERE token = $11)
       UPDATE spendwatch.delivery
       SET state = $2, backoff_step = $3, next_at = $4, accepted = $5, failure_kind = COALESCE($6, failure_kind),
           failure_reason = COALESCE($7, failure_reason), failure_text = COALESCE($8, failure_text),
           lease_until = NULL, reported_at = COALESCE(reported_at, $9), settled_at = $10,
           ref = $12
       WHERE id = $1`,
      [
        id,
        state,
        backoffStep,
        new Date(nextAt),
        JSON.stringify(accepted),
        failure?.kind ?? null,
        failure?.reason ?? null,
        failure === null ? null : storable(failure.text),
        newReports === null ? null : new Date(now),
        OPEN_STATES.includes(state) ? null : new Date(now),
        token,
        ref === null ? null : storable(ref),
      ],
    );
    await insertDeliveries(session, newReports ?? [], now);
    return true;
  });
}

/** How many deliveries wait, by channel; channels without any are absent. */
export async function queueLengths(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql.query<{ channel: string; waiting: string }>(
    `SELECT channel, count(*) AS waiting FROM spendwatch.delivery WHERE state IN ${OPEN} GROUP BY channel`,
  );
  return new Map(rows.map(({ channel, waiting }) => [channel, Number(waiting)]));
}
