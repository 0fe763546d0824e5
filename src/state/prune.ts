// Removes what is older than 90 days.

import type { Sql } from '../sql/port.ts';
import { forgetRules } from './progress.ts';

const KEEP_MS = 90 * 86_400_000;

/**
 * Removes what is older than 90 days and no rule needs: deliveries that were settled, rules that have not been judged
 * since, and what was said of groups that no longer hold. What is still to be sent is never removed. Leases and turns
 * go when nobody has used them for a day.
 */
export async function prune(sql: Sql, now: number): Promise<void> {
  const before = new Date(now - KEEP_MS);
  const oldest = [before];
  await sql.query('DELETE FROM spendwatch.delivery WHERE settled_at < $1', oldest);
  await sql.query(
    `DELETE FROM spendwatch.episode AS episode USING spendwatch.progress
     WHERE progress.fingerprint = episode.fingerprint AND progress.last_good < $1`,
    oldest,
  );
  await sql.transaction({}, (session) => forgetRules(session, before));
  // An episode that is open for longer than this would otherwise be said again.
  await sql.query(
    `DELETE FROM spendwatch.said AS said
     WHERE said_at < $1 AND NOT EXISTS (
       SELECT FROM spendwatch.episode AS episode
       WHERE episode.fingerprint = said.fingerprint AND episode.group_id = said.group_id)`,
    oldest,
  );
  // By the database's clock. Each edit of the rules leaves a lease behind, and each removed channel a turn.
  await sql.query(`DELETE FROM spendwatch.leader WHERE held_until < clock_timestamp() - interval '1 day'`);
  await sql.query(`DELETE FROM spendwatch.channel_turn WHERE free_at < clock_timestamp() - interval '1 day'`);
}
