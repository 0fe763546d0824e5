// Writes which alerts have been notified and are not over.

import type { SqlSession } from '../sql/port.ts';
import { batchesOf } from './batches.ts';
import type { AlertClosing, ClosedAlert, JoiningAlert, ToldAlert } from './recorded-incidents.ts';

export async function writeAlerts(
  session: SqlSession,
  file: string,
  told: readonly (ToldAlert & { readonly incident: string })[],
): Promise<void> {
  if (told.length === 0) return;
  // A group can be notified in two periods at once, after an outage. The later one counts.
  const latest = [
    ...new Map(told.map((one) => [`${one.fingerprint} ${one.notification.groupId}`, one])).values(),
  ];
  for (const batch of batchesOf(latest)) {
    await session.query(
      `INSERT INTO spendwatch.alert (fingerprint, group_id, incident, period, told, file)
       SELECT *, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
       ON CONFLICT (fingerprint, group_id) DO UPDATE
         SET period = EXCLUDED.period, told = EXCLUDED.told, file = EXCLUDED.file, closed_at = NULL, ended = NULL`,
      [
        batch.map(({ fingerprint }) => fingerprint),
        batch.map(({ notification }) => notification.groupId),
        batch.map(({ incident }) => incident),
        batch.map(({ notification }) => notification.period),
        batch.map((one) => one.told),
        file,
      ],
    );
  }
  for (const batch of batchesOf(told)) {
    await session.query(
      `UPDATE spendwatch.notification AS notified SET incident = told.incident, file = $5
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS told (fingerprint, group_id, period, incident)
       WHERE (notified.fingerprint, notified.group_id, notified.period)
         = (told.fingerprint, told.group_id, told.period)`,
      [
        batch.map(({ fingerprint }) => fingerprint),
        batch.map(({ notification }) => notification.groupId),
        batch.map(({ notification }) => notification.period),
        batch.map(({ incident }) => incident),
        file,
      ],
    );
  }
}

/** Writes alerts that join an incident without being told, where it is still open. */
export async function writeJoining(
  session: SqlSession,
  file: string,
  joining: readonly JoiningAlert[],
): Promise<void> {
  for (const batch of batchesOf(joining)) {
    await session.query(
      `WITH open AS MATERIALIZED (
         SELECT id FROM spendwatch.incident WHERE id = ANY ($3::text[]) AND closed_at IS NULL ORDER BY id FOR UPDATE)
       INSERT INTO spendwatch.alert (fingerprint, group_id, incident, period, told, file)
       SELECT fingerprint, group_id, incident, period, NULL, $5
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS asked (fingerprint, group_id, incident, period)
       JOIN open ON open.id = asked.incident
       ON CONFLICT (fingerprint, group_id) DO NOTHING`,
      [
        batch.map(({ fingerprint }) => fingerprint),
        batch.map(({ groupId }) => groupId),
        batch.map(({ incident }) => incident),
        batch.map(({ period }) => period),
        file,
      ],
    );
  }
}

/** Alerts that were over hold again, in an incident that is open: these groups have begun to fire. */
export async function reopenAlerts(
  session: SqlSession,
  begun: readonly { readonly fingerprint: string; readonly groupId: string }[],
): Promise<void> {
  for (const batch of batchesOf(begun)) {
    await session.query(
      `UPDATE spendwatch.alert AS alert SET closed_at = NULL, ended = NULL
       FROM unnest($1::text[], $2::text[]) AS begun (fingerprint, group_id)
       WHERE (alert.fingerprint, alert.group_id) = (begun.fingerprint, begun.group_id) AND alert.closed_at IS NOT NULL`,
      [batch.map(({ fingerprint }) => fingerprint), batch.map(({ groupId }) => groupId)],
    );
  }
}

interface AlertRow {
  readonly fingerprint: string;
  readonly group_id: string;
  readonly incident: string;
  readonly period: string;
  readonly told: string | null;
  readonly ended: string;
  readonly closed_at: Date;
}

