// The columns of a table, and how it stores the time of a call.

import { AppError } from '../../model/errors.ts';
import type { Mapping } from '../audit-store.ts';
import { storedAs, timeFault } from '../time-faults.ts';
import type { TimeType } from '../time-types.ts';
import { columnSql, literal, type TableColumns, tableSql } from './names.ts';
import type { Session } from './session.ts';

/** What has to be known of a table before its rows can be read. */
export interface TableFacts {
  readonly columns: TableColumns;
  readonly timeType: TimeType;
  /** Whether insert ids are whole numbers. */
  readonly hasWholeIds: boolean;
}

/** Throws `store_table_missing`, `store_column_missing`, `store_forbidden` or `store_time_type`. */
export async function tableFacts(mapping: Mapping, session: Session): Promise<TableFacts> {
  const columns = await columnsOf(mapping.table, session);
  const id =
    mapping.columns.id === undefined ? null : await typeOf(columnSql(mapping, 'id'), mapping, session);
  return {
    columns,
    timeType: await timeTypeOf(mapping, session),
    hasWholeIds: id === 'bigint',
  };
}

/** The columns that the login may read. */
export async function columnsOf(table: string, session: Session): Promise<TableColumns> {
  const [name = '', schema] = table.split('.').reverse();
  const found =
    await session.all(`SELECT column_name, data_type, character_set_name FROM information_schema.columns
WHERE table_schema = ${schema === undefined ? 'DATABASE()' : literal(schema)} AND table_name = ${literal(name)} ORDER BY ordinal_position`);
  // The server says whether there is no such table, or no right to read it.
  if (found.length === 0) await session.all(`SELECT 1 FROM ${tableSql(table)} LIMIT 0`);
  return new Map(
    found.map(([column, type, charset]) => [
      String(column).toLowerCase(),
      { name: String(column), type: String(type), isText: charset !== null },
    ]),
  );
}

export async function timeTypeOf(mapping: Mapping, session: Session): Promise<TimeType> {
  const type = await typeOf(columnSql(mapping, 'time'), mapping, session);
  const found = storedAs(type, mapping.timeKind);
  if (found !== null) return found;
  const fault = timeFault(type, mapping);
  const isText = type === 'text' || typeof mapping.columns.time !== 'string';
  throw new AppError(
    'store_time_type',
    `The time column of ${mapping.table} is ${CALLED[type] ?? type}, and must be ${timeKindText(mapping)}.`,
    { hint: isText ? 'Map a column of DATETIME, TIMESTAMP or numbers since 1970.' : (fault?.cure ?? null) },
  );
}

function timeKindText({ timeKind }: Mapping): string {
  if (timeKind === null || typeof timeKind === 'string') return 'a DATETIME in UTC or a TIMESTAMP';
  return 'zone' in timeKind ? 'a DATETIME' : 'a number';
}

/** The types of the protocol by PostgreSQL's names, which the checks of times know. */
const TYPES: Readonly<Record<number, string>> = {
  ...Object.fromEntries([1, 2, 3, 8, 9].map((type) => [type, 'bigint'])),
  ...Object.fromEntries([0, 246].map((type) => [type, 'numeric'])),
  ...Object.fromEntries([4, 5].map((type) => [type, 'double precision'])),
  7: 'timestamp with time zone',
  12: 'timestamp without time zone',
  10: 'date',
};

const CALLED: Readonly<Record<string, string>> = {
  bigint: 'a whole number',
  numeric: 'a DECIMAL',
  'double precision': 'a DOUBLE',
  'timestamp with time zone': 'a TIMESTAMP',
  'timestamp without time zone': 'a DATETIME',
  date: 'a DATE',
  text: 'a text',
};

async function typeOf(sql: string, mapping: Mapping, session: Session): Promise<string> {
  const [type] = await session.types(`SELECT ${sql} FROM ${tableSql(mapping.table)} LIMIT 0`);
  return TYPES[type ?? -1] ?? 'text';
}
