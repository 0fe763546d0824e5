// Reads a table under a lock, so that a rewrite never makes it look empty.

import { AppError } from '../model/errors.ts';
import type { Sql, SqlSession, TransactionOptions } from '../sql/port.ts';
import type { Mapping } from './audit-store.ts';
import { tableSql } from './source-sql.ts';
import { tablesRead, touch } from './tables-read.ts';

/** Runs `work` in one read-only transaction over one snapshot; with `withinMs` no statement in it takes longer. */
export type Reads = <T>(work: (session: SqlSession) => Promise<T>, withinMs?: number) => Promise<T>;

/** Reads without the lock before it is tried again, because rights may be granted, or tables replaced, at any time. */
const LOCK_TRIED_EVERY = 60;
/** The read fails after this many snapshots in a row that are too old. */
const MOST_SNAPSHOTS = 3;

/**
 * Reads that never see a table as empty because it is being rewritten. A transaction whose snapshot is older than the commit
 * of an ALTER TABLE, a TRUNCATE or an exchange of tables sees no row at all. So the table is locked before the snapshot is
 * taken, with its partitions and the tables that views, expressions and functions read. The lock is the one of every SELECT,
 * but it needs the right to SELECT the whole table. Where it is refused, each transaction first checks whether its snapshot
 * is older than the tables.
 */
export function openReads(sql: Sql, mapping: Mapping): Reads {
  /** Null while unknown. Determined before anything is read, so that no work is done twice. */
  let protection: Protection | null = null;
  let unlockedReads = 0;
  return async (work, withinMs) => {
    const options: TransactionOptions =
      withinMs === undefined ? { readOnly: true } : { readOnly: true, statementTimeoutMs: withinMs };
    const now = protection ?? (await protectionOf(sql, mapping, options));
    protection = now.isKnown ? now : null;
    if (!now.isLocked) {
      unlockedReads += 1;
      if (unlockedReads % LOCK_TRIED_EVERY === 0) protection = null;
    }
    const locked = now.lock.length === 0 ? options : { ...options, lock: now.lock };
    try {
      return await (now.isLocked
        ? sql.transaction(locked, work)
        : readUnlocked(sql, mapping, locked, now.touching, work));
    } catch (error) {
      // This read fails. The next one determines again what can be locked: a table may be gone, or a right revoked.
      if (isOneOf(error, ['store_lock_refused', 'store_table_missing'])) protection = null;
      throw error;
    }
  };
}

/** How reads are protected against rewrites of the table. */
interface Protection {
  /** The table and others that are read with it, as far as they can be locked. */
  readonly lock: readonly string[];
  /** Whether these are all the tables that are read. */
  readonly isLocked: boolean;
  /** Statements that lock the others, after the snapshot is taken. */
  readonly touching: readonly string[];
  /** False when the next read must determine it again. */
  readonly isKnown: boolean;
}

async function protectionOf(sql: Sql, mapping: Mapping, options: TransactionOptions): Promise<Protection> {
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
  const lock = (await isGiven(table)) ? [table] : [];
  const own = lock.length === 0 ? options : { ...options, lock: [table] };
  const { names, touching, isKnown } = await sql.transaction(own, (session) => tablesRead(mapping, session));
  let isLocked = lock.length > 0;
  for (const name of isLocked ? names : []) {
    if (await isGiven(name)) lock.push(name);
    else isLocked = false;
  }
  return { lock, isLocked, touching, isKnown };
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof AppError && codes.includes(error.code);
}

async function readUnlocked<T>(
  sql: Sql,
  mapping: Mapping,
  options: TransactionOptions,
  touching: readonly string[],
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  let wasEmpty = false;
  for (let taken = 1; taken <= MOST_SNAPSHOTS; taken += 1) {
    const read = await sql.transaction(options, async (session) => {
      for (const text of touching) await touch(text, session);
      const table = await stateOf(mapping, session);
      // Of a foreign table it is only known whether it has rows. If a second snapshot finds none, it is empty.
      const isOld = table.rewritten || (!table.occupied && !wasEmpty);
      wasEmpty = !table.occupied;
      return isOld ? null : { result: await work(session) };
    });
    if (read !== null) return read.result;
  }
  throw new AppError(
    'store_timeout',
    `${mapping.table} was rewritten or emptied each time it was read, so its content is not known.`,
    {
      hint: `The next poll tries again. GRANT SELECT ON ${tableSql(mapping.table)} (all columns) lets spendwatch wait for the end of such changes.`,
    },
  );
}

interface TableState {
  /** Whether the snapshot is older than the files of the table, or of one that it is made of. */
  readonly rewritten: boolean;
  /** False for a foreign table in which the snapshot sees no row. */
  readonly occupied: boolean;
}

/**
 * From here on nobody can rewrite what the table is made of, because planning to read it locks all of that. A relation was
 * rewritten if its file is not the one in the snapshot: the catalog is read by the snapshot, pg_relation_filenode is not.
 */
async function stateOf(mapping: Mapping, session: SqlSession): Promise<TableState> {
  const table = tableSql(mapping.table);
  const [found] = await session.query<TableState>(
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
