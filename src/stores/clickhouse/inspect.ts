// Checks table, columns and order of a ClickHouse table, for validate --connect.

import { AppError, isRefusal } from '../../model/errors.ts';
import type { Mapping, StoreProblem } from '../audit-store.ts';
import {
  columnsByTable,
  fault,
  hourUpTo,
  LAST_INSTANT,
  problemsOfSources,
  proposals,
} from '../inspect-shared.ts';
import { noColumn } from '../missing-table.ts';
import { unreadNumbers } from '../rows/unread-numbers.ts';
import type { NamedSource } from '../sources.ts';
import type { Connection } from './connection.ts';
import { filterSql, literal, Parameters, sourceSql, tableSql } from './names.ts';
import { withinSql } from './row-time.ts';
import { readAs, tableRows } from './rows.ts';
import { columnsOf, fromSql, readTable, type Table } from './table.ts';

/** A table smaller than this is read quickly in any order. */
const SMALL_ROWS = 10_000_000;

/** Faults prevent reading the table; warnings say what makes reading slow. Without a preset, known tables are proposed. */
export async function inspectTable(
  mapping: Mapping,
  hasPreset: boolean,
  connection: Connection,
): Promise<StoreProblem[]> {
  const problems = await tableProblems(mapping, connection);
  if (hasPreset || !problems.some(({ level }) => level === 'fault')) return problems;
  return [...problems, ...(await knownTables(connection))];
}

async function knownTables(connection: Connection): Promise<StoreProblem[]> {
  const [tables = [], columns = []] = await connection.query(
    'SELECT table, name FROM system.columns WHERE database = currentDatabase() ORDER BY table LIMIT 20000',
  );
  return proposals(columnsByTable(tables.map((table, i) => [table, columns[i]])), 'clickhouse');
}

async function tableProblems(mapping: Mapping, connection: Connection): Promise<StoreProblem[]> {
  let columns: ReadonlyMap<string, string>;
  try {
    columns = await columnsOf(mapping.table, connection);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'store_table_missing') throw error;
    return [await missingTable(mapping.table, connection)];
  }
  const lost = (mapping.where ?? []).flatMap((one) =>
    'column' in one && !columns.has(one.column)
      ? [fault(noColumn(mapping.table, one.column, 'audit.where'), hasColumns(columns))]
      : [],
  );
  try {
    const table = await readTable(mapping, connection);
    const problems = [...lost, ...(await sourceProblems(table, connection))];
    return problems.length > 0
      ? problems
      : [...(await filterProblems(table, connection)), ...(await orderProblems(table, connection))];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return [...lost, fault(error.message, error.hint ?? '')];
  }
}

function hasColumns(columns: ReadonlyMap<string, string>): string {
  return `The table has: ${[...columns.keys()].join(', ')}.`;
}

async function missingTable(table: string, connection: Connection): Promise<StoreProblem> {
  const [name = ''] = table.split('.').reverse();
  const [databases = [], names = []] = await connection.query(
    `SELECT database, name FROM system.tables WHERE lower(name) = lower(${literal(name)}) AND database NOT IN ('INFORMATION_SCHEMA', 'information_schema', 'system') ORDER BY database LIMIT 5`,
  );
  const alike = databases.map((database, i) => `${database}.${names[i]}`);
  const [own = []] = await connection.query(
    'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name LIMIT 20',
  );
  return fault(
    `There is no table ${table} in the database.`,
    alike[0] === undefined
      ? `Check \`table\` or \`preset\`, the database of the URL, and the grants of the login, which sees: ${own.join(', ') || 'no table'}.`
      : `There is ${alike.join(', ')}: write \`table: ${JSON.stringify(alike[0])}\`. Letter case counts.`,
  );
}

/** Reads the newest hour, as polls will. */
async function sourceProblems(table: Table, connection: Connection): Promise<StoreProblem[]> {
  const rows = tableRows(table, connection);
  const newest = await rows.newestRow(LAST_INSTANT);
  const span = newest === null ? { from: 0, to: 1 } : hourUpTo(newest);
  const attempt = async (source: NamedSource): Promise<StoreProblem | null> => {
    const { name } = source;
    const parameters = new Parameters();
    const within = [withinSql(table.mapping, table.stored, span, parameters), ...filterSql(table.mapping)];
    const text = fromSql(table, [`max(cityHash64(tuple(${readAs(name, table).sql})))`], within);
    await connection.query({ text, values: parameters.values });
    // Only a text may be no number.
    return table.typeOf(name).kind === 'text' ? unreadNumbers(source, rows.rows([name], span)) : null;
  };
  return problemsOfSources(table.mapping, attempt, ({ key }, error) => {
    if (!isRefusal(error)) throw error;
    const message = error.message.startsWith(key) ? error.message : `${key}: ${error.message}`;
    return fault(
      error.code === 'store_column_missing' ? error.message : message,
      error.hint ?? 'Correct the expression: it is SQL of ClickHouse.',
    );
  });
}

/** A filter that leaves no row is more likely a wrong one than an empty log. */
async function filterProblems(table: Table, connection: Connection): Promise<StoreProblem[]> {
  if (table.mapping.where === undefined) return [];
  const [all = []] = await connection.query(`SELECT 1 FROM ${tableSql(table.mapping.table)} LIMIT 1`);
  const [left = []] = await connection.query(
    `${fromSql({ ...table, isFinal: false }, ['1'], filterSql(table.mapping))} LIMIT 1`,
  );
  if (all.length === 0 || left.length > 0) return [];
  return [
    {
      level: 'warning',
      message: `audit.where leaves no row of ${table.mapping.table}.`,
      hint: 'Compare its values with those of the columns.',
    },
  ];
}

/** Whether the order or the partitions of a table tell where the rows of an hour are. */
async function orderProblems(table: Table, connection: Connection): Promise<StoreProblem[]> {
  const { mapping, stored } = table;
  const newest = await tableRows(table, connection).newestRow(LAST_INSTANT);
  if (newest === null) return [];
  const parameters = new Parameters();
  const within = [withinSql(mapping, stored, hourUpTo(newest), parameters), ...filterSql(mapping)];
  const text = `EXPLAIN ESTIMATE ${fromSql(table, [sourceSql(mapping.columns.time ?? '')], within)}`;
  const estimate = await connection.query({ text, values: parameters.values }).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    return [];
  });
  const rows = (estimate[3] ?? []).reduce<number>((sum, one) => sum + Number(one), 0);
  if (rows < SMALL_ROWS) return [];
  return [
    {
      level: 'warning',
      message: `${mapping.table} is in no order of time: for an hour, ${rows} rows are read.`,
      hint: `Filter by the columns that its order begins with (audit.where), or: ALTER TABLE ${tableSql(mapping.table)} ADD INDEX spendwatch_time ${sourceSql(mapping.columns.time ?? '')} TYPE minmax GRANULARITY 1`,
    },
  ];
}
