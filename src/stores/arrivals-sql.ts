// Finds rows inserted since the last refresh by insert id, and the gaps between ids.

import type { Arrivals, IdGap, Mapping } from './audit-store.ts';
import {
  columnSql,
  fromTableSql,
  Parameters,
  rowFilterSql,
  type Statement,
  tableSql,
  unfiltered,
} from './source-sql.ts';
import { rowTime } from './time-sql.ts';
import { instantOf, type TimeType } from './time-types.ts';

/** Offsets of zones are whole quarters of an hour: the times of a part belong to one hour of UTC. */
export const PART_MS = 900_000;
const HOUR_MS = 3_600_000;

/** A run of consecutive ids, and the parts of hours (as the column tells time) of its rows that are older than the lateness. */
interface RunRow {
  readonly low: string;
  readonly high: string;
  readonly parts: string | null;
}

/** A run of ids; or, when no id is above the last known one, the highest id in the table. */
export type ArrivalRow =
  | (RunRow & { readonly highest: null })
  | { readonly low: null; readonly highest: string };

/**
 * Selects rows that were inserted since the last refresh, by id: those above `after`, and those that fill gaps. The answer
 * has one row for every run of consecutive ids: its ends, and the quarters of hours of its rows that are older than `youngFrom`. When no
 * row is above `after`, the highest id shows whether ids have started again. Times before 1970 are ignored: no window
 * reaches back so far, and years before Christ have no text that JavaScript and PostgreSQL both read.
 */
export function arrivalsSql(
  mapping: Mapping,
  timeType: TimeType,
  after: string,
  gaps: readonly IdGap[],
  youngFrom: number,
): Statement {
  const parameters = new Parameters();
  const id = columnSql(mapping, 'id', 'NULL');
  const time = rowTime(mapping, timeType, parameters);
  const from = tableSql(mapping.table);
  const above = `${parameters.add(after)}::bigint`;
  // A row that is not read has an id too: without it there would be a gap.
  const isOld = [...time.within({ from: 0, to: youngFrom }), ...rowFilterSql(mapping)];
  const part = `floor((${time.milliseconds(time.sql)}) / ${PART_MS})::bigint`;
  const old = `CASE WHEN ${isOld.join(' AND ')} THEN ${part} END`;
  const arrivedSql = (condition: string): string =>
    fromTableSql(unfiltered(mapping), [`${id}::bigint AS id`, `${old} AS part`], [condition]);
  const arrived = [`SELECT DISTINCT id, part FROM (${arrivedSql(`${id} > ${above}`)}) AS above`];
  if (gaps.length > 0) {
    // Gaps lie between the lowest one and `after`. Without these bounds the planner takes a gap for a ninth of the table,
    // and with millions of rows it compiles (jit) a statement that runs for 0.2 ms.
    const lowest = `${parameters.add(lowestOf(gaps, after))}::bigint`;
    const lows = `${parameters.add(gaps.map((gap) => gap.from))}::bigint[]`;
    const highs = `${parameters.add(gaps.map((gap) => gap.to))}::bigint[]`;
    arrived.push(`SELECT found.id, found.part FROM unnest(${lows}, ${highs}) AS gap(low, high)
  CROSS JOIN LATERAL (${arrivedSql(`${id} BETWEEN gap.low AND gap.high AND ${id} BETWEEN ${lowest} AND ${above}`)}) AS found`);
  }
  const text = `WITH arrived AS (${arrived.join('\nUNION\n')}),
numbered AS (SELECT id, part, id - row_number() OVER (ORDER BY id) AS run FROM arrived)
SELECT min(id)::text AS low, max(id)::text AS high,
  array_to_string(array_agg(DISTINCT part) FILTER (WHERE part IS NOT NULL), ',') AS parts, NULL AS highest
FROM numbered GROUP BY run
UNION ALL SELECT NULL, NULL, NULL, COALESCE((SELECT max(${id}) FROM ${from}), 0)::text
WHERE NOT EXISTS (SELECT FROM arrived WHERE id > ${above})`;
  return { text, values: parameters.values };
}

/** Finds the ids that are missing: those within the searched spans that no run covers. */
export function arrivalsOf(
  rows: readonly ArrivalRow[],
  after: string,
  searched: readonly IdGap[],
  timeType: TimeType,
): Arrivals {
  const hours = new Set<number>();
  let newest = BigInt(after);
  let startAgain = false;
  const runs: (readonly [bigint, bigint])[] = [];
  for (const row of rows) {
    if (row.low === null) {
      startAgain = BigInt(row.highest) < BigInt(after);
      if (startAgain) newest = BigInt(row.highest);
      continue;
    }
    const [low, high] = [BigInt(row.low), BigInt(row.high)];
    runs.push([low, high]);
    if (high > newest) newest = high;
    for (const part of row.parts?.split(',') ?? []) {
      if (part === '') continue;
      // Old zones had odd offsets, with which a part may belong to two hours.
      for (const ms of [Number(part) * PART_MS, (Number(part) + 1) * PART_MS - 1])
        hours.add(Math.floor(instantOf(ms, timeType) / HOUR_MS) * HOUR_MS);
    }
  }
  runs.sort(([a], [b]) => (a < b ? -1 : 1));
  const spans = [...searched.map(({ from, to }) => [BigInt(from), BigInt(to)] as const)];
  if (newest > BigInt(after)) spans.push([BigInt(after) + 1n, newest]);
  return {
    newest: String(newest),
    startAgain,
    gaps: spans.flatMap(([from, to]) => missing(from, to, runs)),
    hours: [...hours],
  };
}

function lowestOf(gaps: readonly IdGap[], after: string): string {
  return String(gaps.reduce((low, { from }) => (BigInt(from) < low ? BigInt(from) : low), BigInt(after)));
}

/** The parts of [from, to] that no run covers; runs ascend. */
function missing(from: bigint, to: bigint, runs: readonly (readonly [bigint, bigint])[]): IdGap[] {
  const gaps: IdGap[] = [];
  let next = from;
  for (const [low, high] of runs) {
    if (high < next) continue;
    if (low > to) break;
    if (low > next) gaps.push({ from: String(next), to: String(low - 1n) });
    next = high + 1n;
  }
  if (next <= to) gaps.push({ from: String(next), to: String(to) });
  return gaps;
}
