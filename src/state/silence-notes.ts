// Records of which silences the readers of an incident are told.

import type { SqlSession } from '../sql/port.ts';
import { batchesOf } from './batches.ts';
import { type IncidentRow, openIncident } from './incident-rows.ts';
import type { OpenIncident, SilencedAlert, SilencedGroup } from './recorded-incidents.ts';

/**
 * The told alerts that a silence keeps quiet, where it is the first one of their incident that this occurrence of the silence
 * does so to. Of many processes at the same time, one gets them.
 */
export async function noteSilences(
  session: SqlSession,
  silenced: readonly SilencedGroup[],
): Promise<{ readonly alerts: readonly SilencedAlert[]; readonly incidents: readonly OpenIncident[] }> {
  const alerts: SilencedAlert[] = [];
  const incidents: OpenIncident[] = [];
  for (const batch of batchesOf(silenced)) {
    const asked = [
      batch.map(({ fingerprint }) => fingerprint),
      batch.map(({ groupId }) => groupId),
      batch.map(({ silence }) => silence.key),
    ];
    const rows = await session.query<IncidentRow & { readonly noted: readonly string[] }>(
      `WITH noted AS (
         SELECT incident.id, array_agg(DISTINCT asked.silence) AS silences
         FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (fingerprint, group_id, silence)
         JOIN spendwatch.alert AS alert USING (fingerprint, group_id)
         JOIN spendwatch.incident AS incident ON incident.id = alert.incident
         WHERE alert.closed_at IS NULL AND alert.told IS NOT NULL AND asked.silence <> ALL (incident.silences)
         GROUP BY incident.id)
       UPDATE spendwatch.incident AS incident SET silences = incident.silences || noted.silences
       FROM noted WHERE incident.id = noted.id AND NOT incident.silences && noted.silences
       RETURNING incident.id, subject, step, noted.silences AS noted`,
      asked,
    );
    if (rows.length === 0) continue;
    const keysOf = new Map(rows.map(({ id, noted }) => [id, noted]));
    for (const row of rows) incidents.push(openIncident(row, false));
    const known = await session.query<{ place: number; incident: string; told: string }>(
      `SELECT asked.place::int AS place, incident, told
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (fingerprint, group_id, place)
       JOIN spendwatch.alert AS alert USING (fingerprint, group_id)
       WHERE closed_at IS NULL AND told IS NOT NULL AND incident = ANY ($3::text[]) ORDER BY asked.place`,
      [asked[0], asked[1], [...keysOf.keys()]],
    );
    for (const { place, incident, told } of known) {
      const one = batch[place - 1] as SilencedGroup;
      if (keysOf.get(incident)?.includes(one.silence.key)) alerts.push({ ...one, incident, told });
    }
  }
  return { alerts, incidents };
}
