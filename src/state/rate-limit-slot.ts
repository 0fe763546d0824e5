// One send at a time among all processes, for channels with a limited rate.

import type { Sql } from '../sql/port.ts';
import { type Claimed, claim, isAnyDue } from './outbox.ts';

/** Another process is sending to the channel or has just done so. The next send may begin in `waitMs`. */
export interface SlotTaken {
  readonly waitMs: number;
}

/** What a claim asks for, as in `claim`. */
export interface ClaimTerms {
  readonly now: number;
  readonly leaseMs: number;
  readonly except: readonly string[];
}

/**
 * Claims as `claim` does, for a channel whose receiver limits the rate: one delivery at a time among all processes, and none
 * until `spacingMs` after the end of the last attempt. A process that dies while it sends holds the slot until its lease
 * would have ended. Never waits for another process's locks.
 */
export async function claimRateLimited(
  sql: Sql,
  channel: string,
  spacingMs: number,
  { now, leaseMs, except }: ClaimTerms,
): Promise<Claimed | SlotTaken | null> {
  if (!(await isAnyDue(sql, channel, now, except))) return null;
  const spacing = `${spacingMs} milliseconds`;
  const longestMs = leaseMs + spacingMs;
  return sql.transaction({}, async (session) => {
    await session.query(
      `INSERT INTO spendwatch.rate_limit_slot (channel, free_at, spacing) VALUES ($1, clock_timestamp(), $2::text::interval)
       ON CONFLICT (channel) DO NOTHING`,
      [channel, spacing],
    );
    const [slot] = await session.query<{ wait_ms: number }>(
      `SELECT (extract(epoch FROM free_at - clock_timestamp()) * 1000)::float8 AS wait_ms
       FROM spendwatch.rate_limit_slot WHERE channel = $1 FOR UPDATE SKIP LOCKED`,
      [channel],
    );
    if (slot === undefined) return { waitMs: spacingMs };
    // A wait longer than any can be means that the slot was taken before the database's clock was set back.
    if (slot.wait_ms > 0 && slot.wait_ms <= longestMs) return { waitMs: Math.ceil(slot.wait_ms) };
    const claimed = await claim(session, channel, now, leaseMs, except);
    if (claimed === null) return null;
    await session.query(
      `UPDATE spendwatch.rate_limit_slot
       SET token = $2, spacing = $3::text::interval, free_at = clock_timestamp() + $4::text::interval
       WHERE channel = $1`,
      [channel, claimed.token, spacing, `${longestMs} milliseconds`],
    );
    return claimed;
  });
}
