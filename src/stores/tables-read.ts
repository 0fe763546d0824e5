// Finds the tables that views, expressions, functions and policies read.

import { isStoreAway } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping } from './audit-store.ts';
import { namesCalled } from './functions-called.ts';
import { fromTableSql, sourceSql, tableSql, unfiltered } from './source-sql.ts';
import { sourcesOf } from './sources.ts';

/** What is read along with the table. */
export interface TablesRead {
  /** Other tables and views, quoted, that locking the table does not lock. */
  readonly names: readonly string[];
  /** Statements that read them, and so lock them. */
  readonly touching: readonly string[];
  /** False where functions take rows as arguments, and there was no row to call them with. */
  readonly isKnown: boolean;
}

/**
 * Finds the tables that are read along with the table. Planning an expression or a policy of row security locks what it
 * selects from. What a function reads is locked only when it is called, so each function is called with one row. Run it in a
 * transaction that already holds the lock of the table, if possible.
 */
export async function tablesRead(mapping: Mapping, session: SqlSession): Promise<TablesRead> {
  const before = await heldRelations(session);
  const table = tableSql(mapping.table);
  const expressions = sourcesOf(mapping).flatMap(({ source }) =>
    typeof source === 'string' ? [] : [source.sql],
  );
  const planned = [
    `SELECT FROM ${table} LIMIT 0`,
    ...expressions
      .filter((sql) => /\bselect\b/i.test(sql))
      .map((sql) => `${fromTableSql(unfiltered(mapping), [sourceSql({ sql })], [])} LIMIT 0`),
  ];
  for (const text of planned) await touch(text, session);
  const calling = await callingSql(mapping, table, expressions, session);
  let isKnown = true;
  for (const text of calling) isKnown = (await touch(text, session)) !== 0 && isKnown;
  const names = [...(await heldRelations(session))].flatMap(([oid, name]) => (before.has(oid) ? [] : [name]));
  return { names, touching: [...planned, ...calling], isKnown };
}

/**
 * Runs a statement for the locks that it takes, and returns how many rows it gave. Null when it cannot be read: that fails
 * the rules that use it, and no others.
 */
export async function touch(text: string, session: SqlSession): Promise<number | null> {
  try {
    return (await attempt(session, () => session.query(text))).length;
  } catch (error) {
    if (isStoreAway(error)) throw error;
    return null;
  }
}

/** Statements that call, with one row, the functions outside pg_catalog that views, policies and expressions call. */
async function callingSql(
  mapping: Mapping,
  table: string,
  expressions: readonly string[],
  session: SqlSession,
): Promise<string[]> {
  const [called] = await session.query<{ inside: boolean; names: string[] }>(
    `SELECT EXISTS (
       SELECT FROM pg_locks AS held
       JOIN LATERAL (SELECT oid, 'pg_rewrite'::regclass AS class FROM pg_rewrite WHERE ev_class = held.relation
         UNION ALL SELECT oid, 'pg_policy'::regclass FROM pg_policy WHERE polrelid = held.relation) AS user_of ON true
       JOIN pg_depend AS used ON used.classid = user_of.class AND used.objid = user_of.oid AND used.refclassid = 'pg_proc'::regclass
       JOIN pg_proc AS called ON called.oid = used.refobjid
       WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation' AND called.pronamespace <> 'pg_catalog'::regnamespace
     ) AS inside,
     ARRAY(SELECT DISTINCT proname::text FROM pg_proc
       WHERE pronamespace <> 'pg_catalog'::regnamespace AND proname = ANY($1::text[])) AS names`,
    [expressions.flatMap(namesCalled)],
  );
  const names = new Set(called?.names);
  const calling = expressions.filter((sql) => namesCalled(sql).some((name) => names.has(name)));
  return [
    ...(called?.inside === true ? [`SELECT * FROM ${table} LIMIT 1`] : []),
    ...calling.map((sql) => `${fromTableSql(unfiltered(mapping), [sourceSql({ sql })], [])} LIMIT 1`),
  ];
}

/** The relations that this transaction has locked and that can be locked by name, by oid. */
async function heldRelations(session: SqlSession): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query<{ oid: string; name: string }>(
    `SELECT held.relation::text AS oid, held.relation::regclass::text AS name
     FROM pg_locks AS held JOIN pg_class AS known ON known.oid = held.relation
     WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation' AND known.relkind IN ('r', 'p', 'v')
       AND known.relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema']::regnamespace[])
     ORDER BY held.relation`,
  );
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}
