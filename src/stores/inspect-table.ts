import { AppError, messageOf } from '../model/errors.ts';
import type { Sql } from '../sql/port.ts';
import type { ColumnSource, Mapping, StoreProblem } from './audit-store.ts';
import { fromTableSql } from './cell-sql.ts';
import { sourceSql, tableSql } from './source-sql.ts';

interface TableFacts {
  readonly oid: string;
  readonly kind: string;
}

interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  readonly readable: boolean;
  readonly indexed: boolean;
}

/** What keeps a table from being read (faults), and what makes it dear (warnings). */
export async function inspectTable(sql: Sql, mapping: Mapping): Promise<readonly StoreProblem[]> {
  const table = await tableFacts(sql, mapping);
  if (table === null) {
    return [
      fault(
        `There is no table ${mapping.table} in the database.`,
        'Check `table` or `preset`, the schema and the database; `spendwatch init --create-table` creates the default table.',
      ),
    ];
  }
  const columns = await columnFacts(sql, table.oid);
  if (!columns.some((column) => column.readable)) {
    return [
      fault(`No permission to read ${mapping.table}.`, `GRANT SELECT ON ${tableSql(mapping.table)} TO …`),
    ];
  }
  const problems: StoreProblem[] = [];
  for (const [name, source] of [...Object.entries(mapping.columns), ...Object.entries(mapping.dimensions)]) {
    const problem =
      typeof source === 'string'
        ? columnProblem(name, source, columns, mapping)
        : await expressionProblem(sql, name, source, mapping);
    if (problem !== null) problems.push(problem);
  }
  return [...problems, ...timeProblems(mapping, columns), ...indexProblems(mapping, table, columns)];
}

const fault = (message: string, hint: string): StoreProblem => ({ level: 'fault', message, hint });
const warning = (message: string, hint: string): StoreProblem => ({ level: 'warning', message, hint });

async function tableFacts(sql: Sql, mapping: Mapping): Promise<TableFacts | null> {
  const [row] = await sql.query<TableFacts>(
    `SELECT oid::text, relkind::text AS kind FROM pg_class WHERE oid = to_regclass($1)`,
    [tableSql(mapping.table)],
  );
  return row ?? null;
}

/** Every column of the table (privilege-filtered views would hide those that may not be read). */
async function columnFacts(sql: Sql, oid: string): Promise<ColumnFacts[]> {
  return sql.query<ColumnFacts>(
    `SELECT attname::text AS name, format_type(atttypid, NULL) AS type,
       has_column_privilege(attrelid, attnum, 'SELECT') AS readable,
       EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indkey[0] = attnum AND indisvalid AND indpred IS NULL)
         AS indexed
     FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [oid],
  );
}

function columnProblem(
  name: string,
  column: string,
  columns: readonly ColumnFacts[],
  mapping: Mapping,
): StoreProblem | null {
  const found = columns.find((candidate) => candidate.name === column);
  if (found === undefined) {
    if (mapping.optional?.[column] !== undefined) return null;
    const names = columns.map((candidate) => candidate.name).join(', ');
    return fault(
      `${mapping.table} has no column "${column}" (mapped as ${name}).`,
      `The table has: ${names}. Map another one under \`columns\`, or null where there is none.`,
    );
  }
  if (found.readable) return null;
  return fault(
    `No permission to read column "${column}" of ${mapping.table} (mapped as ${name}).`,
    `GRANT SELECT ON ${tableSql(mapping.table)} TO …`,
  );
}

async function expressionProblem(
  sql: Sql,
  name: string,
  source: ColumnSource,
  mapping: Mapping,
): Promise<StoreProblem | null> {
  try {
    // Read-only as polls are: PostgreSQL runs what it takes for constant while it plans, even for no row.
    await sql.transaction({ readOnly: true }, (session) =>
      session.query(`${fromTableSql(mapping, [sourceSql(source)], [])} LIMIT 0`),
    );
    return null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'store_unreachable') throw error;
    return fault(
      `The expression for ${name} cannot be read from ${mapping.table}: ${messageOf(error)}`,
      'Check the expression under `columns` or `dimensions` against the table.',
    );
  }
}

const TIME_TYPES = ['timestamp with time zone', 'timestamp without time zone'];

function timeProblems(mapping: Mapping, columns: readonly ColumnFacts[]): StoreProblem[] {
  const time = columns.find((column) => column.name === mapping.columns.time);
  if (time === undefined || TIME_TYPES.includes(time.type)) return [];
  return [
    fault(
      `Column "${time.name}" of ${mapping.table}, mapped as time, is of type ${time.type}.`,
      'Map `time` to a timestamptz or timestamp (UTC) column, or to an expression such as { sql: "to_timestamp(created)" }.',
    ),
  ];
}

function indexProblems(mapping: Mapping, table: TableFacts, columns: readonly ColumnFacts[]): StoreProblem[] {
  // Views and foreign tables have no indexes of their own.
  if (!['r', 'p', 'm'].includes(table.kind)) return [];
  const missing = columns.filter(
    (column) =>
      !column.indexed && (column.name === mapping.columns.time || column.name === mapping.columns.id),
  );
  return missing.map((column) =>
    warning(
      `${mapping.table} has no index that begins with "${column.name}": every poll reads the whole table.`,
      `CREATE INDEX CONCURRENTLY ON ${tableSql(mapping.table)} ("${column.name}")`,
    ),
  );
}
