// Checks table, columns and indexes of a SQLite file, for validate --connect.

import { AppError } from '../../model/errors.ts';
import type { Mapping, StoreProblem } from '../audit-store.ts';
import { noColumn } from '../missing-table.ts';
import { columnSql, quoted, sourceSql } from '../source-sql.ts';
import { isOfFilter, type NamedSource, sourcesOf } from '../sources.ts';
import type { SqliteDatabase } from './driver.ts';
import { sqliteError } from './sqlite-error.ts';
import { columnsOf, fileTableSql, rowsOf, type TimedRows } from './table.ts';

const HOUR = 3_600_000;
const LAST_INSTANT = 8_640_000_000_000_000;

/** Faults prevent reading the table; warnings say what makes reading slow. */
export async function inspectFile(
  database: SqliteDatabase,
  mapping: Mapping,
  open: () => TimedRows,
): Promise<StoreProblem[]> {
  let columns: ReadonlySet<string>;
  try {
    columns = columnsOf(database, mapping.table);
  } catch (error) {
    return [await missingTable(database, error)];
  }
  const problems: StoreProblem[] = [];
  for (const source of sourcesOf(mapping)) {
    const problem = sourceProblem(source, columns, mapping, database);
    if (problem !== null) problems.push(problem);
  }
  if (problems.length > 0) return problems;
  const unread = await rowProblems(mapping, open());
  return unread.length > 0 ? unread : indexProblems(mapping, database);
}

const fault = (message: string, hint: string): StoreProblem => ({ level: 'fault', message, hint });

async function missingTable(database: SqliteDatabase, error: unknown): Promise<StoreProblem> {
  const { message } = sqliteError(error, 'the file');
  const names = [
    ...rowsOf(
      database.prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name LIMIT 20",
      ),
      [],
    ),
  ];
  return fault(
    message,
    names.length === 0 ? 'The file has no tables: check its path.' : `It has: ${names.join(', ')}.`,
  );
}

function sourceProblem(
  { name, key, source }: NamedSource,
  columns: ReadonlySet<string>,
  { table, optional = {} }: Mapping,
  database: SqliteDatabase,
): StoreProblem | null {
  if (typeof source === 'string') {
    // SQLite does not distinguish letter case.
    const isThere = [...columns].some((column) => column.toLowerCase() === source.toLowerCase());
    if (isThere || optional[source] !== undefined) return null;
    const place = isOfFilter(name) ? 'audit.where' : name;
    return fault(noColumn(table, source, place), `The table has: ${[...columns].join(', ')}.`);
  }
  try {
    for (const _ of rowsOf(
      database.prepare(`SELECT ${sourceSql(source)} FROM ${fileTableSql(table)} LIMIT 1`),
      [],
    ));
    return null;
  } catch (error) {
    return fault(
      `${key}: ${sqliteError(error, 'the file').message}`,
      'Correct the expression: it is SQL of SQLite.',
    );
  }
}

/** Reads the newest hour, as polls will. */
async function rowProblems(mapping: Mapping, rows: TimedRows): Promise<StoreProblem[]> {
  try {
    const newest = await rows.newestRow(LAST_INSTANT);
    if (newest === null) return [];
    const problems: StoreProblem[] = [];
    for (const { name, key } of sourcesOf(mapping)) {
      if (name === 'time' || isOfFilter(name)) continue;
      try {
        for await (const _ of rows.rows([name], { from: newest - HOUR, to: newest + 1 }));
      } catch (error) {
        problems.push(fault(`${key}: ${sqliteError(error, 'the file').message}`, 'Correct the expression.'));
      }
    }
    return problems;
  } catch (error) {
    const { message, hint } = error instanceof AppError ? error : sqliteError(error, 'the file');
    return [fault(message, hint ?? '')];
  }
}

function indexProblems(mapping: Mapping, database: SqliteDatabase): StoreProblem[] {
  const time = columnSql(mapping, 'time', 'NULL');
  const text = `EXPLAIN QUERY PLAN SELECT 1 FROM ${fileTableSql(mapping.table)} WHERE ${time} >= 1 AND ${time} < 2`;
  const plan = [...rowsOf(database.prepare(text), [])].map((row) => row.join(' ')).join('\n');
  if (/\bSEARCH\b/.test(plan)) return [];
  const { time: source } = mapping.columns;
  const on = typeof source === 'string' ? quoted(source) : sourceSql(source ?? '').replace(/\s+/g, ' ');
  const what = typeof source === 'string' ? `begins with "${source}"` : `is on ${source?.sql}`;
  return [
    {
      level: 'warning',
      message: `${mapping.table} has no index that ${what}: every poll reads the whole table.`,
      hint: `CREATE INDEX ${quoted(`${mapping.table}_time`)} ON ${fileTableSql(mapping.table)} (${on})`,
    },
  ];
}
