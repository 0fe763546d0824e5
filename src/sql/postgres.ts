import { setTimeout } from 'node:timers/promises';
import type { Pool, PoolClient, PoolConfig, QueryConfig, QueryResult } from 'pg';
import { AppError } from '../model/errors.ts';
import type { Sql, SqlOptions, SqlSession, TransactionOptions } from './port.ts';
import { sqlError } from './sql-error.ts';
import { PARSERS } from './values.ts';

const DEFAULT_STATEMENT_TIMEOUT_MS = 60_000;
/** How long after the server should have cancelled a statement the client stops to wait: the connection is dead then. */
const SILENCE_MS = 15_000;
/** A COMMIT of what was only read is answered long before; one that hangs keeps nobody from taking another connection. */
const COMMITTED_MS = 100;
/** A process that is frozen between two statements of a transaction keeps its locks no longer than this. */
const ABANDONED_MS = 20_000;

/** A pool of few connections to a server; the first is made by the first query. */
export async function openPostgres(url: string, options: SqlOptions): Promise<Sql> {
  const { default: pg } = await import('pg');
  const timeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  const place = placeOf(url);
  const pool = new pg.Pool({
    ...poolConfig(url, timeoutMs),
    types: {
      getTypeParser: ((id: number, format?: 'text') =>
        PARSERS[id] ?? pg.types.getTypeParser(id, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that breaks while nobody uses it is replaced by the next query; unheard, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));

  const ending = new Set<Promise<void>>();
  let closed: Promise<void> | null = null;
  return {
    engine: 'postgres',
    async query<Row>(text: string, values?: readonly unknown[]) {
      try {
        return rowsOf<Row>(await pool.query(request(text, values, timeoutMs)));
      } catch (error) {
        throw sqlError(error, place);
      }
    },
    transaction: (transactionOptions, work) =>
      inTransaction({ pool, place, ending }, timeoutMs, transactionOptions, work),
    close: () => (closed ??= pool.end()),
  };
}

function poolConfig(url: string, statementTimeoutMs: number): PoolConfig {
  return {
    connectionString: url,
    application_name: 'spendwatch',
    max: 4,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Sends what is asked at once without waiting for the answer to what was asked before.
    pipeline: true,
    // Also for COMMIT, ROLLBACK and what a new connection is set up with: a silent server must not hold them for ever.
    query_timeout: statementTimeoutMs + SILENCE_MS,
    // By SET and not as start-up parameters, which connection poolers refuse.
    onConnect: async (client) => {
      await client.query(`SET TimeZone = 'UTC'; SET statement_timeout = ${Math.round(statementTimeoutMs)}`);
    },
  };
}

interface OpenPool {
  readonly pool: Pool;
  readonly place: string;
  /** COMMITs that nobody waits for: a transaction that follows at once takes the connection and needs no other. */
  readonly ending: Set<Promise<void>>;
}

async function inTransaction<T>(
  { pool, place, ending }: OpenPool,
  defaultTimeoutMs: number,
  options: TransactionOptions,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.statementTimeoutMs ?? defaultTimeoutMs;
  let client: PoolClient;
  try {
    if (ending.size > 0 && pool.idleCount === 0) {
      await Promise.race([...ending, setTimeout(COMMITTED_MS, undefined, { ref: false })]);
    }
    client = await pool.connect();
  } catch (error) {
    throw sqlError(error, place);
  }
  let broken = false;
  /** Whether the transaction is one that only takes a ROLLBACK, or one to a savepoint: the statement that ended last had failed. */
  let failed = false;
  const query = async <Row>(text: string, values?: readonly unknown[]): Promise<Row[]> => {
    try {
      const rows = rowsOf<Row>(await client.query(request(text, values, timeoutMs)));
      failed = false;
      return rows;
    } catch (error) {
      const fault = sqlError(error, place);
      broken ||= fault.code === 'store_unreachable' || /read timeout/.test(String(error));
      failed = true;
      throw fault;
    }
  };
  let isReleased = false;
  try {
    const mode = options.readOnly === true ? ' ISOLATION LEVEL REPEATABLE READ READ ONLY' : '';
    const idleMs = options.readOnly === true ? timeoutMs : Math.min(timeoutMs, ABANDONED_MS);
    // Set again, for this transaction: behind a pooler the session may be one that another client has set up.
    const begun = query(
      `BEGIN${mode}; SET LOCAL TimeZone = 'UTC'; SET LOCAL statement_timeout = ${Math.round(timeoutMs)};
       SET LOCAL idle_in_transaction_session_timeout = ${Math.round(idleMs)}`,
    );
    // Told by the first statement, or at the end.
    begun.catch(() => undefined);
    // What only reads is sent along with it, a trip less; what writes would do so outside of a transaction that did not begin.
    if (options.readOnly !== true) await begun;
    const result = await work({
      async query<Row>(text: string, values?: readonly unknown[]) {
        const answer = query<Row>(text, values);
        answer.catch(() => undefined);
        await begun;
        return answer;
      },
    });
    await begun;
    if (options.readOnly === true && !failed) {
      // What was read is good whatever becomes of the COMMIT. The pool has the connection back when that is answered, and
      // its end waits for it.
      isReleased = true;
      const end = client.query('COMMIT').then(
        () => client.release(),
        () => client.release(true),
      );
      ending.add(end);
      void end.then(() => ending.delete(end));
      return result;
    }
    const end = await client.query('COMMIT').catch((error: unknown) => {
      // Nobody knows now what has become of it, so the connection is of no more use.
      broken = true;
      throw sqlError(error, place);
    });
    // PostgreSQL answers COMMIT with ROLLBACK where a statement failed and the work went on as if nothing had.
    if (end.command !== 'COMMIT') {
      throw new AppError(
        'store_query_failed',
        `${place}: the transaction was rolled back, a statement in it had failed.`,
      );
    }
    return result;
  } catch (error) {
    if (!broken) await client.query('ROLLBACK').catch(() => (broken = true));
    throw error;
  } finally {
    if (!isReleased) client.release(broken);
  }
}

/** pg knows a time limit per query; its type declarations do not. */
function request(text: string, values: readonly unknown[] | undefined, timeoutMs: number): QueryConfig {
  const config: QueryConfig & { query_timeout: number } = { text, query_timeout: timeoutMs + SILENCE_MS };
  if (values !== undefined) config.values = [...values];
  return config;
}

function rowsOf<Row>(result: QueryResult | QueryResult[]): Row[] {
  const last = Array.isArray(result) ? result.at(-1) : result;
  return (last?.rows ?? []) as Row[];
}

/** `PostgreSQL at host:port, database "x"`: what a URL says, without its user and password. */
function placeOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // The parser's own error carries the whole text, password and all.
    throw new AppError('store_url_invalid', 'The URL of the database cannot be read.', {
      hint: 'Use postgres://user:password@host:5432/database; write special characters in the password as %XX.',
    });
  }
  const host = parsed.hostname || parsed.searchParams.get('host') || 'localhost';
  const database = decodeURIComponent(parsed.pathname.slice(1)) || decodeURIComponent(parsed.username);
  return `PostgreSQL at ${host}:${parsed.port || '5432'}, database "${database}"`;
}
