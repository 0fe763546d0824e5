// Finds open alerts of rules that nobody evaluates any more.

import type { SqlSession } from '../sql/port.ts';

/** A file of rules, as the state store knows it. */
export interface RuleFile {
  /** The same over edits of the file, and for all its replicas. */
  readonly id: string;
  /** Of its enabled rules. */
  readonly fingerprints: readonly string[];
}

interface OpenAlert {
  readonly fingerprint: string;
  readonly groupId: string;
  /** Where its rule was edited, and the edited one has an open alert for the same group: the step of that; else null. */
  readonly editedStep: number | null;
}

/** After this long without an evaluation it does not matter whose rule it was: `no_data` ends an alert as soon. */
const UNWATCHED_MS = 24 * 3_600_000;

/**
 * The open alerts of rules that `file` had and has no more, and of rules that no file has evaluated for a day. None of the
 * former while another process polls by another version of the file: the new version counts when the old one is gone.
 * `token` is that of the lease of this process, or null.
 */
export async function alertsOfRemovedRules(
  session: SqlSession,
  { id, fingerprints }: RuleFile,
  token: string | null,
  now: number,
): Promise<OpenAlert[]> {
  const rows = await session.query<{ fingerprint: string; group_id: string; edited_step: number | null }>(
    `SELECT alert.fingerprint, alert.group_id, (
       SELECT max(notified.step)::int FROM spendwatch.alert AS other
       JOIN spendwatch.rule_watermark AS edited USING (fingerprint)
       JOIN spendwatch.notification AS notified USING (fingerprint, group_id, period)
       WHERE other.group_id = alert.group_id AND other.closed_at IS NULL AND other.told IS NOT NULL
         AND edited.rule_name = rule.rule_name AND other.fingerprint = ANY ($1::text[])) AS edited_step
     FROM spendwatch.alert AS alert LEFT JOIN spendwatch.rule_watermark AS rule USING (fingerprint)
     WHERE alert.closed_at IS NULL AND alert.fingerprint <> ALL ($1::text[])
       AND (rule.evaluated_to < $2 OR (alert.file = $3 AND NOT EXISTS (
         SELECT FROM spendwatch.leader AS other
         WHERE other.file = $3 AND other.token IS DISTINCT FROM $4 AND other.held_until > clock_timestamp())))
     ORDER BY alert.fingerprint, alert.group_id`,
    [fingerprints, new Date(now - UNWATCHED_MS), id, token],
  );
  return rows.map(({ fingerprint, group_id, edited_step }) => ({
    fingerprint,
    groupId: group_id,
    editedStep: edited_step,
  }));
}

/** Forgets since when these alerts hold: a rule that comes back begins anew. */
export async function forgetEpisodes(session: SqlSession, alerts: readonly OpenAlert[]): Promise<void> {
  if (alerts.length === 0) return;
  await session.query('DELETE FROM spendwatch.episode WHERE fingerprint = ANY ($1::text[])', [
    [...new Set(alerts.map(({ fingerprint }) => fingerprint))],
  ]);
}
