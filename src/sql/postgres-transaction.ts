// Transactions on a pool, in few round trips.

import { setTimeout } from 'node:timers/promises';
import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import { AppError, asAppError } from '../model/errors.ts';
import { beginSql } from './begin-sql.ts';
import type { SqlSession, TransactionOptions } from './port.ts';
import { lockError, type Place, sqlError } from './sql-error.ts';

/** So long after the server should have cancelled a statement, the client gives up: the connection is dead. */
export const SILENCE_MS = 15_000;
/** A COMMIT after reads is answered much faster. If one hangs, the next transaction takes another connection. */
const COMMITTED_MS = 100;

export interface OpenPool {
  readonly pool: Pool;
  /** The database in words, without its password. */
  readonly place: Place;
  /** COMMITs that nobody waits for. A transaction that follows at once waits for one, to reuse its connection. */
  readonly ending: Set<Promise<void>>;
}

/**
 * One statement in a transaction of its own. Beginning, statement and end are sent together, and so take one round trip. Throws
 * when it is unknown whether the end was reached, as after any lost answer.
 */
export async function inOne<Row>(
  { pool, place }: OpenPool,
  timeoutMs: number,
  text: string,
  values: readonly unknown[] | undefined,
): Promise<Row[]> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw sqlError(error, place);
  }
  const [begun, answer, end] = await Promise.allSettled([
    client.query(request(beginSql({}, timeoutMs), undefined, timeoutMs)),
    client.query(request(text, values, timeoutMs)),
    client.query(request('COMMIT', undefined, timeoutMs)),
  ]);
  const failed = [begun, answer, end].find((part) => part.status === 'rejected');
  const fault = failed === undefined ? null : sqlError(failed.reason, place);
  client.release(end.status === 'rejected' || (fault !== null && isConnectionLost(fault)));
  if (fault !== null) throw fault;
  if (end.status === 'fulfilled' && end.value.command !== 'COMMIT') throw rolledBack(place);
  return answer.status === 'fulfilled' ? rowsOf<Row>(answer.value) : [];
}

/** As the port's `transaction` says. */
export async function inTransaction<T>(
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
  const session = openSession(client, place, timeoutMs, options);
  let isReleased = false;
  try {
    // A read is sent together with the beginning, which saves a round trip. A write must wait: if the transaction did not begin,
    // it would be made outside of one.
    if (options.readOnly !== true) await session.begun;
    const result = await work(session);
    await session.begun;
    if (options.readOnly === true && !session.hasFailed()) {
      // Results of reads are valid whatever becomes of the COMMIT. Its answer returns the connection to the pool, and closing
      // the pool waits for it.
      isReleased = true;
      const end = client.query('COMMIT').then(
        () => client.release(),
        () => client.release(true),
      );
      ending.add(end);
      void end.then(() => ending.delete(end));
      return result;
    }
    await session.commit();
    return result;
  } catch (error) {
    await session.rollback();
    throw error;
  } finally {
    if (!isReleased) client.release(session.isBroken());
  }
}

interface OpenSession extends SqlSession {
  /** Rejects when the transaction did not begin, or did not get its locks. */
  readonly begun: Promise<unknown>;
  /** Whether the latest statement failed, so that only a ROLLBACK, whole or to a savepoint, is accepted. */
  hasFailed(): boolean;
  /** Whether the connection can no longer be used. */
  isBroken(): boolean;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Begins a transaction, and does not wait for that. */
function openSession(
  client: PoolClient,
  place: Place,
  timeoutMs: number,
  options: TransactionOptions,
): OpenSession {
  let broken = false;
  let failed = false;
  let hasBegun = false;
  const query = async (text: string, values?: readonly unknown[]): Promise<QueryResult> => {
    try {
      // A statement that is sent together with the beginning also waits for the locks.
      const limitMs = hasBegun ? timeoutMs : 2 * timeoutMs;
      const result = await client.query(request(text, values, limitMs));
      failed = false;
      return result;
    } catch (error) {
      const fault = sqlError(error, place);
      broken ||= isConnectionLost(fault);
      failed = true;
      throw fault;
    }
  };
  const begun = query(beginSql(options, timeoutMs)).then(
    () => {
      hasBegun = true;
    },
    (error: unknown) => {
      const fault = asAppError(error, 'store_query_failed');
      throw options.lock === undefined ? fault : lockError(fault, place, options.lock);
    },
  );
  // A failure is reported by the first statement, or at the end.
  begun.catch(() => undefined);
  return {
    begun,
    hasFailed: () => failed,
    isBroken: () => broken,
    async query<Row>(text: string, values?: readonly unknown[]) {
      const answer = query(text, values);
      answer.catch(() => undefined);
      await begun;
      return rowsOf<Row>(await answer);
    },
    async commit() {
      const end = await client.query('COMMIT').catch((error: unknown) => {
        // It is unknown what became of the statement, so the connection can no longer be used.
        broken = true;
        throw sqlError(error, place);
      });
      // PostgreSQL answers COMMIT with ROLLBACK where a statement failed and the work went on as if nothing had.
      if (end.command !== 'COMMIT') throw rolledBack(place);
    },
    async rollback() {
      if (!broken) await client.query('ROLLBACK').catch(() => (broken = true));
    },
  };
}

function isConnectionLost(fault: AppError): boolean {
  return fault.code === 'store_unreachable' || /read timeout/.test(String(fault.cause));
}

function rolledBack(place: Place): AppError {
  return new AppError(
    'store_query_failed',
    `${place.name}: the transaction was rolled back, a statement in it had failed.`,
  );
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
