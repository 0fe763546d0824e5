// Checks table, columns and indexes of a SQLite file, for validate --connect.

import { AppError } from '../../model/errors.ts';
import type { Mapping, StoreProblem } from '../audit-store.ts';
import { fault, hourUpTo, LAST_INSTANT, problemsOfSources, proposals } from '../inspect-shared.ts';
import { noColumn } from '../missing-table.ts';
import { unreadNumbers } from '../rows/unread-numbers.ts';
import { columnSql, quoted, sourceSql } from '../source-sql.ts';
import { isOfFilter, type NamedSource, sourcesOf } from '../sources.ts';
import type { SqliteDatabase } from './driver.ts';
import { sqliteError } from './sqlite-error.ts';
import { columnsOf, fileTableSql, fromSql, rowsOf, type TimedRows } from './table.ts';

/** Tables that are named. The rest is counted. */
const NAMED = 20;

/**
 * Faults prevent reading the table; warnings say what makes reading slow. Where the table is missing, or a file without a preset
 * does not fit, what may have been meant is among them.
 */
export async function inspectFile(
  database: SqliteDatabase,
  mapping: Mapping,
  { hasPreset, open }: { readonly hasPreset: boolean; open(): TimedRows },
): Promise<StoreProblem[]> {
  let columns: ReadonlySet<string>;
  try {
    columns = columnsOf(database, mapping.table);
  } catch (error) {
    return [await missingTable(database, error), ...knownTables(database)];
  }
  const problems = await tableProblems(database, mapping, { columns, open });
  if (hasPreset || !problems.some(({ level }) => level === 'fault')) return problems;
  return [...problems, ...knownTables(database)];
}

function knownTables(database: SqliteDatabase): StoreProblem[] {
  return proposals(
    tablesOf(database).map((table) => [table, columnsOf(database, table)] as const),
    'sqlite',
  );
}

async function tableProblems(
  database: SqliteDatabase,
  mapping: Mapping,
  { columns, open }: { readonly columns: ReadonlySet<string>; open(): TimedRows },
): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  for (const source of sourcesOf(mapping)) {
    const problem = sourceProblem(source, columns, mapping, database);
    if (problem !== null) problems.push(problem);
  }
  if (problems.length > 0) return problems;
  const unread = await rowProblems(mapping, open());
  if (unread.some(({ level }) => level === 'fault')) return unread;
  return [...unread, ...indexProblems(mapping, database)];
}

async function missingTable(database: SqliteDatabase, error: unknown): Promise<StoreProblem> {
  const { message } = sqliteError(error, 'the file');
  const names = tablesOf(database);
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return fault(
    message,
    names.length === 0
      ? 'The file has no tables: check its path.'
      : `It has: ${names.slice(0, NAMED).join(', ')}${more}.`,
  );
}

function tablesOf(database: SqliteDatabase): string[] {
  const text =
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
  return [...rowsOf(database.prepare(text), [])].map(([name]) => String(name));
}

function sourceProblem(
  { name, key, source }: NamedSource,
  columns: ReadonlySet<string>,
  mapping: Mapping,
  database: SqliteDatabase,
): StoreProblem | null {
  if (typeof source === 'string') {
    const { table, optional = {} } = mapping;
    // SQLite does not distinguish letter case.
    const isThere = [...columns].some((column) => column.toLowerCase() === source.toLowerCase());
    if (isThere || optional[source] !== undefined) return null;
    const place = isOfFilter(name) ? 'audit.where' : name;
    return fault(noColumn(table, source, place), `The table has: ${[...columns].join(', ')}.`);
  }
  try {
    for (const _ of rowsOf(
      database.prepare(`SELECT ${sourceSql(source)} ${fromSql(mapping, columns)} LIMIT 1`),
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
    return await problemsOfSources(
      mapping,
      (source) => unreadNumbers(source, rows.rows([source.name], hourUpTo(newest))),
      ({ key }, error) =>
        fault(`${key}: ${sqliteError(error, 'the file').message}`, 'Correct the expression.'),
    );
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
