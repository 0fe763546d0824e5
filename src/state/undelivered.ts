// Reports to other channels deliveries that are overdue or whose channel is gone.

import { type Failure, type NewDelivery, OVERDUE_MS, RETRY_FOR_MS } from '../model/delivery.ts';
import type { Sql } from '../sql/port.ts';
import {
  DELIVERY_COLUMNS,
  type DeliveryRow,
  insertDeliveries,
  OPEN,
  type StoredDelivery,
  storable,
  storedDelivery,
  UNLEASED,
} from './delivery-rows.ts';
import { NOBODY_ELSE_POLLS } from './leader.ts';

/** Makes the reports to other channels about a delivery. Must be fast and have no side effects. */
export type ComposeReports = (delivery: StoredDelivery) => readonly NewDelivery[];

/** Deliveries in one transaction, so that a long outage does not make one long transaction. */
const BATCH = 100;
const ORPHAN_AFTER_MS = 60_000;

/**
 * Queues reports, once each, about deliveries to `channels` that have waited for `OVERDUE_MS` since they were due. A delivery that is due now is
 * tried first, unless this worker has been checking for `OVERDUE_MS` already (`checkingSince`) and its channel has not got
 * to it. Returns the deliveries that were reported.
 */
export async function reportOverdue(
  sql: Sql,
  channels: readonly string[],
  now: number,
  checkingSince: number,
  compose: ComposeReports,
): Promise<StoredDelivery[]> {
  const longAgo = now - OVERDUE_MS;
  return sql.transaction({}, async (session) => {
    const rows = await session.query<DeliveryRow>(
      `WITH overdue AS MATERIALIZED (
         SELECT id FROM spendwatch.delivery
         WHERE state = 'queued' AND reported_at IS NULL AND NOT is_report AND created_at <= $2 AND ${UNLEASED}
           AND channel IN (SELECT jsonb_array_elements_text($4::text::jsonb))
           AND CASE WHEN failure_reason IS NULL THEN $3::boolean AND next_at <= $2 ELSE $3::boolean OR next_at > $1 END
         ORDER BY created_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
       UPDATE spendwatch.delivery SET state = 'reported', reported_at = $1
       WHERE id IN (SELECT id FROM overdue) RETURNING ${DELIVERY_COLUMNS}`,
      [new Date(now), new Date(longAgo), checkingSince <= longAgo, JSON.stringify(channels)],
    );
    const overdue = rows.map(storedDelivery);
    await insertDeliveries(session, overdue.flatMap(compose), now);
    return overdue;
  });
}

/** Deliveries to channels that the file no longer has. */
export interface Orphans {
  readonly reported: readonly StoredDelivery[];
  readonly givenUp: readonly StoredDelivery[];
}

/** What `reportOrphans` needs. */
export interface OrphanTerms {
  /** All channels of the file. */
  readonly channels: readonly string[];
  /** The token under which this process asks for the lease to poll. */
  readonly leaseToken: string;
  readonly failure: Failure;
  readonly now: number;
}

/**
 * Reports deliveries to removed channels on the channels that are left, and gives them up after `RETRY_FOR_MS`: until then
 * the channel may come back. They are left alone for `ORPHAN_AFTER_MS`, in which a replica that still has the old file may
 * deliver them, and while another process polls, whose file may have the channel.
 */
export async function reportOrphans(
  sql: Sql,
  { channels, leaseToken, failure, now }: OrphanTerms,
  compose: ComposeReports,
): Promise<Orphans> {
  const orphaned = `state IN ${OPEN} AND ${UNLEASED} AND ${NOBODY_ELSE_POLLS}
    AND channel NOT IN (SELECT jsonb_array_elements_text($2::text::jsonb)) AND created_at <= $6`;
  const values = [
    new Date(now),
    JSON.stringify(channels),
    failure.kind,
    failure.reason,
    storable(failure.text),
  ];
  return sql.transaction({}, async (session) => {
    const reported = await session.query<DeliveryRow>(
      `WITH orphan AS MATERIALIZED (
         SELECT id FROM spendwatch.delivery WHERE ${orphaned} AND reported_at IS NULL AND NOT is_report
         ORDER BY created_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
       UPDATE spendwatch.delivery
       SET state = 'reported', reported_at = $1, failure_kind = $3, failure_reason = $4, failure_text = $5
       WHERE id IN (SELECT id FROM orphan) RETURNING ${DELIVERY_COLUMNS}`,
      [...values, new Date(now - ORPHAN_AFTER_MS), leaseToken],
    );
    const givenUp = await session.query<DeliveryRow>(
      `WITH orphan AS MATERIALIZED (
         SELECT id FROM spendwatch.delivery WHERE ${orphaned} AND (reported_at IS NOT NULL OR is_report)
         ORDER BY created_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
       UPDATE spendwatch.delivery
       SET state = 'given_up', settled_at = $1, failure_kind = $3, failure_reason = $4, failure_text = $5
       WHERE id IN (SELECT id FROM orphan) RETURNING ${DELIVERY_COLUMNS}`,
      [...values, new Date(now - RETRY_FOR_MS), leaseToken],
    );
    const newlyReported = reported.map(storedDelivery);
    await insertDeliveries(session, newlyReported.flatMap(compose), now);
    return { reported: newlyReported, givenUp: givenUp.map(storedDelivery) };
  });
}
