// Finds whether a table's rows have versions, and what versions do not cover.

import type { SqlSession } from '../sql/port.ts';
import type { ColumnSource, Mapping } from './audit-store.ts';
import { isOfPreset } from './presets/index.ts';
import { tableSql } from './source-sql.ts';

/** A table whose rows have versions: an UPDATE makes a new version of a row, never a change in place. */
export interface RowVersions {
  /** Columns whose values cannot change without a new version of their row. */
  readonly columns: ReadonlySet<string>;
}

/**
 * Checks what kind of table it is. Null where rows have no versions that can be distinguished: views, foreign tables and
 * other storage engines (also of a partition or a child of the table), and tables with row security. Throws where the
 * database has no such catalogs.
 */
export async function rowVersionsOf(mapping: Mapping, session: SqlSession): Promise<RowVersions | null> {
  const [family] = await session.query<{ stored: boolean }>(FAMILY, [tableSql(mapping.table)]);
  if (family?.stored !== true) return null;
  const columns = await session.query<{ name: string; plain: boolean }>(COLUMNS, [tableSql(mapping.table)]);
  const there = new Set(columns.map(({ name }) => name));
  const absent = Object.keys(mapping.optional ?? {}).filter((name) => !there.has(name));
  const plain = columns.filter((column) => column.plain).map(({ name }) => name);
  // A column that the table lacks is NULL in every row, and adding it is noticed as any change of columns is.
  return { columns: new Set([...plain, ...absent]) };
}

/**
 * The table with its partitions and children, all in PostgreSQL's own storage (access method 2 is its heap, 0 is none) and
 * without row security: a policy could later show other rows.
 */
const FAMILY = `WITH RECURSIVE family AS (SELECT $1::regclass::oid AS member
  UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = member)
SELECT bool_and(relkind IN ('r', 'p') AND relam IN (0, 2) AND NOT row_security_active(oid)) AS stored
FROM family JOIN pg_class ON oid = member`;

/**
 * Leaves out types whose text depends on more than the row: a label of an enum can be renamed, and a virtual column is
 * computed.
 */
const COLUMNS = `SELECT attname::text AS name, attgenerated <> 'v' AND typtype = 'b'
    AND typnamespace = 'pg_catalog'::regnamespace AND typname !~ '^_?reg' AS plain
FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`;

/**
 * The part of a mapping that row versions do not cover: an operator's expressions may read other tables, or the clock. Those
 * of presets depend on their row alone.
 */
export function beyondRow(mapping: Mapping, { columns }: RowVersions): Mapping {
  const isBeyond = ([, source]: [string, ColumnSource | undefined]): boolean =>
    typeof source === 'string' ? !columns.has(source) : source !== undefined && !isOfPreset(source);
  return {
    ...mapping,
    columns: Object.fromEntries(Object.entries(mapping.columns).filter(isBeyond)),
    dimensions: Object.fromEntries(Object.entries(mapping.dimensions).filter(isBeyond)),
  };
}
