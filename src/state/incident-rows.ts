// Opens, joins, reopens and closes incidents.

import { randomBytes } from 'node:crypto';
import { subjectKey, subjectOfKey } from '../model/incident.ts';
import type { SqlSession } from '../sql/port.ts';
import { batchesOf } from './batches.ts';
import type { ClosedAlert, OpenIncident, ToldAlert } from './recorded-incidents.ts';

interface Known {
  readonly place: number;
  readonly open: string | null;
  readonly earlier: string | null;
  readonly earlier_subject: string | null;
}

/** The incident of each alert, in their order, and what was known of these incidents before. */
export async function openIncidents(
  session: SqlSession,
  told: readonly ToldAlert[],
): Promise<{ readonly of: readonly string[]; readonly incidents: readonly OpenIncident[] }> {
  if (told.length === 0) return { of: [], incidents: [] };
  const known: Known[] = [];
  for (const batch of batchesOf(told)) {
    for (const one of await knownOf(session, batch)) known.push(one);
  }
  const subjects = told.map(({ subject }, i) => known[i]?.earlier_subject ?? subjectKey(subject));
  await reopen(
    session,
    known.flatMap(({ open, earlier }) => (open === null && earlier !== null ? [earlier] : [])),
  );
  const rows = await joinOrOpen(session, told, subjects, known);
  // By the key as it is kept: a long value is cut in it, and would be cut again.
  const bySubject = new Map(rows.map(({ id, subject }) => [subject, id]));
  const of = told.map((_, i) => known[i]?.open ?? (bySubject.get(subjects[i] as string) as string));
  await session.query(
    `UPDATE spendwatch.incident AS incident SET step = GREATEST(incident.step, told.step)
     FROM (SELECT id, max(step) AS step FROM unnest($1::text[], $2::smallint[]) AS t (id, step) GROUP BY id) AS told
     WHERE incident.id = told.id AND incident.step < told.step`,
    [of, told.map(({ notification }) => notification.step)],
  );
  return { of, incidents: rows.map((row) => openIncident(row, false)) };
}

async function knownOf(session: SqlSession, told: readonly ToldAlert[]): Promise<Known[]> {
  return session.query<Known>(
    `SELECT asked.place, alert.incident AS open, earlier.id AS earlier, earlier.subject AS earlier_subject
     FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (fingerprint, group_id, period, place)
     LEFT JOIN spendwatch.alert AS alert
       ON (alert.fingerprint, alert.group_id) = (asked.fingerprint, asked.group_id)
     LEFT JOIN spendwatch.notification AS notified
       ON (notified.fingerprint, notified.group_id, notified.period) = (asked.fingerprint, asked.group_id, asked.period)
     LEFT JOIN spendwatch.incident AS earlier ON earlier.id = notified.incident
     ORDER BY asked.place`,
    [
      told.map(({ fingerprint }) => fingerprint),
      told.map(({ notification }) => notification.groupId),
      told.map(({ notification }) => notification.period),
    ],
  );
}

/** An alert that fires again after its end was told belongs to the incident that it had, unless a newer one is open. */
async function reopen(session: SqlSession, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await session.query(
    `UPDATE spendwatch.incident AS closed SET closed_at = NULL
     WHERE id IN (SELECT DISTINCT ON (subject) id FROM spendwatch.incident
                  WHERE id = ANY ($1::text[]) AND closed_at IS NOT NULL ORDER BY subject, closed_at DESC, id)
       AND NOT EXISTS (SELECT FROM spendwatch.incident AS other
                       WHERE other.subject = closed.subject AND other.closed_at IS NULL)`,
    [ids],
  );
}

export interface IncidentRow {
  readonly id: string;
  readonly subject: string;
  readonly step: number;
}

