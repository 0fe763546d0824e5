// One send at a time among all processes, for channels with a limited rate.

import type { Sql } from '../sql/port.ts';
import { type Claimed, claim, isAnyDue } from './outbox.ts';

/** Another process sends to the channel, or has just done so: a send may begin in so many ms. */
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
 * Claims as `claim` does, for a channel whose receiver limits the rate: only one delivery at a time among all processes,
 * and none before `spacingMs` have passed since the last attempt ended. A process that dies while it sends holds the
 * slot as long as its lease. Nothing here waits for what another process has locked.
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
      `INSERT INTO spendwatch.channel_turn (channel, free_at, spacing) VALUES ($1, clock_timestamp(), $2::text::interval)
       ON CONFLICT (channel) DO NOTHING`,
      [channel, spacing],
    );
    const [slot] = await session.query<{ wait_ms: number }>(
      `SELECT (extract(epoch FROM free_at - clock_timestamp()) * 1000)::float8 AS wait_ms
       FROM spendwatch.channel_turn WHERE channel = $1 FOR UPDATE SKIP LOCKED`,
      [channel],
    );
    if (slot === undefined) return { waitMs: spacingMs };
    // A slot that is free only after the longest possible time was taken before the database's clock was set back.
    if (slot.wait_ms > 0 && slot.wait_ms <= longestMs) return { waitMs: Math.ceil(slot.wait_ms) };
    const claimed = await claim(session, channel, now, leaseMs, except);
    if (claimed === null) return null;
    await session.query(
      `UPDATE spendwatch.channel_turn
       SET token = $2, spacing = $3::text::interval, free_at = clock_timestamp() + $4::text::interval
       WHERE channel = $1`,
      [channel, claimed.token, spacing, `${longestMs} milliseconds`],
    );
    return claimed;
  });
}
