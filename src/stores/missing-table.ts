// Describes a missing table or column.

import type { Sql } from '../sql/port.ts';
import type { StoreProblem } from './audit-store.ts';
import { tableSql } from './source-sql.ts';

/** A database may have the same table once per customer; only this many are named. */
const MOST_NAMED = 5;

/** The message for a missing table. */
export function noTable(table: string): string {
  return `There is no table ${table} in the database.`;
}

/** The message for a missing column. */
export function noColumn(table: string, column: string, name: string): string {
  return `${table} has no column "${column}" (mapped as ${name}).`;
}

/** The fault for a missing table. It names tables that differ only in schema or letter case. */
export async function missingTable(sql: Sql, table: string): Promise<StoreProblem> {
  const name = (table.split('.').at(-1) ?? '').replace(/^"|"$/g, '');
  const alike = await sql.query<{ schema: string; name: string }>(
    `SELECT nspname::text AS schema, relname::text AS name
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE lower(relname) = lower($1) AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
       AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     ORDER BY nspname = 'public' DESC, nspname, relname LIMIT $2::integer`,
    [name, MOST_NAMED],
  );
  const message = noTable(table);
  const [first] = alike;
  if (first === undefined) {
    const hint =
      'Check `table` or `preset`, the schema and the database; `spendwatch init --create-table` creates the default table.';
    return { level: 'fault', message, hint };
  }
  const found = alike.map((one) => tableSql(`${one.schema}.${one.name}`)).join(', ');
  return {
    level: 'fault',
    message: `${message} There is ${found}.`,
    hint: `Write \`table: ${JSON.stringify(`${first.schema}.${first.name}`)}\`: schema and letter case count, and no quotes of SQL are needed.`,
  };
}
