// The contract: Sql {query, transaction, close}.

/**
 * One port to PostgreSQL, real (`pg`) or embedded (`pglite:FOLDER`). Drivers load when opened.
 *
 * Values come back the same from both: numeric and int8 as text, timestamptz as Date (±infinity as the first and last
 * instants that a Date can hold), timestamp and date as PostgreSQL writes them, json as parsed, the rest as the driver
 * gives it. Values go in as text, numbers, booleans, null, Dates (for timestamptz) and arrays of these; JSON goes in
 * as text. Every statement runs in a transaction with fixed settings for the text of values: the zone is UTC and
 * the encoding UTF-8, whatever database, role and pooler say. Nothing is left behind in the session.
 *
 * Faults are AppErrors with the driver's error as cause: `store_missing` (`mustExist`), `store_unreachable` (also a refused login, a database that
 * is not there, TLS), `store_timeout`, `store_table_missing`, `store_column_missing`, `store_forbidden`,
 * `store_read_only`, `store_disk_full`, `store_lock_refused`, and `store_query_failed` for all else. None holds a password.
 */
export interface SqlSession {
  /** Without `values` the text may hold several statements; the rows are those of the last one. Runs in a transaction. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface TransactionOptions {
  /** `read only` transactions see one snapshot (repeatable read). */
  readonly readOnly?: boolean;
  /** A statement that runs longer is cancelled. PGlite cannot do that: there it has no effect. */
  readonly statementTimeoutMs?: number;
  /**
   * Tables (quoted) to lock before the first statement, so that nobody rewrites, empties or exchanges them until the end: a
   * snapshot that is older than such a change would see no row. Throws `store_lock_refused` when the database refuses the
   * locks, `store_timeout` when another session keeps them for too long. PGlite has one session and needs none.
   */
  readonly lock?: readonly string[];
}

export interface Sql extends SqlSession {
  readonly engine: 'postgres' | 'pglite';
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. `work` must use its
   * session only: PGlite has one connection, and the port itself waits there until the transaction has ended.
   */
  transaction<T>(options: TransactionOptions, work: (session: SqlSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface SqlOptions {
  /** The folder that a relative `pglite:` folder is relative to. */
  readonly baseDir?: string;
  /** Creates no database in a `pglite:` folder that has none; the fault is `store_missing`. */
  readonly mustExist?: boolean;
  /** The longest that a statement may run where its transaction does not say otherwise. */
  readonly statementTimeoutMs?: number;
}
