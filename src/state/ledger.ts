import type { PeriodKey } from '../model/finding.ts';
import { parseFixed } from '../model/money.ts';
import type { Episode, Said } from '../model/said.ts';
import type { SqlSession } from '../sql/port.ts';

/** What is asked of the ledger about one rule: what was said of these groups, as of the first instant to decide about. */
export interface LedgerQuestion {
  readonly fingerprint: string;
  readonly groupIds: readonly string[];
  readonly firstAt: number;
}

/** Up to which scheduled instant each rule's findings were recorded; rules without any are absent. */
export async function readProgress(
  sql: SqlSession,
  fingerprints: readonly string[],
): Promise<Map<string, number>> {
  const rows = await sql.query<{ fingerprint: string; last_good: Date }>(
    `SELECT fingerprint, last_good FROM spendwatch.rule_progress
     WHERE fingerprint IN (SELECT jsonb_array_elements_text($1::text::jsonb)) AND last_good IS NOT NULL`,
    [JSON.stringify(fingerprints)],
  );
  return new Map(rows.map((row) => [row.fingerprint, row.last_good.getTime()]));
}

/** Where a rule stands: the instant up to which its findings were recorded, and its open episodes as of then. */
export interface Standing {
  readonly progress: number | null;
  readonly episodes: readonly Episode[];
}

/** Where some rules stand, of one state of the ledger; rules that nothing is known of are absent. */
export async function readStanding(
  sql: SqlSession,
  fingerprints: readonly string[],
): Promise<Map<string, Standing>> {
  const rows = await sql.query<ProgressRow & { [Key in keyof EpisodeRow]: EpisodeRow[Key] | null }>(
    `SELECT fingerprint, last_good, group_id, step, since
     FROM jsonb_array_elements_text($1::text::jsonb) AS asked (fingerprint)
     LEFT JOIN spendwatch.rule_progress USING (fingerprint) LEFT JOIN spendwatch.episode USING (fingerprint)
     WHERE last_good IS NOT NULL OR group_id IS NOT NULL`,
    [JSON.stringify(fingerprints)],
  );
  const standing = new Map<string, { progress: number | null; episodes: Episode[] }>();
  for (const { fingerprint, last_good, group_id, step, since } of rows) {
    const known = standing.get(fingerprint) ?? { progress: last_good?.getTime() ?? null, episodes: [] };
    standing.set(fingerprint, known);
    if (group_id === null || step === null || since === null) continue;
    known.episodes.push({ groupId: group_id, step, since: since.getTime() });
  }
  return standing;
}

/**
 * What was said, for many rules and groups in one statement. The row of the current period and the one that tells
 * whether an alert is ongoing are the last before `firstAt`, or come after it.
 */
export async function readSaid(
  sql: SqlSession,
  questions: readonly LedgerQuestion[],
): Promise<Map<string, Said[]>> {
  const asked = questions.flatMap(({ fingerprint, groupIds, firstAt }) =>
    groupIds.map((group_id) => ({ fingerprint, group_id, first_at: new Date(firstAt).toISOString() })),
  );
  if (asked.length === 0) return new Map();
  const rows = await sql.query<SaidRow>(
    `SELECT said.* FROM jsonb_to_recordset($1::text::jsonb)
       AS asked (fingerprint text, group_id text, first_at timestamptz)
     CROSS JOIN LATERAL (
       (SELECT ${SAID_COLUMNS} FROM spendwatch.said
        WHERE fingerprint = asked.fingerprint AND group_id = asked.group_id AND said_at >= asked.first_at)
       UNION ALL
       (SELECT ${SAID_COLUMNS} FROM spendwatch.said
        WHERE fingerprint = asked.fingerprint AND group_id = asked.group_id AND said_at < asked.first_at
        ORDER BY said_at DESC LIMIT 1)
     ) AS said`,
    [JSON.stringify(asked)],
  );
  return byFingerprint(rows, ({ group_id, period, step, value, said_at }) => ({
    groupId: group_id,
    period,
    step,
    value: parseFixed(value) ?? 0n,
    at: said_at.getTime(),
  }));
}

const SAID_COLUMNS = 'fingerprint, group_id, period, step, value, said_at';

interface ProgressRow {
  readonly fingerprint: string;
  readonly last_good: Date | null;
}

interface EpisodeRow {
  readonly fingerprint: string;
  readonly group_id: string;
  readonly step: number;
  readonly since: Date;
}

interface SaidRow {
  readonly fingerprint: string;
  readonly group_id: string;
  readonly period: PeriodKey;
  readonly step: number;
  readonly value: string;
  readonly said_at: Date;
}

function byFingerprint<Row extends { readonly fingerprint: string }, T>(
  rows: readonly Row[],
  read: (row: Row) => T,
): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const known = found.get(row.fingerprint);
    if (known === undefined) found.set(row.fingerprint, [read(row)]);
    else known.push(read(row));
  }
  return found;
}
