// How often rules were evaluated, and whether nothing fired in a period.

import type { QuietPeriod } from '../model/report.ts';
import type { Window } from '../model/window.ts';
import type { SqlSession } from '../sql/port.ts';
import type { RuleFile } from './removed-rules.ts';

/** What a worker counted of one local day. */
export interface DayCount {
  /** The first instant of the day, ms. */
  readonly day: number;
  readonly evaluations: number;
  /** Whether a rule fired, told or silenced. */
  readonly hasFired: boolean;
  readonly nearest: QuietPeriod['nearest'];
}

/** Writes what a worker has counted so far, in place of what it wrote before. `counter` is its own. */
export async function writeEvaluationCounts(
  sql: SqlSession,
  file: string,
  counter: string,
  days: readonly DayCount[],
): Promise<void> {
  await sql.query(
    `INSERT INTO spendwatch.evaluation_count
       (file, counter, day, evaluations, has_fired, nearest_rule, nearest_share)
     SELECT $1, $2, * FROM unnest($3::timestamptz[], $4::bigint[], $5::boolean[], $6::text[], $7::double precision[])
     ON CONFLICT (file, day, counter) DO UPDATE
       SET evaluations = EXCLUDED.evaluations, has_fired = EXCLUDED.has_fired, nearest_rule = EXCLUDED.nearest_rule,
           nearest_share = EXCLUDED.nearest_share`,
    [
      file,
      counter,
      days.map(({ day }) => new Date(day).toISOString()),
      days.map(({ evaluations }) => evaluations),
      days.map(({ hasFired }) => hasFired),
      days.map(({ nearest }) => nearest?.rule ?? null),
      days.map(({ nearest }) => nearest?.share ?? null),
    ],
  );
}

/**
 * What the workers of a file counted in a period of whole local days. Null where a rule of the file fired in it, also one that it
 * does not have any more, where an incident of an alert of it was open, and where nothing was counted.
 */
export async function readQuietPeriod(
  sql: SqlSession,
  { id, fingerprints }: RuleFile,
  { from, to }: Window,
): Promise<QuietPeriod | null> {
  const [row] = await sql.query<QuietRow>(
    `SELECT sum(evaluations) AS evaluations, bool_or(has_fired) AS has_fired,
       (array_agg(nearest_rule ORDER BY nearest_share DESC NULLS LAST))[1] AS nearest_rule,
       max(nearest_share) AS nearest_share,
       EXISTS (
         SELECT FROM spendwatch.notification AS told LEFT JOIN spendwatch.incident AS incident ON incident.id = told.incident
         WHERE (told.file = $1 OR told.fingerprint = ANY ($2::text[]))
           AND (told.notified_at > $3 AND told.notified_at <= $4
             OR incident.opened_at < $4 AND COALESCE(incident.closed_at, 'infinity') > $3)) AS was_told
     FROM spendwatch.evaluation_count WHERE file = $1 AND day >= $3 AND day < $4`,
    [id, fingerprints, new Date(from), new Date(to)],
  );
  if (row === undefined || row.evaluations === null || row.has_fired === true || row.was_told) return null;
  const { evaluations, nearest_rule: rule, nearest_share: share } = row;
  return {
    evaluations: Number(evaluations),
    nearest: rule === null || share === null ? null : { rule, share },
  };
}

interface QuietRow {
  /** Null without a row of a worker. */
  readonly evaluations: string | null;
  readonly has_fired: boolean | null;
  readonly nearest_rule: string | null;
  readonly nearest_share: number | null;
  readonly was_told: boolean;
}
