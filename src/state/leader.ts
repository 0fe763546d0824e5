// The lease to poll.

import { AppError } from '../model/errors.ts';
import type { Sql, SqlSession } from '../sql/port.ts';

/** A worker that would poll. Workers with the same `scope` do the same polls; `token` tells them apart. */
export interface Candidate {
  readonly scope: string;
  readonly token: string;
  /** The file that it polls by, whatever version of it; null or absent where that does not matter. */
  readonly file?: string | null;
}

/** How long the lease still holds (ms), and whether for the candidate that asked. */
export interface Lease {
  readonly isHeld: boolean;
  readonly remainingMs: number;
}

/**
 * Takes or renews the lease of a scope for `leaseMs` of the database's clock, unless another candidate holds it. The holder
 * keeps an expired lease until another candidate takes it. An embedded database serves one process, which needs no lease.
 */
export async function hold(
  sql: Sql,
  { scope, token, file = null }: Candidate,
  leaseMs: number,
): Promise<Lease> {
  if (sql.engine === 'pglite') return { isHeld: true, remainingMs: leaseMs };
  // A lease that would end later than two new ones was given before the database's clock went back.
  const [row] = await sql.query<{ is_held: boolean; remaining_ms: number | null }>(
    `WITH mine AS (
       INSERT INTO spendwatch.leader AS held (scope, token, held_until, file)
       VALUES ($1, $2, clock_timestamp() + $3::text::interval, $4)
       ON CONFLICT (scope) DO UPDATE SET token = EXCLUDED.token, held_until = EXCLUDED.held_until, file = EXCLUDED.file
         WHERE held.token = EXCLUDED.token OR held.held_until < clock_timestamp()
            OR held.held_until > EXCLUDED.held_until + $3::text::interval
       RETURNING scope)
     SELECT EXISTS (SELECT FROM mine) AS is_held,
            (SELECT extract(epoch FROM held_until - clock_timestamp()) * 1000
             FROM spendwatch.leader WHERE scope = $1)::float8 AS remaining_ms`,
    [scope, token, `${leaseMs} milliseconds`, file],
  );
  const isHeld = row?.is_held === true;
  return { isHeld, remainingMs: isHeld ? leaseMs : Math.max(0, row?.remaining_ms ?? 0) };
}

/**
 * SQL condition with a token as `$7`: no other process polls, by these or other rules, nor did so within the last minute. A
 * lease that would end in more than a minute was given before the database's clock was set back.
 */
export const NOBODY_ELSE_POLLS = `NOT EXISTS (
  SELECT FROM spendwatch.leader WHERE token <> $7
    AND held_until BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() + interval '1 minute')`;

/** Gives the lease back, so that the next one takes over at once. */
export async function release(sql: Sql, { scope, token }: Candidate): Promise<void> {
  await sql.query('DELETE FROM spendwatch.leader WHERE scope = $1 AND token = $2', [scope, token]);
}

/**
 * Throws AppError `lease_lost` when another worker has taken the lease, so that a poll which was under way then (in a frozen
 * process, for example) records nothing. The row is not locked: a process that freezes at this point keeps nobody from
 * taking over, and the ledger still prevents duplicates.
 */
export async function ensureHeld(session: SqlSession, { scope, token }: Candidate): Promise<void> {
  const [other] = await session.query(
    'SELECT token FROM spendwatch.leader WHERE scope = $1 AND token <> $2',
    [scope, token],
  );
  if (other !== undefined) throw new AppError('lease_lost', 'another worker polls now');
}
