// Runs transactions on a pool of connections.

import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import { AppError } from '../model/errors.ts';
import { beginSql } from './begin-sql.ts';
import type { SqlSession, TransactionOptions } from './port.ts';
import { lockError, type Place, sqlError } from './sql-error.ts';

/** The client gives up this long after the server should have cancelled a statement. The connection is then dead. */
export const SILENCE_MS = 15_000;

export interface OpenPool {
  readonly pool: Pool;
  /** The name of the database in errors, without its password. */
  readonly place: Place;
}

/** Implements the port's `transaction`. */
export async function inTransaction<T>(
  { pool, place }: OpenPool,
  defaultTimeoutMs: number,
  options: TransactionOptions,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw sqlError(error, place);
  }
  const session = openSession(client, place, options.statementTimeoutMs ?? defaultTimeoutMs);
  try {
    await session.begin(options);
    const result = await work(session);
    await session.commit();
    return result;
  } catch (error) {
    await session.rollback();
    throw error;
  } finally {
    client.release(session.isBroken());
  }
}

interface OpenSession extends SqlSession {
  begin(options: TransactionOptions): Promise<void>;
  commit(): Promise<void>;
  /** Never throws. */
  rollback(): Promise<void>;
  /** Whether the connection can no longer be used. */
  isBroken(): boolean;
}

function openSession(client: PoolClient, place: Place, timeoutMs: number): OpenSession {
  let broken = false;
  const query = async (text: string, values?: readonly unknown[]): Promise<QueryResult> => {
    try {
      return await client.query(request(text, values, timeoutMs));
    } catch (error) {
      const fault = sqlError(error, place);
      broken ||= isConnectionLost(fault);
      throw fault;
    }
  };
  return {
    async begin(options) {
      try {
        await query(beginSql(options, timeoutMs));
      } catch (error) {
        if (options.lock === undefined || !(error instanceof AppError)) throw error;
        throw lockError(error, place, options.lock);
      }
    },
    query: async <Row>(text: string, values?: readonly unknown[]) => rowsOf<Row>(await query(text, values)),
    async commit() {
      const end = await client.query('COMMIT').catch((error: unknown) => {
        // The outcome of the statement is unknown, so the connection cannot be used any more.
        broken = true;
        throw sqlError(error, place);
      });
      // PostgreSQL answers COMMIT with ROLLBACK where a statement failed and the caller ignored it.
      if (end.command !== 'COMMIT') {
        throw new AppError(
          'store_query_failed',
          `${place.name}: the transaction was rolled back, a statement in it had failed.`,
        );
      }
    },
    async rollback() {
      if (!broken) await client.query('ROLLBACK').catch(() => (broken = true));
    },
    isBroken: () => broken,
  };
}

function isConnectionLost(fault: AppError): boolean {
  return fault.code === 'store_unreachable' || /read timeout/.test(String(fault.cause));
}

/** pg supports a time limit per query, but its type declarations do not. */
function request(text: string, values: readonly unknown[] | undefined, timeoutMs: number): QueryConfig {
  const config: QueryConfig & { query_timeout: number } = { text, query_timeout: timeoutMs + SILENCE_MS };
  if (values !== undefined) config.values = [...values];
  return config;
}

function rowsOf<Row>(result: QueryResult | QueryResult[]): Row[] {
  const last = Array.isArray(result) ? result.at(-1) : result;
  return (last?.rows ?? []) as Row[];
}
