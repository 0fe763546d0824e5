// Records to which incidents notifications belong, and which alerts and incidents are over.

import type { Notification } from '../model/notification.ts';
import type { SqlSession } from '../sql/port.ts';
import { closeAlerts, takeAlertsOf, writeAlerts } from './alert-rows.ts';
import { closeIncidents, openIncidents } from './incident-rows.ts';
import type { AlertClosing, IncidentDelivery, RecordedIncidents, ToldAlert } from './recorded-incidents.ts';

/**
 * In the transaction that records notifications: opens, joins, reopens and closes incidents. Two processes that tell the same
 * subject at the same time join one incident, because only one of a subject can be open.
 */
export async function recordIncidents<S extends Notification>(
  session: SqlSession,
  told: readonly ToldAlert<S>[],
  closings: readonly AlertClosing[],
): Promise<RecordedIncidents<S>> {
  const opened = await openIncidents(session, told);
  const joined = told.map((one, i) => ({ ...one, incident: opened.of[i] as string }));
  await writeAlerts(session, joined);
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
  const over = touched.filter(({ isClosed }) => isClosed).map(({ id }) => id);
  return {
    told: joined,
    closed,
    ofClosedIncidents: await takeAlertsOf(session, over),
    incidents,
    deliveries: await deliveriesOf(session, [...incidents.keys()]),
  };
}

async function deliveriesOf(session: SqlSession, incidents: readonly string[]): Promise<IncidentDelivery[]> {
  if (incidents.length === 0) return [];
  const isUntried = "state = 'queued' AND attempts = 0 AND lease_until IS NULL AND notices IS NOT NULL";
  const rows = await session.query<{
    id: string;
    channel: string;
    incident: string;
    notices: string | null;
    next_at: Date;
  }>(
    `WITH untried AS (
       SELECT id FROM spendwatch.delivery WHERE incident = ANY ($1::text[]) AND ${isUntried}
       ORDER BY id FOR UPDATE SKIP LOCKED)
     SELECT delivery.id, channel, incident, CASE WHEN untried.id IS NULL THEN NULL ELSE notices END AS notices, next_at
     FROM spendwatch.delivery AS delivery LEFT JOIN untried USING (id)
     WHERE incident = ANY ($1::text[]) ORDER BY created_at, delivery.id`,
    [incidents],
  );
  return rows.map(({ id, channel, incident, notices, next_at }) => ({
    id,
    channel,
    incident,
    notices,
    nextAt: next_at.getTime(),
  }));
}

/** Removes deliveries whose news is told by others that were queued in the same transaction. */
export async function removeReplaced(session: SqlSession, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await session.query('DELETE FROM spendwatch.delivery WHERE id = ANY ($1::text[])', [ids]);
}
