// Checks server, table, columns and indexes, for validate --connect.

import { AppError, asAppError } from '../../model/errors.ts';
import type { Mapping, StoreProblem } from '../audit-store.ts';
import { wantedOf } from '../column-types.ts';
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
import { unfiltered } from '../source-sql.ts';
import { isOfFilter, type NamedSource, sourcesOf } from '../sources.ts';
import { columnsOf, tableFacts, timeTypeOf } from './columns.ts';
import { tryExpression } from './expressions.ts';
import { columnSql, expressionSql, literal, quoted, type TableColumns, tableSql } from './names.ts';
import type { Session, Values } from './session.ts';
import { tableRows } from './table.ts';
import { spanSql } from './time.ts';

const HOUR = 3_600_000;
const MOST_NAMED = 20;

/**
 * Faults prevent reading the table; warnings say what makes reading slow or the result doubtful. Where a file without a preset does
 * not fit, what may have been meant is among them.
 */
export async function inspectTable(
  mapping: Mapping,
  hasPreset: boolean,
  session: Session,
): Promise<StoreProblem[]> {
  const problems = await tableProblems(mapping, session);
  if (hasPreset || !problems.some(({ level }) => level === 'fault')) return problems;
  return [...problems, ...(await knownTables(session))];
}

async function knownTables(session: Session): Promise<StoreProblem[]> {
  const found = await session.all(
    'SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()',
  );
  return proposals(columnsByTable(found.map(([table, column]) => [table, column])), 'mysql');
}

async function tableProblems(mapping: Mapping, session: Session): Promise<StoreProblem[]> {
  let columns: TableColumns;
  try {
    columns = await columnsOf(mapping.table, session);
  } catch (error) {
    return [await tableProblem(mapping.table, session, error)];
  }
  const faults: StoreProblem[] = [];
  for (const source of sourcesOf(mapping)) {
    const problem = await sourceProblem(source, columns, mapping, session);
    if (problem !== null) faults.push(problem);
  }
  if (faults.length > 0) return faults;
  try {
    await timeTypeOf(mapping, session);
  } catch (error) {
    return [faultOf(error)];
  }
  return [
    ...(await versionProblems(session)),
    ...(await rowProblems(mapping, session)),
    ...(await indexProblems(mapping, session)),
    ...(await zoneProblems(mapping, session)),
  ];
}

function faultOf(error: unknown): StoreProblem {
  const { message, hint } = asAppError(error, 'store_query_failed');
  return fault(message, hint ?? '');
}

function expressionFault({ key }: Pick<NamedSource, 'key'>, error: unknown): StoreProblem {
  const { message, hint } = asAppError(error, 'store_query_failed');
  return fault(`${key}: ${message}`, hint ?? 'Correct the expression: it is SQL of MySQL.');
}

