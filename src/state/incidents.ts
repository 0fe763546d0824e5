// Records to which incidents notifications belong, and which alerts and incidents are over.

import type { Notification } from '../model/notification.ts';
import type { SqlSession } from '../sql/port.ts';
import { closeAlerts, isTold, takeAlertsOf, writeAlerts } from './alert-rows.ts';
import { OPEN } from './delivery-rows.ts';
import { closeIncidents, openIncidents, readIncidents } from './incident-rows.ts';
import type {
  AlertClosing,
  IncidentDelivery,
  RecordedIncidents,
  SilencedGroup,
  ToldAlert,
} from './recorded-incidents.ts';
import { noteSilences } from './silence-notes.ts';

/** An arbitrary constant that no other program is likely to use. */
const INCIDENT_LOCK = 7_330_178_215;

/**
 * Lets one process at a time record incidents, until the end of its transaction. Their rules may be of different files, so that
 * they would lock alerts, incidents and notifications of each other in no common order. Call it before any of these is locked.
 */
export async function lockIncidents(session: SqlSession): Promise<void> {
  await session.query(`SELECT pg_advisory_xact_lock(${INCIDENT_LOCK})`);
}

/**
 * In the transaction that records notifications of a file's rules: opens, joins, reopens and closes incidents. Two processes that tell the same
 * subject at the same time join one incident, because only one of a subject can be open.
 */
export async function recordIncidents<S extends Notification>(
  session: SqlSession,
  file: string,
  told: readonly ToldAlert<S>[],
  closings: readonly AlertClosing[],
  silenced: readonly SilencedGroup[],
): Promise<RecordedIncidents<S>> {
  await lockIncidents(session);
  const opened = await openIncidents(session, told);
  const joined = told.map((one, i) => ({ ...one, incident: opened.of[i] as string }));
  await writeAlerts(session, file, joined);
  const closingOf = new Map(closings.map((one) => [`${one.fingerprint} ${one.groupId}`, one]));
  const closed = (await closeAlerts(session, closings)).flatMap((alert) => {
    const closing = closingOf.get(`${alert.fingerprint} ${alert.groupId}`);
    return closing === undefined ? [] : [{ ...alert, at: closing.at, how: closing.how }];
  });
  const incidents = new Map(opened.incidents.map((incident) => [incident.id, incident]));
  const touched = await closeIncidents(session, closed);
  for (const incident of touched) {
    const { stepBefore } = incidents.get(incident.id) ?? incident;
    incidents.set(incident.id, { ...incident, stepBefore });
  }
  const noted = await noteSilences(session, silenced);
  for (const incident of noted.incidents) incidents.set(incident.id, incidents.get(incident.id) ?? incident);
  const over = touched.filter(({ isClosed }) => isClosed).map(({ id }) => id);
  const deliveries = await deliveriesOf(session, [...incidents.keys()]);
  const others = new Set(deliveries.flatMap((one) => one.incidents).filter((id) => !incidents.has(id)));
  for (const incident of await readIncidents(session, [...others])) incidents.set(incident.id, incident);
  return {
    told: joined,
    closed: closed.filter(isTold),
    ofClosedIncidents: await takeAlertsOf(session, over),
    silenced: noted.alerts,
    incidents,
    deliveries,
  };
}

interface Row {
  readonly id: string;
  readonly channel: string;
  readonly incidents: readonly string[] | null;
  readonly thread: string | null;
  readonly is_untried: boolean;
  readonly notices: string | null;
  readonly created_at: Date;
  readonly next_at: Date;
}

async function deliveriesOf(session: SqlSession, incidents: readonly string[]): Promise<IncidentDelivery[]> {
  if (incidents.length === 0) return [];
  const rows = await session.query<Row>(
    `WITH about AS MATERIALIZED (
       SELECT id, channel, incidents, thread, created_at, next_at FROM spendwatch.delivery WHERE incidents && $1::text[]
       UNION
       SELECT id, channel, incidents, thread, created_at, next_at FROM spendwatch.delivery
       WHERE thread IN (SELECT thread FROM spendwatch.delivery WHERE incidents && $1::text[])),
     untried AS MATERIALIZED (
       SELECT id FROM spendwatch.delivery
       WHERE id IN (SELECT id FROM about) AND state IN ${OPEN} AND attempts = 0 AND lease_until IS NULL
         AND notices IS NOT NULL
       ORDER BY id FOR UPDATE SKIP LOCKED),
     latest AS (
       SELECT DISTINCT ON (thread) id FROM about WHERE thread IS NOT NULL AND id NOT IN (SELECT id FROM untried)
       ORDER BY thread, thread = id, created_at DESC, id DESC)
     SELECT about.*, id IN (SELECT id FROM untried) AS is_untried,
       CASE WHEN id IN (SELECT id FROM untried UNION ALL SELECT id FROM latest)
         THEN (SELECT notices FROM spendwatch.delivery WHERE id = about.id) END AS notices
     FROM about ORDER BY created_at, id`,
    [incidents],
  );
  return rows.map(({ incidents, is_untried, created_at, next_at, ...row }) => ({
    ...row,
    incidents: incidents ?? [],
    isUntried: is_untried,
    createdAt: created_at.getTime(),
    nextAt: next_at.getTime(),
  }));
}

/** Removes deliveries whose news is told by others that were queued in the same transaction. */
export async function removeReplaced(session: SqlSession, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await session.query('DELETE FROM spendwatch.delivery WHERE id = ANY ($1::text[])', [ids]);
}
