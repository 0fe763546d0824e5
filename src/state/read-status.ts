// Reads how things stand, for `status`.

import type { Message } from '../model/message.ts';
import type { Sql, SqlSession } from '../sql/port.ts';
import { OPEN } from './delivery-rows.ts';
import { type Firing, firingOf, incidentsOf, type OpenIncidentRow } from './read-open.ts';
import { listSilences, type StoredSilence } from './silences.ts';
import { readWatermarks } from './watermarks.ts';

/** What is to be sent to a channel, and what was given up. */
export interface Queue {
  readonly channel: string;
  readonly channelType: string;
  readonly pending: number;
  /** When the oldest pending delivery was queued; null where none is pending. */
  readonly oldestAt: number | null;
  /** When the next attempt is due. */
  readonly nextAt: number | null;
  /** Why the oldest of those that were tried has not arrived. */
  readonly failure: string | null;
  /** Since the instant that was asked for. */
  readonly givenUp: number;
}

export interface StateNow extends Firing {
  readonly incidents: readonly OpenIncidentRow[];
  readonly silences: readonly StoredSilence[];
  readonly queues: readonly Queue[];
  /** The latest message of each kind about spendwatch itself, since the instant that was asked for. */
  readonly health: readonly { readonly at: number; readonly message: Message }[];
  /** When each report was queued last, by its fingerprint; reports that never were are absent. */
  readonly reports: ReadonlyMap<string, number>;
  /** Up to which evaluation time each rule was evaluated; rules that never were are absent. */
  readonly evaluatedTo: ReadonlyMap<string, number>;
  /** The files of the workers that hold a lease to poll; null for a worker whose file is not known. */
  readonly leaders: readonly (string | null)[];
  /** The sums that a worker keeps of the audit table; null for none. */
  readonly sums: { readonly from: number; readonly to: number; readonly reconciledAt: number | null } | null;
}

/** What to read. Instants in ms. */
export interface StatusQuestion {
  /** Of the rules of the file. */
  readonly fingerprints: readonly string[];
  /** Those of the reports of the file. */
  readonly reports: readonly string[];
  /** What kept sums depend on, as in State.aggregateBuckets. */
  readonly basis: string;
  readonly now: number;
  readonly givenUpSince: number;
  readonly healthSince: number;
  /** How many groups that fire are returned at most. */
  readonly mostFiring: number;
}

/** Reads all in one snapshot. The schema must be current. */
export async function readStatus(sql: Sql, question: StatusQuestion): Promise<StateNow> {
  const { fingerprints, reports, basis, now, givenUpSince, healthSince, mostFiring } = question;
  const { isThroughWorker = false, engine } = sql;
  return sql.transaction({ readOnly: true }, async (session) => ({
    ...(await firingOf(session, fingerprints, mostFiring)),
    incidents: await incidentsOf(session),
    silences: await listSilences(session, now),
    queues: await queuesOf(session, givenUpSince),
    health: await healthOf(session, healthSince),
    reports: await reportsOf(session, reports),
    evaluatedTo: await readWatermarks(session, fingerprints),
    // An embedded database has one process, and needs no lease.
    leaders: engine === 'pglite' ? (isThroughWorker ? [null] : []) : await leadersOf(session),
    sums: await sumsOf(session, basis),
  }));
}

async function queuesOf(session: SqlSession, givenUpSince: number): Promise<Queue[]> {
  const rows = await session.query<{
    channel: string;
    channel_type: string;
    pending: string;
    oldest_at: Date | null;
    next_at: Date | null;
    failure: string | null;
    given_up: string;
  }>(
    `SELECT channel, (array_agg(channel_type ORDER BY created_at DESC))[1] AS channel_type,
       count(*) FILTER (WHERE is_open) AS pending,
       min(created_at) FILTER (WHERE is_open) AS oldest_at,
       min(next_at) FILTER (WHERE is_open) AS next_at,
       (array_agg(failure_text ORDER BY created_at) FILTER (WHERE is_open AND failure_text IS NOT NULL))[1] AS failure,
       count(*) FILTER (WHERE NOT is_open AND settled_at >= $1) AS given_up
     FROM (SELECT *, state IN ${OPEN} AS is_open FROM spendwatch.delivery WHERE state <> 'delivered') AS delivery
     GROUP BY channel ORDER BY channel`,
    [new Date(givenUpSince)],
  );
  return rows.map((row) => ({
    channel: row.channel,
    channelType: row.channel_type,
    pending: Number(row.pending),
    oldestAt: row.oldest_at?.getTime() ?? null,
    nextAt: row.next_at?.getTime() ?? null,
    failure: row.failure,
    givenUp: Number(row.given_up),
  }));
}

/** They are queued with their type in place of a rule's fingerprint. */
async function healthOf(session: SqlSession, since: number): Promise<StateNow['health']> {
  const rows = await session.query<{ created_at: Date; message: string }>(
    `SELECT created_at, message FROM (
       SELECT DISTINCT ON (fingerprint) fingerprint, created_at, message FROM spendwatch.delivery
       WHERE fingerprint LIKE 'health.%' AND rule_name IS NULL AND NOT is_report AND created_at >= $1
       ORDER BY fingerprint, created_at DESC) AS latest
     ORDER BY created_at DESC, fingerprint`,
    [new Date(since)],
  );
  return rows.map(({ created_at, message }) => ({
    at: created_at.getTime(),
    message: JSON.parse(message) as Message,
  }));
}

async function reportsOf(session: SqlSession, fingerprints: readonly string[]): Promise<StateNow['reports']> {
  if (fingerprints.length === 0) return new Map();
  const rows = await session.query<{ fingerprint: string; queued_at: Date }>(
    `SELECT fingerprint, max(created_at) AS queued_at FROM spendwatch.delivery
     WHERE fingerprint = ANY ($1::text[]) AND NOT is_report GROUP BY fingerprint`,
    [fingerprints],
  );
  return new Map(rows.map((row) => [row.fingerprint, row.queued_at.getTime()]));
}

/** A lease that would end in more than a minute was given before the database's clock was set back. */
async function leadersOf(session: SqlSession): Promise<(string | null)[]> {
  const rows = await session.query<{ file: string | null }>(
    `SELECT file FROM spendwatch.leader
     WHERE held_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute' ORDER BY scope`,
  );
  return rows.map(({ file }) => file);
}

async function sumsOf(session: SqlSession, basis: string): Promise<StateNow['sums']> {
  const [row] = await session.query<{ oldest: Date | null; closed_to: Date; reconciled_at: Date | null }>(
    `SELECT closed_to, reconciled_at,
       (SELECT min(begins) FROM spendwatch.aggregate_bucket AS bucket WHERE bucket.basis = kept.basis) AS oldest
     FROM spendwatch.aggregate_watermark AS kept WHERE basis = $1`,
    [basis],
  );
  if (row === undefined || row.oldest === null) return null;
  return {
    from: row.oldest.getTime(),
    to: row.closed_to.getTime(),
    reconciledAt: row.reconciled_at?.getTime() ?? null,
  };
}
