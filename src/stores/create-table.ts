// Creates the default table.

import { AppError } from '../model/errors.ts';
import type { Sql } from '../sql/port.ts';
import type { Mapping } from './audit-store.ts';
import type { OwnTable, Preset, TableColumn } from './presets/preset.ts';
import { quoted, tableSql } from './source-sql.ts';

/** A table, column or index: how to check for it, and how to create it. */
interface Part {
  readonly name: string;
  readonly isThere: string;
  readonly asked: readonly string[];
  readonly ddl: string;
}

/**
 * Creates the default audit table and its indexes where they are not there, and adds columns that a table of an earlier
 * version lacks; returns the names of what was created.
 */
export async function createTable(
  sql: Sql,
  mapping: Mapping,
  preset: Preset | null,
): Promise<readonly string[]> {
  if (preset === null || preset.own === null) {
    throw new AppError('table_not_ours', `${mapping.table} is not a table that spendwatch creates.`, {
      hint: 'Only the preset api_audit_logs can be created; another table is made by the program that writes to it.',
    });
  }
  const parts = partsOf(mapping.table, preset.own);
  const created: string[] = [];
  await sql.transaction({}, async (session) => {
    for (const { name, isThere, asked, ddl } of parts) {
      const [found] = await session.query<{ there: boolean }>(`SELECT ${isThere} AS there`, asked);
      if (found?.there === true) continue;
      created.push(name);
      await session.query(ddl);
    }
  });
  return created;
}

/** The parts of the table in the order in which they are created. */
function partsOf(mapped: string, { columns, later, indexes }: OwnTable): Part[] {
  const names = mapped.split('.');
  const table = names.at(-1) as string;
  const beside = (name: string): string => [...names.slice(0, -1), name].map(quoted).join('.');
  const definition = ({ name, type }: TableColumn): string => `${quoted(name)} ${type}`;
  const isRelation = 'to_regclass($1) IS NOT NULL';
  const isColumn =
    'EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2 AND NOT attisdropped)';
  return [
    {
      name: table,
      isThere: isRelation,
      asked: [tableSql(mapped)],
      ddl: `CREATE TABLE IF NOT EXISTS ${tableSql(mapped)} (\n  ${columns.map(definition).join(',\n  ')}\n)`,
    },
    ...later.map((column) => ({
      name: `${table}.${column.name}`,
      isThere: isColumn,
      asked: [tableSql(mapped), column.name],
      ddl: `ALTER TABLE ${tableSql(mapped)} ADD COLUMN IF NOT EXISTS ${definition(column)}`,
    })),
    ...indexes.map(({ column, suffix }) => {
      const name = indexName(table, suffix);
      const ddl = `CREATE INDEX IF NOT EXISTS ${quoted(name)} ON ${tableSql(mapped)} (${quoted(column)})`;
      return { name, isThere: isRelation, asked: [beside(name)], ddl };
    }),
  ];
}

/** Index names are unique in a schema, so a table by another name needs its own, or it would get no index. */
function indexName(table: string, suffix: string): string {
  return table === 'api_audit_logs' ? `idx_audit_${suffix}` : `idx_${table}_${suffix}`;
}
