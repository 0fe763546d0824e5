// Reads which incidents alerts belong to.

import type { SqlSession } from '../sql/port.ts';
import { batchesOf } from './batches.ts';

/** The incidents of alerts: by a rule's fingerprint, then by group id. */
export type IncidentsOfAlerts = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The alerts of some incidents. */
export async function readAlertsOf(
  sql: SqlSession,
  incidents: readonly string[],
): Promise<IncidentsOfAlerts> {
  const found = new Map<string, Map<string, string>>();
  if (incidents.length === 0) return found;
  const rows = await sql.query<{ fingerprint: string; group_id: string; incident: string }>(
    'SELECT fingerprint, group_id, incident FROM spendwatch.alert WHERE incident = ANY ($1::text[])',
    [incidents],
  );
  for (const { fingerprint, group_id, incident } of rows) {
    const groups = found.get(fingerprint) ?? new Map<string, string>();
    found.set(fingerprint, groups.set(group_id, incident));
  }
  return found;
}

/** Whether there is such an incident, open or over. */
export async function isIncident(sql: SqlSession, id: string): Promise<boolean> {
  const rows = await sql.query('SELECT FROM spendwatch.incident WHERE id = $1', [id]);
  return rows.length > 0;
}

/** An alert that is to be notified. */
export interface IncidentQuestion {
  readonly fingerprint: string;
  readonly groupId: string;
  readonly period: string;
  /** `subjectKey` of its subject; null where that is not known yet. */
  readonly subject: string | null;
}

/**
 * The incident to which each alert would belong, in their order: its own, the open one of its subject, or the one of its
 * period, which it would reopen. Null where it would open one.
 */
export async function readIncidentsToJoin(
  sql: SqlSession,
  asked: readonly IncidentQuestion[],
): Promise<(string | null)[]> {
  const incidents: (string | null)[] = [];
  for (const batch of batchesOf(asked)) {
    for (const incident of await readSome(sql, batch)) incidents.push(incident);
  }
  return incidents;
}

async function readSome(sql: SqlSession, asked: readonly IncidentQuestion[]): Promise<(string | null)[]> {
  const rows = await sql.query<{ incident: string | null }>(
    `SELECT COALESCE(alert.incident, open.id, earlier.id) AS incident
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
       AS asked (fingerprint, group_id, period, subject, place)
     LEFT JOIN spendwatch.alert AS alert USING (fingerprint, group_id)
     LEFT JOIN spendwatch.notification AS notified
       ON (notified.fingerprint, notified.group_id, notified.period) = (asked.fingerprint, asked.group_id, asked.period)
     LEFT JOIN spendwatch.incident AS earlier ON earlier.id = notified.incident
     LEFT JOIN spendwatch.incident AS open
       ON open.subject = COALESCE(earlier.subject, asked.subject) AND open.closed_at IS NULL
     ORDER BY asked.place`,
    [
      asked.map(({ fingerprint }) => fingerprint),
      asked.map(({ groupId }) => groupId),
      asked.map(({ period }) => period),
      asked.map(({ subject }) => subject),
    ],
  );
  return rows.map(({ incident }) => incident);
}
