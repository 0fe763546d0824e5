// Removes what is older than 90 days.

import type { Sql } from '../sql/port.ts';

const KEEP_MS = 90 * 86_400_000;

/**
 * Removes what is older than 90 days and no rule needs: deliveries that were settled, rules that have not been evaluated
 * since, and notifications of groups that no longer hold. What is still to be sent is never removed. Leases and turns
 * go when nobody has used them for a day.
 */
export async function prune(sql: Sql, now: number): Promise<void> {
  const oldest = [new Date(now - KEEP_MS)];
  await sql.query('DELETE FROM spendwatch.delivery WHERE settled_at < $1', oldest);
  await sql.query(
    `DELETE FROM spendwatch.episode AS episode USING spendwatch.rule_watermark AS rule
     WHERE rule.fingerprint = episode.fingerprint AND rule.evaluated_to < $1`,
    oldest,
  );
  await sql.query('DELETE FROM spendwatch.rule_watermark WHERE evaluated_to < $1', oldest);
  // An episode that has been open for longer than 90 days would be notified again if its notification went.
  await sql.query(
    `DELETE FROM spendwatch.notification AS old
     WHERE notified_at < $1 AND NOT EXISTS (
       SELECT FROM spendwatch.episode AS episode
       WHERE episode.fingerprint = old.fingerprint AND episode.group_id = old.group_id)`,
    oldest,
  );
  // By the database's clock. Each edit of the rules leaves a lease behind, and each removed channel a turn.
  await sql.query(`DELETE FROM spendwatch.leader WHERE held_until < clock_timestamp() - interval '1 day'`);
  await sql.query(`DELETE FROM spendwatch.channel_turn WHERE free_at < clock_timestamp() - interval '1 day'`);
}
