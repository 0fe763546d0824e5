// Reads what was told of a rule's alerts lately, for people who ask why.

import type { Fixed } from '../model/money.ts';
import { type Severity, severityOf } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import type { SqlSession } from '../sql/port.ts';
import { parsedValue } from './ledger.ts';

/** A notification, and the messages that its incident was told in. Instants in ms. */
export interface Told {
  readonly groupId: string;
  readonly group: GroupKey;
  readonly period: string;
  /** The highest that was notified. */
  readonly severity: Severity;
  /** That of the latest notification, exact. */
  readonly value: Fixed;
  /** The evaluation time of the latest notification. */
  readonly at: number;
  readonly since: number;
  /** When people were told that it is over; null where they were not. */
  readonly resolvedAt: number | null;
  /** When it did not hold any more, or its incident was over, which may be later; null while neither is so. */
  readonly closedAt: number | null;
  readonly incident: string | null;
  readonly messages: readonly ToldMessage[];
}

export interface ToldMessage {
  readonly channel: string;
  readonly state: 'queued' | 'reported' | 'delivered' | 'given_up';
  readonly queuedAt: number;
}

/** More groups than anybody reads. */
const MOST = 1_000;

/** The notifications of a rule from `from` to `to` (ms, evaluation times), the latest first. */
export async function readTold(
  sql: SqlSession,
  fingerprint: string,
  from: number,
  to: number,
): Promise<Told[]> {
  const rows = await sql.query<ToldRow>(
    `SELECT told.group_id, group_json, told.period, told.step, value, notified_at, since, resolved_at, told.incident,
       COALESCE(alert.closed_at, incident.closed_at) AS closed_at
     FROM spendwatch.notification AS told
     LEFT JOIN spendwatch.alert AS alert
       ON (alert.fingerprint, alert.group_id, alert.period) = (told.fingerprint, told.group_id, told.period)
     LEFT JOIN spendwatch.incident AS incident ON incident.id = told.incident
     WHERE told.fingerprint = $1 AND notified_at BETWEEN $2 AND $3
     ORDER BY notified_at DESC, group_id LIMIT ${MOST}`,
    [fingerprint, new Date(from), new Date(to)],
  );
  const incidents = [...new Set(rows.flatMap(({ incident }) => incident ?? []))];
  const messages = incidents.length === 0 ? [] : await messagesOf(sql, incidents);
  return rows.map((row) => ({
    groupId: row.group_id,
    group: JSON.parse(row.group_json) as GroupKey,
    period: row.period,
    severity: severityOf(row.step),
    value: parsedValue(row.value),
    at: row.notified_at.getTime(),
    since: row.since.getTime(),
    resolvedAt: row.resolved_at?.getTime() ?? null,
    closedAt: row.closed_at?.getTime() ?? null,
    incident: row.incident,
    messages: messages
      .filter(({ incidents: about }) => row.incident !== null && about.includes(row.incident))
      .map(({ channel, state, created_at }) => ({ channel, state, queuedAt: created_at.getTime() })),
  }));
}

function messagesOf(sql: SqlSession, incidents: readonly string[]) {
  return sql.query<MessageRow>(
    `SELECT channel, state, created_at, incidents FROM spendwatch.delivery
     WHERE incidents && $1::text[] AND NOT is_report ORDER BY created_at, channel LIMIT ${MOST}`,
    [incidents],
  );
}

interface ToldRow {
  readonly group_id: string;
  readonly group_json: string;
  readonly period: string;
  readonly step: number;
  readonly value: string;
  readonly notified_at: Date;
  readonly since: Date;
  readonly resolved_at: Date | null;
  readonly closed_at: Date | null;
  readonly incident: string | null;
}

interface MessageRow {
  readonly channel: string;
  readonly state: ToldMessage['state'];
  readonly created_at: Date;
  readonly incidents: readonly string[];
}
