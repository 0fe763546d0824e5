// Maps deliveries to rows of the outbox and back.

import { type Failure, type NewDelivery, OPEN_STATES } from '../model/delivery.ts';
import type { FailureKind, FailureReason } from '../model/errors.ts';
import { type Message, NO_ALERTS } from '../model/message.ts';
import type { Severity } from '../model/rule.ts';
import type { SqlSession } from '../sql/port.ts';

/** A delivery as stored in the outbox; instants in ms of the worker's clock. */
export interface StoredDelivery extends NewDelivery {
  readonly attempts: number;
  readonly backoffStep: number;
  readonly accepted: readonly string[];
  readonly nextAt: number;
  readonly createdAt: number;
  readonly firstTriedAt: number | null;
  readonly reportedAt: number | null;
  /** The failure of the last failed attempt; null before the first. */
  readonly failure: Failure | null;
}

/** Queues deliveries, due at once. An id that is there already is the same delivery and is not queued again. */
export async function insertDeliveries(
  session: SqlSession,
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<void> {
  if (deliveries.length === 0) return;
  const rows = deliveries.map((delivery) => ({
    id: delivery.id,
    channel: delivery.channel,
    channel_type: delivery.channelType,
    rule_name: delivery.rule,
    fingerprint: delivery.fingerprint,
    severity: delivery.severity,
    message: JSON.stringify(delivery.message),
    body: JSON.stringify(delivery.body),
    others: JSON.stringify(delivery.others),
    is_report: delivery.isReport,
    incidents: delivery.incidents ?? null,
    thread: delivery.thread ?? null,
    notices: delivery.news?.notices ?? null,
    next_at: new Date(Math.max(now, delivery.news?.notBefore ?? now)),
  }));
  await session.query(
    `INSERT INTO spendwatch.delivery (id, channel, channel_type, rule_name, fingerprint, severity, message, body,
       others, is_report, incidents, thread, notices, next_at, created_at)
     SELECT id, channel, channel_type, rule_name, fingerprint, severity, message, body, others, is_report, incidents,
       thread, notices, next_at, $2
     FROM jsonb_to_recordset($1::text::jsonb) AS r (id text, channel text, channel_type text, rule_name text,
       fingerprint text, severity text, message text, body text, others text, is_report boolean, incidents text[],
       thread text, notices text, next_at timestamptz)
     ON CONFLICT (id) DO NOTHING`,
    [JSON.stringify(rows), new Date(now)],
  );
}

/** Text as a text column takes it: PostgreSQL has no NUL. */
export function storable(text: string): string {
  return text.replaceAll('\0', '');
}

/**
 * SQL conditions: still to be sent; and not leased, by the database's clock, which all replicas share. No lease is longer
 * than a minute: one that seems to be was given before that clock was set back.
 */
export const OPEN = `('${OPEN_STATES.join("', '")}')`;
export const UNLEASED = `(lease_until IS NULL OR lease_until < clock_timestamp()
  OR lease_until > clock_timestamp() + interval '1 minute')`;

/**
 * SQL condition with the worker's clock as `$2`: the delivery is due, or it was queued or tried by a clock that was set back
 * since (replicas' clocks differ by less than a minute). A claim then sets `first_tried_at` by the present clock, so that
 * the backoff holds from there on.
 */
export const DUE = `(next_at <= $2 OR COALESCE(first_tried_at, created_at) > $2::timestamptz + interval '1 minute')`;

export const DELIVERY_COLUMNS = `id, channel, channel_type, rule_name, fingerprint, severity, message, body, others,
  is_report, attempts, backoff_step, accepted, next_at, created_at, first_tried_at, reported_at, failure_kind,
  failure_reason, failure_text, thread`;

export interface DeliveryRow {
  readonly id: string;
  readonly channel: string;
  readonly channel_type: string;
  readonly rule_name: string | null;
  readonly fingerprint: string | null;
  readonly severity: Severity;
  readonly message: string;
  readonly body: string;
  readonly others: string;
  readonly is_report: boolean;
  readonly attempts: number;
  readonly backoff_step: number;
  readonly accepted: string;
  readonly next_at: Date;
  readonly created_at: Date;
  readonly first_tried_at: Date | null;
  readonly reported_at: Date | null;
  readonly failure_kind: FailureKind | null;
  readonly failure_reason: FailureReason | null;
  readonly failure_text: string | null;
  readonly thread: string | null;
}

/**
 * `message`, `body`, `others` and `accepted` are stored as JSON text, because unlike SQL text it can hold every JavaScript
 * string.
 */
export function storedDelivery(row: DeliveryRow): StoredDelivery {
  return {
    id: row.id,
    channel: row.channel,
    channelType: row.channel_type,
    rule: row.rule_name,
    fingerprint: row.fingerprint,
    severity: row.severity,
    // A message of an older version has no incident and no alerts.
    message: { ...NO_ALERTS, ...(JSON.parse(row.message) as Message) },
    body: JSON.parse(row.body) as string,
    others: JSON.parse(row.others) as string[],
    isReport: row.is_report,
    ...(row.thread !== null && { thread: row.thread }),
    attempts: row.attempts,
    backoffStep: row.backoff_step,
    accepted: JSON.parse(row.accepted) as string[],
    nextAt: row.next_at.getTime(),
    createdAt: row.created_at.getTime(),
    firstTriedAt: row.first_tried_at?.getTime() ?? null,
    reportedAt: row.reported_at?.getTime() ?? null,
    failure: failureOf(row),
  };
}

function failureOf({ failure_kind, failure_reason, failure_text }: DeliveryRow): Failure | null {
  if (failure_kind === null || failure_reason === null) return null;
  return { kind: failure_kind, reason: failure_reason, text: failure_text ?? '', retryAfterMs: null };
}
