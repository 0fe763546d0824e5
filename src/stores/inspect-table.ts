// Checks table, columns and permissions, for validate --connect.

import type { Sql, SqlSession } from '../sql/port.ts';
import type { Mapping, StoreProblem } from './audit-store.ts';
import { indexProblems } from './inspect-indexes.ts';
import { planProblems } from './inspect-plans.ts';
import { fault } from './inspect-shared.ts';
import { type Sample, sourceProblems } from './inspect-sources.ts';
import { missingTable, noColumn } from './missing-table.ts';
import { tableSql } from './source-sql.ts';
import { isOfFilter, sourcesOf } from './sources.ts';
import type { TimeType } from './time-sql.ts';

interface TableFacts {
  readonly oid: string;
  readonly kind: string;
}

interface ColumnFacts {
  readonly name: string;
  readonly readable: boolean;
  readonly indexed: boolean;
}

/** Finds how the time is stored, and the rows of the newest hour; null when the time cannot be read. */
export type ReadTime = (session: SqlSession) => Promise<Sample | null>;

/** Checks a table. Faults prevent reading it; warnings say what makes reading slow or the result doubtful. */
export async function inspectTable(
  sql: Sql,
  mapping: Mapping,
  readTime: ReadTime,
): Promise<readonly StoreProblem[]> {
  const table = await tableFacts(sql, mapping);
  if (table === null) return [await missingTable(sql, mapping.table)];
  const columns = await columnFacts(sql, table.oid);
  if (!columns.some((column) => column.readable)) {
    return [
      fault(`No permission to read ${mapping.table}.`, `GRANT SELECT ON ${tableSql(mapping.table)} TO …`),
    ];
  }
  const problems: StoreProblem[] = [];
  const missing = new Set<string>();
  for (const { name, source } of sourcesOf(mapping)) {
    if (typeof source !== 'string') continue;
    const problem = columnProblem(name, source, columns, mapping);
    if (problem === null) continue;
    problems.push(problem);
    missing.add(name);
  }
  // Read-only, as polls are: PostgreSQL evaluates constant expressions while it plans, even if no row is read.
  const found = await sql.transaction({ readOnly: true }, async (session) => {
    const sample = missing.has('time') ? null : await readTime(session);
    const timeType: TimeType | null = sample?.timeType ?? null;
    const indexed = new Set(columns.filter((column) => column.indexed).map(({ name }) => name));
    const gone = (['time', 'id'] as const).filter((name) => missing.has(name));
    const left = { ...mapping, columns: without(mapping.columns, gone) };
    return [
      ...(await sourceProblems(mapping, missing, sample, session)),
      ...(await indexProblems(left, { kind: table.kind, columns: indexed }, timeType, session)),
      ...(sample === null || missing.size > 0
        ? []
        : await planProblems(mapping, table.kind, sample, session)),
    ];
  });
  return [...problems, ...found];
}

function without<T>(columns: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => !names.includes(name)));
}

async function tableFacts(sql: Sql, mapping: Mapping): Promise<TableFacts | null> {
  const [row] = await sql.query<TableFacts>(
    `SELECT oid::text, relkind::text AS kind FROM pg_class WHERE oid = to_regclass($1)`,
    [tableSql(mapping.table)],
  );
  return row ?? null;
}

/** All columns of the table. Views that filter by privilege would hide those that may not be read. */
async function columnFacts(sql: Sql, oid: string): Promise<ColumnFacts[]> {
  return sql.query<ColumnFacts>(
    `SELECT attname::text AS name, has_column_privilege(attrelid, attnum, 'SELECT') AS readable,
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
  const place = isOfFilter(name) ? 'audit.where' : name;
  if (found === undefined) {
    if (mapping.optional?.[column] !== undefined) return null;
    const names = columns.map((candidate) => candidate.name).join(', ');
    const alike = columns.find((candidate) => candidate.name.toLowerCase() === column.toLowerCase());
    const hint =
      alike === undefined
        ? `The table has: ${names}. ${isOfFilter(name) ? 'Filter by one of these.' : 'Map another one under `columns`, or null where there is none.'}`
        : `The table has "${alike.name}": letter case counts.`;
    return fault(noColumn(mapping.table, column, place), hint);
  }
  if (found.readable) return null;
  return fault(
    `No permission to read column "${column}" of ${mapping.table} (${isOfFilter(name) ? 'named in' : 'mapped as'} ${place}).`,
    `GRANT SELECT ON ${tableSql(mapping.table)} TO …`,
  );
}
