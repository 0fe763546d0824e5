import type { TransactionOptions } from './port.ts';

/**
 * What the text of values depends on, coming and going. A database, a role or another client of the same pooler may have
 * set each of them otherwise. The order of day and month stays the database's: the operator's own expressions may rely on it.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: "'UTC'",
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  client_encoding: "'UTF8'",
};

/** The same for all of a session that nobody else uses. */
export const SESSION_SQL = Object.entries(SETTINGS)
  .map(([name, value]) => `SET ${name} = ${value}`)
  .join('; ');

/** A process that is frozen between two statements of a transaction keeps its locks no longer than this. */
const ABANDONED_MS = 20_000;

/**
 * The beginning of a transaction as one text of statements. Everything is set for the transaction alone: behind a pooler the
 * session belongs to other programs too, which must find it as they left it. The schemas are those of the database and the
 * role, whatever another client chose. Neither SET nor LOCK takes a snapshot: the first statement that reads does, after
 * the locks are had.
 */
export function beginSql({ readOnly, lock = [] }: TransactionOptions, timeoutMs: number): string {
  const idleMs = readOnly === true ? timeoutMs : Math.min(timeoutMs, ABANDONED_MS);
  return [
    `BEGIN ISOLATION LEVEL ${readOnly === true ? 'REPEATABLE READ READ ONLY' : 'READ COMMITTED'}`,
    `SET LOCAL statement_timeout = ${Math.round(timeoutMs)}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${Math.round(idleMs)}`,
    ...Object.entries(SETTINGS).map(([name, value]) => `SET LOCAL ${name} = ${value}`),
    'SET LOCAL search_path TO DEFAULT',
    ...(lock.length === 0 ? [] : [`LOCK TABLE ${lock.join(', ')} IN ACCESS SHARE MODE`]),
  ].join('; ');
}
