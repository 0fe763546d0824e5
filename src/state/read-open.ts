// Reads which alerts and incidents are open.

import type { GroupKey } from '../model/series.ts';
import type { Sql, SqlSession } from '../sql/port.ts';
import { listSilences, type StoredSilence } from './silences.ts';

/** A group of a rule that fires, or did less than `resolve_after` ago. Instants in ms. */
export interface FiringGroup {
  readonly fingerprint: string;
  readonly groupId: string;
  /** `stepOf` the highest severity that holds. */
  readonly step: number;
  readonly since: number;
  /** Since when it does not hold any more, though it is not resolved yet; null while it holds. */
  readonly quietSince: number | null;
  /** The group's values; null where it was never notified, since only its hash is kept then. */
  readonly key: GroupKey | null;
  /** When it was notified last, and its value then as an exact decimal; null where it never was. */
  readonly notified: { readonly at: number; readonly value: string } | null;
  /** Its open incident; null without one. */
  readonly incident: string | null;
  /** JSON text that was kept at its last notification, while it holds; null where there is none. */
  readonly told: string | null;
}

/** An incident that is open. */
export interface OpenIncidentRow {
  readonly id: string;
  /** As `subjectKey` makes it. */
  readonly subject: string;
  readonly step: number;
  readonly openedAt: number;
  /** Its alerts that are not over. */
  readonly alerts: number;
  /** The names of their rules. */
  readonly rules: readonly string[];
}

export interface Firing {
  /** The most severe first. */
  readonly firing: readonly FiringGroup[];
  /** All groups that fire; `firing` has the first of them. */
  readonly firingTotal: number;
}

/** What fires, for rules by their fingerprints, and what silences it. Instants in ms. */
export interface FiringNow extends Firing {
  readonly silences: readonly StoredSilence[];
}

/** Reads at most `most` groups that fire, the most severe first, within `limitMs`. */
export function readFiring(
  sql: Sql,
  fingerprints: readonly string[],
  { now, most, limitMs }: { readonly now: number; readonly most: number; readonly limitMs: number },
): Promise<FiringNow> {
  return sql.transaction({ readOnly: true, statementTimeoutMs: limitMs }, async (session) => ({
    ...(await firingOf(session, fingerprints, most)),
    silences: await listSilences(session, now),
  }));
}

/** Reads the open incidents, the most severe first, within `limitMs`. */
export function readOpenIncidents(sql: Sql, limitMs: number): Promise<OpenIncidentRow[]> {
  return sql.transaction({ readOnly: true, statementTimeoutMs: limitMs }, incidentsOf);
}

export async function firingOf(
  session: SqlSession,
  fingerprints: readonly string[],
  most: number,
): Promise<Firing> {
  const rows = await session.query<{
    fingerprint: string;
    group_id: string;
    step: number;
    since: Date;
    quiet_since: Date | null;
    group_json: string | null;
    value: string | null;
    notified_at: Date | null;
    incident: string | null;
    told: string | null;
    total: string;
  }>(
    `WITH firing AS MATERIALIZED (
       SELECT DISTINCT ON (fingerprint, group_id) fingerprint, group_id, step, since,
         CASE WHEN held_to IS NOT NULL THEN COALESCE(quiet_since, held_to) END AS quiet_since
       FROM spendwatch.episode WHERE fingerprint = ANY ($1::text[])
       ORDER BY fingerprint, group_id, held_to IS NOT NULL, step DESC),
     worst AS (SELECT *, count(*) OVER () AS total FROM firing ORDER BY step DESC, since, fingerprint, group_id LIMIT $2::int)
     SELECT worst.*, notified.*, alert.incident, alert.told
     FROM worst
     LEFT JOIN LATERAL (
       SELECT group_json, value, notified_at FROM spendwatch.notification AS known
       WHERE known.fingerprint = worst.fingerprint AND known.group_id = worst.group_id
       ORDER BY notified_at DESC LIMIT 1) AS notified ON true
     LEFT JOIN spendwatch.alert AS alert
       ON alert.fingerprint = worst.fingerprint AND alert.group_id = worst.group_id AND alert.closed_at IS NULL
     ORDER BY worst.step DESC, worst.since, worst.fingerprint, worst.group_id`,
    [fingerprints, most],
  );
  const firing = rows.map((row) => ({
    fingerprint: row.fingerprint,
    groupId: row.group_id,
    step: row.step,
    since: row.since.getTime(),
    quietSince: row.quiet_since?.getTime() ?? null,
    key: row.group_json === null ? null : (JSON.parse(row.group_json) as GroupKey),
    notified:
      row.notified_at === null || row.value === null
        ? null
        : { at: row.notified_at.getTime(), value: row.value },
    incident: row.incident,
    told: row.told,
  }));
  return { firing, firingTotal: Number(rows[0]?.total ?? 0) };
}

export async function incidentsOf(session: SqlSession): Promise<OpenIncidentRow[]> {
  const rows = await session.query<{
    id: string;
    subject: string;
    step: number;
    opened_at: Date;
    alerts: string;
    rules: string[];
  }>(
    `SELECT incident.id, subject, step, opened_at, count(alert.fingerprint) AS alerts,
       COALESCE(array_agg(DISTINCT rule_name) FILTER (WHERE rule_name IS NOT NULL), '{}') AS rules
     FROM spendwatch.incident AS incident
     LEFT JOIN spendwatch.alert AS alert ON alert.incident = incident.id AND alert.closed_at IS NULL
     LEFT JOIN spendwatch.rule_watermark AS rule ON rule.fingerprint = alert.fingerprint
     WHERE incident.closed_at IS NULL
     GROUP BY incident.id ORDER BY step DESC, opened_at, incident.id`,
  );
  return rows.map(({ opened_at, alerts, ...row }) => ({
    ...row,
    openedAt: opened_at.getTime(),
    alerts: Number(alerts),
  }));
}
