// What was said, since when, how far.

import { AppError } from '../model/errors.ts';
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
    `SELECT fingerprint, last_good FROM spendwatch.progress
     WHERE fingerprint IN (SELECT jsonb_array_elements_text($1::text::jsonb)) AND last_good IS NOT NULL`,
    [JSON.stringify(fingerprints)],
  );
  return new Map(rows.map((row) => [row.fingerprint, row.last_good.getTime()]));
}

/** Where a rule stands: the instant up to which its findings were recorded, and its open episodes as of then. */
export interface Standing {
  readonly progress: number | null;
  readonly episodes: readonly Episode[];
  /**
   * All that `readSaid` would tell, of any first instant after the progress, of the groups with an open episode: those are
   * the ones that mostly fire again. Empty without progress.
   */
  readonly said: readonly Said[];
}

/** Where some rules stand, of one state of the ledger; rules that nothing is known of are absent. */
export async function readStanding(
  sql: SqlSession,
  fingerprints: readonly string[],
): Promise<Map<string, Standing>> {
  const rows = await sql.query<StandingRow>(
    `SELECT fingerprint, last_good, held.*
     FROM unnest($1::text[]) AS asked (fingerprint) LEFT JOIN spendwatch.progress USING (fingerprint)
     LEFT JOIN LATERAL (
       SELECT group_id, since_1, since_2, since_3, said.* FROM (
         SELECT fingerprint, group_id, max(since) FILTER (WHERE step = 1) AS since_1,
           max(since) FILTER (WHERE step = 2) AS since_2, max(since) FILTER (WHERE step = 3) AS since_3
         FROM spendwatch.episode WHERE episode.fingerprint = asked.fingerprint GROUP BY fingerprint, group_id
       ) AS episode
       LEFT JOIN LATERAL ${saidSince('episode', 'last_good')} AS said ON true
     ) AS held ON true
     WHERE last_good IS NOT NULL OR group_id IS NOT NULL`,
    [fingerprints],
  );
  const found = new Map<string, FoundStanding>();
  for (const row of rows) {
    const rule = found.get(row.fingerprint) ?? {
      progress: row.last_good?.getTime() ?? null,
      groups: new Set(),
      episodes: [],
      said: [],
    };
    found.set(row.fingerprint, rule);
    if (row.group_id === null) continue;
    const { group_id: groupId } = row;
    if (row.period !== null) rule.said.push(saidOf(groupId, row));
    // A group of which two things were said comes with its episodes twice.
    if (rule.groups.has(groupId)) continue;
    rule.groups.add(groupId);
    for (const [i, since] of [row.since_1, row.since_2, row.since_3].entries()) {
      if (since !== null) rule.episodes.push({ groupId, step: i + 1, since: since.getTime() });
    }
  }
  return new Map(
    [...found].map(([fingerprint, { progress, episodes, said }]) => [
      fingerprint,
      { progress, episodes, said },
    ]),
  );
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
    groupIds.map((groupId) => ({ fingerprint, groupId, decided: new Date(firstAt - 1).toISOString() })),
  );
  if (asked.length === 0) return new Map();
  const rows = await sql.query<SaidRow & { readonly fingerprint: string; readonly group_id: string }>(
    `SELECT fingerprint, group_id, said.*
     FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS asked (fingerprint, group_id, decided)
     CROSS JOIN LATERAL ${saidSince('asked', 'decided')} AS said`,
    [
      asked.map(({ fingerprint }) => fingerprint),
      asked.map(({ groupId }) => groupId),
      asked.map(({ decided }) => decided),
    ],
  );
  const found = new Map<string, Said[]>();
  for (const row of rows) {
    const said = saidOf(row.group_id, row);
    const known = found.get(row.fingerprint);
    if (known === undefined) found.set(row.fingerprint, [said]);
    else known.push(said);
  }
  return found;
}

/** What was said of the group of `row` after an instant, and last until then: two looks into an index. */
function saidSince(row: string, instant: string): string {
  const ofGroup = `SELECT period, step, value, said_at FROM spendwatch.said
     WHERE fingerprint = ${row}.fingerprint AND group_id = ${row}.group_id`;
  return `(${ofGroup} AND said_at > ${instant}
     UNION ALL (${ofGroup} AND said_at <= ${instant} ORDER BY said_at DESC LIMIT 1))`;
}

type StandingRow = { readonly fingerprint: string; readonly last_good: Date | null } & (
  | { readonly group_id: null }
  | ({
      readonly group_id: string;
      readonly since_1: Date | null;
      readonly since_2: Date | null;
      readonly since_3: Date | null;
    } & ({ readonly period: null } | SaidRow))
);

interface FoundStanding {
  readonly progress: number | null;
  readonly groups: Set<string>;
  readonly episodes: Episode[];
  readonly said: Said[];
}

interface SaidRow {
  readonly period: PeriodKey;
  readonly step: number;
  readonly value: string;
  readonly said_at: Date;
}

function saidOf(groupId: string, { period, step, value, said_at }: SaidRow): Said {
  const amount = parseFixed(value);
  // 0 instead would make the next value one that has grown.
  if (amount === null) {
    throw new AppError('state_unreadable', `The state database holds a value that is no number: ${value}`);
  }
  return { groupId, period, step, value: amount, at: said_at.getTime() };
}