const ALERT =
  'alert.fingerprint, alert.group_id, alert.incident, alert.period, alert.told, alert.ended, alert.closed_at';

/** An alert that is over; nobody was told of it where `told` is null. */
type Closed = Omit<ClosedAlert, 'told'> & { readonly told: string | null };

export function isTold<T extends Closed>(alert: T): alert is T & ClosedAlert {
  return alert.told !== null;
}

/** Marks alerts that are over. Those that another process has marked, or that no incident has, are not returned. */
export async function closeAlerts(session: SqlSession, closings: readonly AlertClosing[]): Promise<Closed[]> {
  const closed: Closed[] = [];
  for (const batch of batchesOf(closings)) {
    for (const alert of await closeSome(session, batch)) closed.push(alert);
  }
  return closed;
}

async function closeSome(session: SqlSession, closings: readonly AlertClosing[]): Promise<Closed[]> {
  const rows = await session.query<AlertRow>(
    `UPDATE spendwatch.alert AS alert SET closed_at = over.at, ended = over.ended
     FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) AS over (fingerprint, group_id, at, ended)
     WHERE (alert.fingerprint, alert.group_id) = (over.fingerprint, over.group_id) AND alert.closed_at IS NULL
     RETURNING ${ALERT}`,
    [
      closings.map(({ fingerprint }) => fingerprint),
      closings.map(({ groupId }) => groupId),
      closings.map(({ at }) => new Date(at).toISOString()),
      closings.map(({ ended }) => ended),
    ],
  );
  return rows.map(closedAlert);
}

/** Removes the alerts of incidents that are closed, and returns those that were told, in the order in which they ended. */
export async function takeAlertsOf(
  session: SqlSession,
  incidents: readonly string[],
): Promise<ClosedAlert[]> {
  if (incidents.length === 0) return [];
  const rows = await session.query<AlertRow>(
    `WITH gone AS (DELETE FROM spendwatch.alert WHERE incident = ANY ($1::text[]) RETURNING *)
     SELECT ${ALERT} FROM gone AS alert ORDER BY closed_at, fingerprint, group_id`,
    [incidents],
  );
  return rows.map(closedAlert).filter(isTold);
}

function closedAlert({ group_id, closed_at, ...row }: AlertRow): Closed {
  return { ...row, groupId: group_id, closedAt: closed_at.getTime() };
}

/** What is kept of notified alerts that hold, by fingerprint and group: `told` of their last notification. */
export async function readAlerts(
  session: SqlSession,
  asked: readonly { readonly fingerprint: string; readonly groupId: string }[],
): Promise<Map<string, string>> {
  if (asked.length === 0) return new Map();
  const rows = await session.query<{ fingerprint: string; group_id: string; told: string }>(
    `SELECT fingerprint, group_id, told FROM spendwatch.alert AS alert
     JOIN unnest($1::text[], $2::text[]) AS asked (fingerprint, group_id) USING (fingerprint, group_id)
     WHERE closed_at IS NULL AND told IS NOT NULL`,
    [asked.map(({ fingerprint }) => fingerprint), asked.map(({ groupId }) => groupId)],
  );
  return new Map(rows.map(({ fingerprint, group_id, told }) => [`${fingerprint}/${group_id}`, told]));
}

/** People are told that these alerts are over, so the next time that they fire is news. */
export async function markResolved(session: SqlSession, resolved: readonly ClosedAlert[]): Promise<void> {
  if (resolved.length === 0) return;
  await session.query(
    `UPDATE spendwatch.notification AS notified SET resolved_at = over.at
     FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS over (fingerprint, group_id, period, at)
     WHERE (notified.fingerprint, notified.group_id, notified.period) = (over.fingerprint, over.group_id, over.period)`,
    [
      resolved.map(({ fingerprint }) => fingerprint),
      resolved.map(({ groupId }) => groupId),
      resolved.map(({ period }) => period),
      resolved.map(({ closedAt }) => new Date(closedAt).toISOString()),
    ],
  );
}
