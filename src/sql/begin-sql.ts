// The statements that begin every transaction: session settings, time limits, locks.

import type { TransactionOptions } from './port.ts';

/**
 * The settings on which the text of values depends, in both directions. A database, a role or another client of the same
 * pooler may have changed any of them. The order of day and month stays the database's: the operator's own expressions may
 * rely on it.
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

/** The same settings for a whole session that no other program uses. */
export const SESSION_SQL = Object.entries(SETTINGS)
  .map(([name, value]) => `SET ${name} = ${value}`)
  .join('; ');

/** The longest that a process which freezes in the middle of a transaction keeps its locks. */
const ABANDONED_MS = 20_000;

/**
 * The statements that begin a transaction, as one text. Every setting is for the transaction only: behind a pooler, other
 * programs use the same session and must find it unchanged. The search path is that of the database and role, whatever
 * another client chose. SET and LOCK take no snapshot; the first statement that reads does, and by then the locks are held.
 */
export function beginSql({ readOnly, lock = [] }: TransactionOptions, timeoutMs: number): string {
  // A machine that is busy sends its next statement late: a short limit of statements must not end the connection.
  const idleMs = readOnly === true ? Math.max(timeoutMs, ABANDONED_MS) : ABANDONED_MS;
  return [
    `BEGIN ISOLATION LEVEL ${readOnly === true ? 'REPEATABLE READ READ ONLY' : 'READ COMMITTED'}`,
    `SET LOCAL statement_timeout = ${Math.round(timeoutMs)}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${Math.round(idleMs)}`,
    ...Object.entries(SETTINGS).map(([name, value]) => `SET LOCAL ${name} = ${value}`),
    'SET LOCAL search_path TO DEFAULT',
    ...(lock.length === 0 ? [] : [`LOCK TABLE ${lock.join(', ')} IN ACCESS SHARE MODE`]),
  ].join('; ');
}
