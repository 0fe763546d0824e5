import type { PoolConfig } from 'pg';
import { AppError } from '../model/errors.ts';
import type { Sql, SqlOptions } from './port.ts';
import { inOne, inTransaction, type OpenPool, SILENCE_MS } from './postgres-transaction.ts';
import { PARSERS } from './values.ts';

const DEFAULT_STATEMENT_TIMEOUT_MS = 60_000;

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

  const open: OpenPool = { pool, place, ending: new Set() };
  let closed: Promise<void> | null = null;
  return {
    engine: 'postgres',
    query: (text, values) => inOne(open, timeoutMs, text, values),
    transaction: (transactionOptions, work) => inTransaction(open, timeoutMs, transactionOptions, work),
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
    // Also for COMMIT and ROLLBACK: a silent server must not hold them for ever.
    query_timeout: statementTimeoutMs + SILENCE_MS,
  };
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
