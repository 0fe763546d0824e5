// Up to which evaluation time each rule's findings were recorded.

import type { SqlSession } from '../sql/port.ts';

/** One rule's watermark, to be raised from its value when it was read (null for none) to `at`; ms. */
export interface Raise {
  readonly fingerprint: string;
  readonly rule: string;
  readonly before: number | null;
  readonly at: number;
}

/**
 * How far a watermark may lie ahead of this worker's clock, because the clocks of replicas differ. One that lies further
 * ahead was written by a clock that was set back since. It is lowered: otherwise no missed poll would be caught up on until
 * the clock has passed it.
 */
const SKEW_MS = 60_000;

/** Whether the rule's watermark is `at` after the raise. It is not when an older poll comes late. */
export function isForward({ before, at }: Pick<Raise, 'before' | 'at'>, now: number): boolean {
  return before === null || at >= before || before > now + SKEW_MS;
}

/** The watermarks of some rules; rules without one are absent. */
export async function readWatermarks(
  sql: SqlSession,
  fingerprints: readonly string[],
): Promise<Map<string, number>> {
  const rows = await sql.query<{ fingerprint: string; evaluated_to: Date }>(
    'SELECT fingerprint, evaluated_to FROM spendwatch.rule_watermark WHERE fingerprint = ANY ($1::text[])',
    [fingerprints],
  );
  return new Map(rows.map((row) => [row.fingerprint, row.evaluated_to.getTime()]));
}

/**
 * Raises watermarks and returns the rules whose watermark still had the value that was read. The others were moved by
 * another process and stay as they are. Must run in a transaction: the rows stay locked until its end, so that of two polls
 * of one rule the second sees what the first recorded. `raises` ascend by fingerprint.
 */
export async function raiseWatermarks(
  session: SqlSession,
  raises: readonly Raise[],
  now: number,
): Promise<Set<string>> {
  const created = await createWatermarks(
    session,
    raises.filter(({ before }) => before === null),
  );
  const known = raises.filter(({ before }) => before !== null);
  if (known.length === 0) return new Set(created);
  // All processes lock the rows in the same order, whatever the plan, so that two polls never deadlock.
  const raised = await session.query<{ fingerprint: string }>(
    `WITH held AS MATERIALIZED (
       SELECT rule.fingerprint, given.rule_name, given.at
       FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
         AS given (fingerprint, rule_name, before, at)
       JOIN spendwatch.rule_watermark AS rule ON rule.fingerprint = given.fingerprint AND rule.evaluated_to = given.before
       ORDER BY rule.fingerprint FOR UPDATE OF rule)
     UPDATE spendwatch.rule_watermark AS rule
     SET evaluated_to = CASE WHEN evaluated_to > $5 THEN held.at ELSE GREATEST(evaluated_to, held.at) END,
         rule_name = held.rule_name
     FROM held WHERE rule.fingerprint = held.fingerprint
     RETURNING rule.fingerprint`,
    [
      known.map(({ fingerprint }) => fingerprint),
      known.map(({ rule }) => rule),
      known.map(({ before }) => new Date(before as number).toISOString()),
      known.map(({ at }) => new Date(at).toISOString()),
      new Date(now + SKEW_MS),
    ],
  );
  return new Set([...created, ...raised.map(({ fingerprint }) => fingerprint)]);
}

/** Creates the watermarks of rules that have none, and returns the rules for which no other process did so first. */
async function createWatermarks(session: SqlSession, raises: readonly Raise[]): Promise<string[]> {
  if (raises.length === 0) return [];
  const rows = await session.query<{ fingerprint: string }>(
    `INSERT INTO spendwatch.rule_watermark (fingerprint, rule_name, evaluated_to)
     SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
     ON CONFLICT (fingerprint) DO NOTHING RETURNING fingerprint`,
    [
      raises.map(({ fingerprint }) => fingerprint),
      raises.map(({ rule }) => rule),
      raises.map(({ at }) => new Date(at).toISOString()),
    ],
  );
  return rows.map(({ fingerprint }) => fingerprint);
}
