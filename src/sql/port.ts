// The contract: Sql {query, transaction, close}.

/**
 * The port to PostgreSQL: a server (`pg`) or embedded (`pglite:FOLDER`). Drivers load when opened.
 *
 * Both return the same values: numeric and int8 as text, timestamptz as Date (±infinity as the first and last instants that
 * a Date can hold), timestamp and date as PostgreSQL writes them, json parsed, the rest as the driver returns it. Values are
 * passed as text, numbers, booleans, null, Dates (for timestamptz) and arrays of these; JSON is passed as text. Every
 * statement runs in a transaction with fixed settings for the text of values: the zone is UTC and the encoding UTF-8,
 * whatever database, role and pooler say. Nothing remains in the session.
 *
 * Faults are AppErrors with the driver's error as cause: `store_missing` (`mustExist`), `store_unreachable` (also a refused
 * login, a missing database, TLS), `store_timeout`, `store_table_missing`, `store_column_missing`, `store_forbidden`,
 * `store_read_only`, `store_disk_full`, `store_lock_refused`, and `store_query_failed` for all others. None holds a
 * password.
 */
export interface SqlSession {
  /** Without `values` the text may hold several statements; the rows are those of the last one. Runs in a transaction. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface TransactionOptions {
  /** `read only` transactions see one snapshot (repeatable read). */
  readonly readOnly?: boolean;
  /** A statement that runs longer is cancelled. PGlite ignores this, because it cannot cancel. */
  readonly statementTimeoutMs?: number;
  /**
   * Tables (quoted) to lock before the first statement, so that nobody rewrites, empties or replaces them until the end: a
   * snapshot older than that would see no row. Throws `store_lock_refused` when the database refuses the locks, and
   * `store_timeout` when another session holds them for too long. PGlite has one session and needs none.
   */
  readonly lock?: readonly string[];
}

export interface Sql extends SqlSession {
  readonly engine: 'postgres' | 'pglite';
  /** Set where a worker has the folder open, and this port uses it through that worker. */
  readonly isThroughWorker?: true;
  /**
   * Runs `work` in one transaction: commits when it resolves, rolls back when it throws. `work` must use only its session:
   * PGlite has one connection, on which the port's own queries wait until the transaction has ended.
   */
  transaction<T>(options: TransactionOptions, work: (session: SqlSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface SqlOptions {
  /** The folder to which a relative `pglite:` folder is relative. */
  readonly baseDir?: string;
  /** Fails with `store_missing` for a `pglite:` folder without a database, instead of creating one. */
  readonly mustExist?: boolean;
  /**
   * Where a worker has the `pglite:` folder open and serves it, uses it through that worker. With `read`, nothing can be
   * changed then.
   */
  readonly throughWorker?: 'read' | 'write';
  /**
   * Never opens a `pglite:` folder itself: a command that lasts would keep the worker out. Throws `store_unreachable` where no
   * worker has it open.
   */
  readonly onlyThroughWorker?: true;
  /**
   * Serves a `pglite:` folder to the commands of the same user, as long as this process has it open. Called with the reason
   * where that cannot be done.
   */
  readonly serve?: (trouble: string) => void;
  /** How long to wait for a `pglite:` folder that another process has open. */
  readonly waitMs?: number;
  /** The time limit of a statement whose transaction sets none. */
  readonly statementTimeoutMs?: number;
}
