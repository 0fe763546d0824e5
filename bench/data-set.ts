import type { Sql } from '../src/sql/port.ts';
import { postgres } from '../src/stores/postgres.ts';
import type { Cluster } from './cluster.ts';

/** A span of time (ms) and how many calls fall into it, evenly spread. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly calls: number;
}

/** The loaded table. */
export interface DataSet {
  readonly rows: number;
  /** Calls a minute, in the newest rows and in what arrives. */
  readonly rate: number;
  /** The table's rows end here (ms, a whole minute); what comes later arrives between polls. */
  readonly until: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS = 90;
/** The average rate (calls a minute) of 10 million rows in 90 days. */
export const DEFAULT_RATE = 77;
/** The newest rows have the rate of what arrives: what a poll may read again, an hour and a quarter, and some more. */
const YOUNG_HOURS = 2;

/**
 * Loads calls of the last 90 days into the default table, or finds them loaded by an earlier run: `rows` at the default
 * rate, and so many more as its newest hours hold at another `rate`. As these hours have the rate already, tables of all
 * sizes meet the same young rows.
 */
export async function loadDataSet(
  cluster: Cluster,
  rows: number,
  rate: number,
  say: (line: string) => void,
): Promise<DataSet> {
  const { owner } = cluster;
  const loaded = await loadedBefore(cluster, rate);
  if (loaded !== null) return loaded;
  const until = Math.floor(Date.now() / MINUTE) * MINUTE;
  await createTable(owner);
  const indexes = await dropIndexes(owner);
  const begun = performance.now();
  const seconds = () => Math.round((performance.now() - begun) / 1000);
  let rank = 0;
  for (const [day, spans] of [...daysOf(until, rows), youngHours(until, rate)].entries()) {
    rank += await insertCalls(owner, spans, rank);
    if (day % 10 === 9) say(`${rank.toLocaleString('en')} rows after ${seconds()} s`);
  }
  for (const definition of indexes) await owner.query(definition);
  await cluster.maintain('VACUUM (FREEZE, ANALYZE) api_audit_logs');
  await owner.query('CREATE TABLE bench_load (rows bigint, until timestamptz)');
  await owner.query('INSERT INTO bench_load VALUES ($1, $2)', [rank, new Date(until)]);
  await owner.query('CHECKPOINT');
  say(`loaded and indexed after ${seconds()} s`);
  return { rows: rank, rate, until };
}

/** Removes what arrived after the load, so that the next measurement begins with the same table. */
export async function removeArrivals(cluster: Cluster, { until }: DataSet): Promise<void> {
  const { owner } = cluster;
  await owner.query('DELETE FROM api_audit_logs WHERE request_timestamp >= $1', [new Date(until)]);
  // Ids go on where they were, as in the first run: a million that never come would be searched for at every poll.
  await owner.query(
    `SELECT setval(pg_get_serial_sequence('api_audit_logs', 'id'), max(id)) FROM api_audit_logs`,
  );
  await cluster.maintain('VACUUM (ANALYZE) api_audit_logs');
}

/** The calls of one minute arrive. */
export async function arrive(owner: Sql, { rows, rate, until }: DataSet, minute: number): Promise<void> {
  const rank = rows + ((minute - until) / MINUTE) * rate;
  await insertCalls(owner, [{ from: minute, to: minute + MINUTE, calls: rate }], rank);
}

async function loadedBefore(cluster: Cluster, rate: number): Promise<DataSet | null> {
  const { owner } = cluster;
  const [there] = await owner.query<{ there: boolean }>(
    "SELECT to_regclass('bench_load') IS NOT NULL AS there",
  );
  if (there?.there !== true) return null;
  const [load] = await owner.query<{ rows: string; until: Date }>('SELECT rows, until FROM bench_load');
  if (load === undefined) return null;
  const dataSet = { rows: Number(load.rows), rate, until: load.until.getTime() };
  await removeArrivals(cluster, dataSet);
  return dataSet;
}

/** The table as `init --create-table` makes it; a load that was broken off is begun again. */
async function createTable(owner: Sql): Promise<void> {
  await owner.query('DROP TABLE IF EXISTS api_audit_logs');
  await postgres.open(owner, {}, null).createTable();
  await owner.query('GRANT SELECT ON api_audit_logs TO watcher');
  await owner.query(CHANCE);
}

/** Returns what builds them again: an index that grows with every row makes a load several times longer. */
async function dropIndexes(owner: Sql): Promise<string[]> {
  const indexes = await owner.query<{ indexname: string; indexdef: string }>(
    `SELECT indexname, indexdef FROM pg_indexes
     WHERE tablename = 'api_audit_logs' AND indexname <> 'api_audit_logs_pkey'`,
  );
  for (const { indexname } of indexes) await owner.query(`DROP INDEX ${indexname}`);
  return indexes.map(({ indexdef }) => indexdef);
}

/** The days before the newest hours, each as its hours with their share of the rows. */
function daysOf(until: number, rows: number): Span[][] {
  const from = until - DAYS * DAY;
  const hours = Array.from({ length: DAYS * 24 - YOUNG_HOURS }, (_, i) => from + i * HOUR);
  const weights = hours.map(weightOf);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const wanted = rows - DEFAULT_RATE * 60 * YOUNG_HOURS;
  let weight = 0;
  let given = 0;
  const spans = hours.map((hour, i): Span => {
    weight += weights[i] ?? 0;
    const calls = Math.round((wanted * weight) / all) - given;
    given += calls;
    return { from: hour, to: hour + HOUR, calls };
  });
  return Array.from({ length: DAYS }, (_, day) => spans.slice(day * 24, (day + 1) * 24));
}

function youngHours(until: number, rate: number): Span[] {
  return Array.from({ length: YOUNG_HOURS }, (_, i) => {
    const from = until - (YOUNG_HOURS - i) * HOUR;
    return { from, to: from + HOUR, calls: rate * 60 };
  });
}

/** Office hours over a base load; weekends have a third. */
function weightOf(hour: number): number {
  const date = new Date(hour);
  const rhythm = 1 + 3 * Math.max(0, Math.sin(((date.getUTCHours() - 6) / 14) * Math.PI));
  return date.getUTCDay() % 6 === 0 ? rhythm / 3 : rhythm;
}

async function insertCalls(owner: Sql, spans: readonly Span[], firstRank: number): Promise<number> {
  const total = spans.reduce((sum, { calls }) => sum + calls, 0);
  let rank = firstRank;
  const ranks = spans.map(({ calls }) => {
    rank += calls;
    return rank - calls;
  });
  await owner.query(INSERT, [
    ranks,
    spans.map(({ from }) => new Date(from)),
    spans.map(({ to }) => new Date(to)),
    spans.map(({ calls }) => calls),
  ]);
  return total;
}

/** A number in [0, 1) of a call and a purpose, the same in every run. */
const CHANCE = `CREATE OR REPLACE FUNCTION chance(rank bigint, purpose bigint) RETURNS float8
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (hashint8extended(rank, purpose) & 4503599627370495)::float8 / 4503599627370496`;

/**
 * 2,000 users with a long tail, each of them with three of 12 services; four models; lengths of question and answer
 * that are mostly short; one call in 60 fails, one in 300 has no cost. OFFSET 0 keeps each step from being worked out
 * again wherever it is named.
 */
const INSERT = `
INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens,
  actual_output_tokens, session_id, status_code, latency_ms, time_to_first_token_ms, error_message, cost_usd, created_at)
SELECT md5('call ' || rank)::uuid, at, 'service-' || to_char(service, 'FM00'),
  CASE WHEN chance(rank, 9) >= 0.02 THEN 'user-' || to_char(person, 'FM0000') END,
  ('{gpt-4.1,claude-sonnet-4,gpt-4.1-mini,gemini-2.5-flash}'::text[])[model],
  ('{/v1/chat/completions,/v1/messages,/v1/embeddings}'::text[])[1 + service % 3],
  input, CASE WHEN status = 200 THEN output ELSE 0 END, 'session-' || person || '-' || extract(day FROM at), status,
  latency, latency / 4, CASE WHEN status = 504 THEN 'upstream timeout' WHEN status > 399 THEN 'refused' END,
  CASE WHEN chance(rank, 10) >= 1 / 300.0 THEN CASE WHEN status = 200
    THEN round((input * ('{2,3,0.4,0.3}'::numeric[])[model] + output * ('{8,15,1.6,2.5}'::numeric[])[model]) / 1000000, 6)
    ELSE 0 END END,
  at + interval '2 seconds'
FROM (
  SELECT *, 300 + output * (6 + 8 * chance(rank, 8)) AS latency,
    floor(12 * power(chance(person * 4 + floor(3 * power(chance(rank, 3), 2))::bigint, 11), 1.6))::integer AS service,
    CASE WHEN chance(rank, 7) >= 1 / 60.0 THEN 200 ELSE ('{429,500,504}'::integer[])[1 + rank % 3] END AS status
  FROM (
    SELECT rank, at, floor(2000 * power(chance(rank, 2), 2))::bigint AS person,
      1 + floor(4 * power(chance(rank, 4), 1.5))::integer AS model,
      ceil(exp(3.5 + 6 * power(chance(rank, 5), 1.3)))::integer AS input,
      ceil(exp(3 + 4 * chance(rank, 6)))::integer AS output
    FROM (
      SELECT span.first + n AS rank,
        span."from" + (n + chance(span.first + n, 1)) / span.calls * (span."to" - span."from") AS at
      FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::integer[]) AS span(first, "from", "to", calls)
      CROSS JOIN LATERAL generate_series(0, span.calls - 1) AS n OFFSET 0
    ) AS placed OFFSET 0
  ) AS asked OFFSET 0
) AS answered
ORDER BY rank`;
