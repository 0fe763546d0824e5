// Whether a table's rows have versions, and what these do not tell.

import type { SqlSession } from '../sql/port.ts';
import type { ColumnSource, Mapping } from './audit-store.ts';
import { isOfPreset } from './presets/index.ts';
import { tableSql } from './source-sql.ts';

/** What is known of a table whose rows have versions: an UPDATE makes another version of a row, never a change in place. */
export interface RowVersions {
  /** Columns whose values stay what they are for as long as the version of their row does. */
  readonly columns: ReadonlySet<string>;
}

/**
 * Looks at what kind of table it is. Null where rows have no versions that can be told apart: views, foreign tables and
 * storage of other programs, also as a partition or a child of the table, and under row security. Throws where the database has
 * no such catalogs.
 */
export async function rowVersionsOf(mapping: Mapping, session: SqlSession): Promise<RowVersions | null> {
  const [family] = await session.query<{ stored: boolean }>(FAMILY, [tableSql(mapping.table)]);
  if (family?.stored !== true) return null;
  const columns = await session.query<{ name: string }>(PLAIN_COLUMNS, [tableSql(mapping.table)]);
  return { columns: new Set(columns.map(({ name }) => name)) };
}

/**
 * A table, or partitions of some, all stored as PostgreSQL itself does (the access method 2 is its heap; 0 is none), of which
 * no policy hides rows: it could show others instead.
 */
const FAMILY = `WITH RECURSIVE family AS (SELECT $1::regclass::oid AS member
  UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = member)
SELECT bool_and(relkind IN ('r', 'p') AND relam IN (0, 2) AND NOT row_security_active(oid)) AS stored
FROM family JOIN pg_class ON oid = member`;

/** Not those whose text depends on more than the row: a label of an enum can be renamed, and a virtual column is computed. */
const PLAIN_COLUMNS = `SELECT attname::text AS name FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated <> 'v'
  AND typtype = 'b' AND typnamespace = 'pg_catalog'::regnamespace AND typname !~ '^_?reg'`;

/**
 * The mapping of what the version of a row does not tell: expressions that an operator wrote may look into other tables, or
 * at the clock. Those of the presets look at their row alone.
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
