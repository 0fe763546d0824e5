import { AppError, isStoreAway } from '../model/errors.ts';
import type { Sql, SqlSession, TransactionOptions } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping } from './audit-store.ts';
import { fromTableSql } from './cell-sql.ts';
import { sourceSql, tableSql } from './source-sql.ts';

/** Runs `work` in one read-only transaction over one state of the table; with `withinMs` no statement of it takes longer. */
export type Reads = <T>(work: (session: SqlSession) => Promise<T>, withinMs?: number) => Promise<T>;

/** What may be read without the lock is looked at so often; rights are granted, and tables exchanged, at any time. */
const LOCK_TRIED_EVERY = 60;
/** Snapshots that are too old, one after the other, until it is told that the table cannot be read. */
const MOST_SNAPSHOTS = 3;

/**
 * Reads that never take a table for empty because it is being rewritten. ALTER TABLE, TRUNCATE and an exchange of tables are
 * not for the snapshots that were taken before they are committed: who has one, and then waits for the table, sees no row of it.
 * So the table is locked before there is a snapshot, as every SELECT would lock it, with its partitions and what views
 * read. Where the lock is refused, which takes SELECT on the whole table, each transaction begins with a look whether its snapshot is
 * older than the table.
 */
export function openReads(sql: Sql, mapping: Mapping): Reads {
  /**
   * What to lock, none where that is refused; null as long as nobody knows. It is found out before anything is read, so that
   * no work has to be done twice.
   */
  let lock: readonly string[] | null = null;
  let unlockedReads = 0;
  return async (work, withinMs) => {
    const options: TransactionOptions =
      withinMs === undefined ? { readOnly: true } : { readOnly: true, statementTimeoutMs: withinMs };
    lock ??= await lockable(sql, mapping, options);
    if (lock.length === 0) {
      unlockedReads += 1;
      if (unlockedReads % LOCK_TRIED_EVERY === 0) lock = null;
      return readUnlocked(sql, mapping, options, work);
    }
    try {
      return await sql.transaction({ ...options, lock }, work);
    } catch (error) {
      // This read is lost; the next one finds out anew, also where another table that was locked is gone.
      if (isOneOf(error, ['store_lock_refused', 'store_table_missing'])) lock = null;
      throw error;
    }
  };
}

/** The table, and others that its expressions read, as far as they can be locked; none where the table itself cannot. */
async function lockable(sql: Sql, mapping: Mapping, options: TransactionOptions): Promise<readonly string[]> {
  const isGiven = async (table: string): Promise<boolean> => {
    try {
      await sql.transaction({ ...options, lock: [table] }, async () => undefined);
      return true;
    } catch (error) {
      if (isOneOf(error, ['store_lock_refused'])) return false;
      throw error;
    }
  };
  const table = tableSql(mapping.table);
  if (!(await isGiven(table))) return [];
  const lock = [table];
  for (const other of await othersRead(sql, mapping, options)) if (await isGiven(other)) lock.push(other);
  return lock;
}

/** Other tables that are read along with the table: planning to read an expression locks what it selects from. */
async function othersRead(
  sql: Sql,
  mapping: Mapping,
  options: TransactionOptions,
): Promise<readonly string[]> {
  const sources = [...Object.values(mapping.columns), ...Object.values(mapping.dimensions)];
  const selecting = sources.filter((source) => typeof source !== 'string' && /\bselect\b/i.test(source.sql));
  if (selecting.length === 0) return [];
  return sql.transaction(options, async (session) => {
    for (const source of selecting) {
      const plan = `${fromTableSql(mapping, [sourceSql(source)], [])} LIMIT 0`;
      await attempt(session, () => session.query(plan)).catch((error: unknown) => {
        // An expression that cannot be read fails the rules that use it, and no others.
        if (isStoreAway(error)) throw error;
      });
    }
    const rows = await session.query<{ name: string }>(
      `SELECT held.relation::regclass::text AS name FROM pg_locks AS held JOIN pg_class AS known ON known.oid = held.relation
       WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation' AND known.relkind IN ('r', 'p', 'v')
         AND known.relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema']::regnamespace[])
         AND held.relation <> $1::regclass ORDER BY held.relation`,
      [tableSql(mapping.table)],
    );
    return rows.map(({ name }) => name);
  });
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof AppError && codes.includes(error.code);
}

async function readUnlocked<T>(
  sql: Sql,
  mapping: Mapping,
  options: TransactionOptions,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  let wasEmpty = false;
  for (let taken = 1; taken <= MOST_SNAPSHOTS; taken += 1) {
    const read = await sql.transaction(options, async (session) => {
      const table = await look(mapping, session);
      // Of a table elsewhere nothing is known but whether it has rows; a second snapshot that finds none is no accident.
      const isOld = table.rewritten || (!table.occupied && !wasEmpty);
      wasEmpty = !table.occupied;
      return isOld ? null : { result: await work(session) };
    });
    if (read !== null) return read.result;
  }
  throw new AppError(
    'store_timeout',
    `${mapping.table} was rewritten or emptied each time that it was to be read. What is in it is not known.`,
    {
      hint: `The next poll tries again. GRANT SELECT ON ${tableSql(mapping.table)} (all columns) lets spendwatch wait for the end of such changes.`,
    },
  );
}

interface TableLook {
  /** The snapshot is older than what is in the table, or in one that it is made of. */
  readonly rewritten: boolean;
  /** False for a table elsewhere in which the snapshot sees no row. */
  readonly occupied: boolean;
}

/**
 * From here on nobody can rewrite what the table is made of: planning to read it locks all of that. A relation whose file is not the
 * one that the snapshot knows was rewritten since; the catalog is read by the snapshot, pg_relation_filenode is not.
 */
async function look(mapping: Mapping, session: SqlSession): Promise<TableLook> {
  const table = tableSql(mapping.table);
  const [found] = await session.query<TableLook>(
    `SELECT (SELECT count(*) FROM (SELECT FROM ${table} LIMIT 0) AS planned) > 0 OR COALESCE((
       SELECT bool_or(known.oid IS NULL OR known.relfilenode NOT IN (0, pg_relation_filenode(held.relation)))
       FROM pg_locks AS held LEFT JOIN pg_class AS known ON known.oid = held.relation
       WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation'
         AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())), false) AS rewritten,
     CASE (SELECT relkind FROM pg_class WHERE oid = $1::regclass) WHEN 'f' THEN EXISTS (SELECT FROM ${table}) ELSE true END AS occupied`,
    [table],
  );
  return found ?? { rewritten: true, occupied: false };
}