async function tableProblem(table: string, session: Session, error: unknown): Promise<StoreProblem> {
  const { code, message, hint } = asAppError(error, 'store_query_failed');
  // Where there is no such table, the server says so only to those who may read it.
  const isRefused = code === 'store_forbidden';
  if (!isRefused && code !== 'store_table_missing') return fault(message, hint ?? '');
  const found = await session.all(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY lower(table_name) <> lower(${literal(table)}), table_name LIMIT ${MOST_NAMED}`,
  );
  const names = found.map(([name]) => String(name)).join(', ');
  if (isRefused)
    return fault(message, names === '' ? (hint ?? '') : `${hint} In this database it may read: ${names}.`);
  return fault(
    message,
    names === ''
      ? 'The database of the URL has no table that this login may read: check the database and its rights.'
      : `The database of the URL has: ${names}.`,
  );
}

async function sourceProblem(
  { name, key, source }: NamedSource,
  columns: TableColumns,
  mapping: Mapping,
  session: Session,
): Promise<StoreProblem | null> {
  const { table, optional = {} } = mapping;
  if (typeof source !== 'string') {
    try {
      await tryExpression(source, mapping, columns, session);
      return null;
    } catch (error) {
      return expressionFault({ key }, error);
    }
  }
  const found = columns.get(source.toLowerCase());
  if (found === undefined) {
    if (optional[source] !== undefined) return null;
    const place = isOfFilter(name) ? 'audit.where' : name;
    const names = [...columns.values()].map((one) => one.name).join(', ');
    return fault(noColumn(table, source, place), `This login can read: ${names}.`);
  }
  const wanted = isOfFilter(name) || name === 'time' ? null : wantedOf(name);
  if (wanted === null || !['date', 'datetime', 'timestamp', 'time'].includes(found.type)) return null;
  return fault(
    `${key} is of type ${found.type}, and must be ${wanted}.`,
    `Map a column that is ${wanted}, or null where the table has none.`,
  );
}

async function versionProblems(session: Session): Promise<StoreProblem[]> {
  const [[version] = []] = await session.all('SELECT VERSION()');
  const text = String(version);
  const [, major = '0', minor = '0'] = /^(?:5\.5\.5-)?(\d+)\.(\d+)/.exec(text) ?? [];
  const number = Number(major) * 100 + Number(minor);
  const isMariadb = /mariadb/i.test(text);
  if (number >= (isMariadb ? 1006 : 800)) return [];
  const message = `The server is ${isMariadb ? 'MariaDB' : 'MySQL'} ${text}, which is not tested.`;
  return [{ level: 'warning', message, hint: 'Use MySQL 8, or MariaDB 10.6 or newer.' }];
}

/** Reads the newest hour, as polls will. */
async function rowProblems(mapping: Mapping, session: Session): Promise<StoreProblem[]> {
  const rowsOf = (of: Mapping) => tableRows(of, () => tableFacts(of, session), session);
  try {
    const rows = rowsOf(mapping);
    const newest = await rows.newestRow(LAST_INSTANT);
    if (newest === null) {
      const isLeftOut =
        mapping.where !== undefined && (await rowsOf(unfiltered(mapping)).newestRow(LAST_INSTANT)) !== null;
      return isLeftOut ? [NOTHING_LEFT] : [];
    }
    return await problemsOfSources(
      mapping,
      (source) => unreadNumbers(source, rows.rows([source.name], hourUpTo(newest))),
      expressionFault,
    );
  } catch (error) {
    return [faultOf(error)];
  }
}

const NOTHING_LEFT: StoreProblem = {
  level: 'warning',
  message: 'audit.where leaves none of the rows that the table has.',
  hint: 'Compare its values with those in the table: letter case counts.',
};

/** A view shows the indexes of its tables, where it may be explained. */
async function indexProblems(mapping: Mapping, session: Session): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const timeType = await timeTypeOf(mapping, session);
  for (const name of ['time', 'id'] as const) {
    const source = mapping.columns[name];
    if (source === undefined) continue;
    const sql = columnSql(mapping, name);
    const condition = name === 'time' ? spanSql(sql, { from: 0, to: HOUR }, timeType) : `${sql} > 0`;
    const plan = await planOf(`SELECT 1 FROM ${tableSql(mapping.table)} WHERE ${condition}`, session);
    if (plan === null || plan.some(({ keys }) => keys !== null)) continue;
    const isColumn = typeof source === 'string';
    const on = isColumn ? quoted(source) : `(${expressionSql(source).replace(/\s+/g, ' ')})`;
    problems.push({
      level: 'warning',
      message: `${mapping.table} has no index that ${isColumn ? `begins with "${source}"` : `is on ${source.sql}`}: every poll reads the whole table.`,
      hint: isColumn
        ? `CREATE INDEX ${quoted(`${mapping.table.split('.').at(-1)}_${source}`)} ON ${tableSql(mapping.table)} (${on})`
        : 'Map the column itself, with `unit` or `zone`: the bounds are converted, and its own index serves.',
    });
  }
  return problems;
}

interface PlanLine {
  /** The indexes that could serve. An empty table, or a small one, is read as a whole all the same. */
  readonly keys: string | null;
}

/** Null where the login may not see plans, as of a view. */
async function planOf(text: string, session: Session): Promise<PlanLine[] | null> {
  try {
    const lines: Values[] = await session.all(`EXPLAIN ${text}`);
    return lines.map((line) => {
      // MySQL has two columns more than MariaDB: partitions and filtered.
      const keys = line.length >= 12 ? line[5] : line[4];
      const extra = String(line.at(-1) ?? '');
      const isEmpty = /impossible where|no matching|const/i.test(extra);
      return { keys: isEmpty ? 'none needed' : keys === null || keys === undefined ? null : String(keys) };
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'store_unreachable') throw error;
    return null;
  }
}

/** A DATETIME is filled with the server's local time by CURRENT_TIMESTAMP. */
async function zoneProblems(mapping: Mapping, session: Session): Promise<StoreProblem[]> {
  const { time } = mapping.columns;
  if (mapping.timeKind !== null || typeof time !== 'string') return [];
  if ((await timeTypeOf(mapping, session)) !== 'timestamp') return [];
  const [[offset, zone, system] = []] = await session.all(
    `SELECT TIMESTAMPDIFF(MINUTE, CONVERT_TZ(UTC_TIMESTAMP(), IF(@@global.time_zone = 'SYSTEM', '+00:00', @@global.time_zone), '+00:00'), UTC_TIMESTAMP()),
@@global.time_zone, @@system_time_zone`,
  );
  const name = String(zone) === 'SYSTEM' ? String(system) : String(zone);
  const isUtc = String(zone) === 'SYSTEM' ? /^(UTC|GMT|UCT|Etc\/.*)$/i.test(name) : Number(offset) === 0;
  if (isUtc) return [];
  return [
    {
      level: 'warning',
      message: `"${time}" is a DATETIME, which has no zone, and is read as UTC; the zone of the server is ${name}.`,
      hint: `If the rows have local times, write time: { column: ${JSON.stringify(time)}, zone: Asia/Shanghai }; if they are in UTC, zone: UTC.`,
    },
  ];
}
