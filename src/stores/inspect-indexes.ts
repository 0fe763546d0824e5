// Finds missing indexes, for validate --connect.

import { AppError } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping, StoreProblem } from './audit-store.ts';
import { columnSql, quoted, sourceSql, tableSql } from './source-sql.ts';
import { boundText, boundType, type TimeType } from './time-types.ts';

/** A relation's kind, and the first column of each of its indexes. */
export interface Indexed {
  /** As in pg_class: r a table, p a partitioned one, m a materialized view. */
  readonly kind: string;
  readonly columns: ReadonlySet<string>;
}

/** Finds the indexes that polls need and the table lacks, each with the statement that creates it. */
export async function indexProblems(
  mapping: Mapping,
  { kind, columns }: Indexed,
  timeType: TimeType | null,
  session: SqlSession,
): Promise<StoreProblem[]> {
  // Views and foreign tables have no indexes of their own.
  if (!['r', 'p', 'm'].includes(kind)) return [];
  const problems: StoreProblem[] = [];
  for (const name of ['time', 'id'] as const) {
    const source = mapping.columns[name];
    // An unreadable time column was reported already.
    if (source === undefined || (name === 'time' && timeType === null)) continue;
    const isThere =
      typeof source === 'string'
        ? columns.has(source) || (await isOnPartitions(mapping.table, source, session))
        : await isFoundByIndex(mapping, name, timeType, session);
    if (isThere) continue;
    const what = typeof source === 'string' ? `begins with "${source}"` : `is on ${source.sql}`;
    const waits =
      kind === 'p'
        ? ' (Writes wait while the statement below runs: partitioned tables take no CONCURRENTLY.)'
        : '';
    const on = typeof source === 'string' ? quoted(source) : `(${sourceSql(source).replace(/\s+/g, ' ')})`;
    problems.push({
      level: 'warning',
      message: `${mapping.table} has no index that ${what}: every poll reads the whole table.${waits}`,
      hint: `CREATE INDEX ${kind === 'p' ? '' : 'CONCURRENTLY '}ON ${tableSql(mapping.table)} (${on})`,
    });
  }
  return problems;
}

/** Whether the table is partitioned and each partition has its own index. */
async function isOnPartitions(table: string, column: string, session: SqlSession): Promise<boolean> {
  const [row] = await session.query<{ found: boolean | null }>(
    `SELECT bool_and(EXISTS (SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
       WHERE indrelid = relid AND attname = $2 AND indisvalid AND indpred IS NULL)) AS found
     FROM pg_partition_tree($1::regclass) WHERE isleaf AND relid <> $1::regclass`,
    [tableSql(table), column],
  );
  return row?.found === true;
}

/** Whether PostgreSQL uses an index for an expression: it is asked for a plan while sequential scans are discouraged. */
async function isFoundByIndex(
  mapping: Mapping,
  name: 'time' | 'id',
  timeType: TimeType | null,
  session: SqlSession,
): Promise<boolean> {
  const isTime = name === 'time' && timeType !== null;
  const bound = isTime ? `'${boundText(0, timeType)}'::${boundType(timeType)}` : '0';
  try {
    const plan = await attempt(session, async () => {
      await session.query('SET LOCAL enable_seqscan = off');
      return session.query<Record<string, string>>(
        `EXPLAIN SELECT 1 FROM ${tableSql(mapping.table)} WHERE ${columnSql(mapping, name, 'NULL')} > ${bound}`,
      );
    });
    const text = plan.map((line) => Object.values(line).join(' ')).join('\n');
    return /\bIndex Cond:/.test(text) && !/\bSeq Scan\b/.test(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'store_unreachable') throw error;
    return true;
  }
}
