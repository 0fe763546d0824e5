// Removes what is older than 90 days.

import type { Sql } from '../sql/port.ts';

const DAY = 86_400_000;
const KEEP_MS = 90 * DAY;
/** A budget of a year is notified once in it. */
const KEEP_LONGEST_PERIOD_MS = 370 * DAY;

/**
 * Removes what is older than 90 days and no rule needs: settled deliveries, closed incidents, silences that are over, counts of evaluations, rules that have not been
 * evaluated since, and notifications of groups that no longer hold; those of a window's period a year later. Deliveries that are still to be sent are never removed.
 * Leases and rate-limit slots are removed a day after their last use.
 */
export async function prune(sql: Sql, now: number): Promise<void> {
  const oldest = [new Date(now - KEEP_MS)];
  await sql.query('DELETE FROM spendwatch.delivery WHERE settled_at < $1', oldest);
  await sql.query('DELETE FROM spendwatch.incident WHERE closed_at < $1', oldest);
  await sql.query('DELETE FROM spendwatch.silence WHERE LEAST(silent_until, ended_at) < $1', oldest);
  await sql.query(
    `DELETE FROM spendwatch.episode AS episode USING spendwatch.rule_watermark AS rule
     WHERE rule.fingerprint = episode.fingerprint AND rule.evaluated_to < $1`,
    oldest,
  );
  await sql.query('DELETE FROM spendwatch.rule_watermark WHERE evaluated_to < $1', oldest);
  await sql.query('DELETE FROM spendwatch.evaluation_count WHERE day < $1', oldest);
  // Without its notification, an episode that has been open for longer than 90 days would be notified again.
  await sql.query(
    `DELETE FROM spendwatch.notification AS old
     WHERE notified_at < CASE WHEN period LIKE 'window/%' THEN $2::timestamptz ELSE $1::timestamptz END AND NOT EXISTS (
       SELECT FROM spendwatch.episode AS episode
       WHERE episode.fingerprint = old.fingerprint AND episode.group_id = old.group_id)`,
    [...oldest, new Date(now - KEEP_LONGEST_PERIOD_MS)],
  );
  // By the database's clock. Each edit of the rules leaves a lease behind, and each removed channel a slot.
  await sql.query(`DELETE FROM spendwatch.leader WHERE held_until < clock_timestamp() - interval '1 day'`);
  await sql.query(
    `DELETE FROM spendwatch.rate_limit_slot WHERE free_at < clock_timestamp() - interval '1 day'`,
  );
}