/** The open incidents of all alerts, locked in one order; those that are missing are opened. */
async function joinOrOpen(
  session: SqlSession,
  told: readonly ToldAlert[],
  subjects: readonly string[],
  known: readonly Known[],
): Promise<IncidentRow[]> {
  const ids = known.flatMap(({ open }) => open ?? []);
  const lock = (): Promise<IncidentRow[]> =>
    session.query<IncidentRow>(
      `SELECT id, subject, step FROM spendwatch.incident
       WHERE id = ANY ($1::text[]) OR (subject = ANY ($2::text[]) AND closed_at IS NULL) ORDER BY id FOR UPDATE`,
      [ids, subjects],
    );
  const before = await lock();
  const there = new Set(before.map(({ subject }) => subject));
  const missing = new Map<string, number>();
  told.forEach(({ notification: { at } }, i) => {
    const subject = subjects[i] as string;
    if (known[i]?.open !== null || there.has(subject)) return;
    missing.set(subject, Math.min(missing.get(subject) ?? at, at));
  });
  const opened = await insertIncidents(session, missing);
  return [...before, ...opened];
}

export function openIncident({ id, subject, step }: IncidentRow, isClosed: boolean): OpenIncident {
  return { id, subject: subjectOfKey(subject), stepBefore: step, isClosed };
}

/** Incidents as they are. */
export async function readIncidents(session: SqlSession, ids: readonly string[]): Promise<OpenIncident[]> {
  if (ids.length === 0) return [];
  const rows = await session.query<IncidentRow & { readonly is_closed: boolean }>(
    'SELECT id, subject, step, closed_at IS NOT NULL AS is_closed FROM spendwatch.incident WHERE id = ANY ($1::text[])',
    [ids],
  );
  return rows.map((row) => openIncident(row, row.is_closed));
}

/** Short, because people type it, and without a character that some chat takes for markup. */
function newId(): string {
  return `inc-${randomBytes(5).toString('hex')}`;
}

async function insertIncidents(
  session: SqlSession,
  missing: ReadonlyMap<string, number>,
): Promise<IncidentRow[]> {
  if (missing.size === 0) return [];
  const entries = [...missing].sort(([a], [b]) => (a < b ? -1 : 1));
  // Where another process has opened one meanwhile, this waits for it and joins it.
  return session.query<IncidentRow>(
    `INSERT INTO spendwatch.incident AS incident (id, subject, step, opened_at)
     SELECT id, subject, 0, opened_at FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS t (id, subject, opened_at)
     ON CONFLICT (subject) WHERE closed_at IS NULL DO UPDATE SET opened_at = incident.opened_at
     RETURNING id, subject, step`,
    [
      entries.map(newId),
      entries.map(([subject]) => subject),
      entries.map(([, at]) => new Date(at).toISOString()),
    ],
  );
}

/** Closes incidents none of whose alerts holds; returns the incidents of all these alerts. */
export async function closeIncidents(
  session: SqlSession,
  closed: readonly (Pick<ClosedAlert, 'incident'> & { readonly at: number })[],
): Promise<OpenIncident[]> {
  if (closed.length === 0) return [];
  const lastOf = new Map<string, number>();
  for (const { incident, at } of closed) lastOf.set(incident, Math.max(lastOf.get(incident) ?? at, at));
  const ids = [...lastOf.keys()].sort();
  // Locked first: an alert that another process adds meanwhile keeps its incident open, and is seen below.
  const rows = await session.query<IncidentRow>(
    'SELECT id, subject, step FROM spendwatch.incident WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE',
    [ids],
  );
  const over = await session.query<{ id: string }>(
    `UPDATE spendwatch.incident AS incident SET closed_at = last.at
     FROM unnest($1::text[], $2::timestamptz[]) AS last (id, at)
     WHERE incident.id = last.id AND incident.closed_at IS NULL AND NOT EXISTS (
       SELECT FROM spendwatch.alert AS alert WHERE alert.incident = incident.id AND alert.closed_at IS NULL)
     RETURNING incident.id`,
    [ids, ids.map((id) => new Date(lastOf.get(id) as number).toISOString())],
  );
  const isOver = new Set(over.map(({ id }) => id));
  return rows.map((row) => openIncident(row, isOver.has(row.id)));
}
