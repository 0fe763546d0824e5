import { setTimeout } from 'node:timers/promises';
import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import { AppError, asAppError } from '../model/errors.ts';
import { beginSql } from './begin-sql.ts';
import type { SqlSession, TransactionOptions } from './port.ts';
import { lockError, type Place, sqlError } from './sql-error.ts';

/** How long after the server should have cancelled a statement the client stops to wait: the connection is dead then. */
export const SILENCE_MS = 15_000;
/** A COMMIT of what was only read is answered long before; one that hangs keeps nobody from taking another connection. */
const COMMITTED_MS = 100;

export interface OpenPool {
  readonly pool: Pool;
  /** The database in words, without its password. */
  readonly place: Place;
  /** COMMITs that nobody waits for: a transaction that follows at once takes the connection and needs no other. */
  readonly ending: Set<Promise<void>>;
}

/**
 * One statement in a transaction of its own: beginning, statement and end are sent at once, and so take one trip. Where it is
 * not known whether the end was reached, it throws, as it does when any answer is lost on its way.
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
    // What only reads is sent along with the beginning, a trip less; what writes would do so outside of a transaction that did
    // not begin.
    if (options.readOnly !== true) await session.begun;
    const result = await work(session);
    await session.begun;
    if (options.readOnly === true && !session.hasFailed()) {
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
  /** Rejects where the transaction did not begin, or does not have its locks. */
  readonly begun: Promise<unknown>;
  /** Whether the transaction is one that only takes a ROLLBACK, or one to a savepoint: the statement that ended last had failed. */
  hasFailed(): boolean;
  /** Whether the connection is of no more use. */
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
      // What is sent along with the beginning may wait for that first, and so for the locks.
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
  // Told by the first statement, or at the end.
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
        // Nobody knows now what has become of it, so the connection is of no more use.
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
