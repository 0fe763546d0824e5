// Follows the insert order, and the ids that are still missing.

import type { IdGap, RollupSource } from '../../stores/audit-store.ts';
import { HOUR } from '../series/grid.ts';

/** How far the insert order has been followed, and which ids below that are still to come. */
export interface IdWatch {
  /** Null before the first refresh, and where the store has no insert order. */
  readonly newestId: string | null;
  readonly gaps: readonly WatchedGap[];
}

export interface WatchedGap extends IdGap {
  /** The instant (ms) at which it was first missed. */
  readonly seenAt: number;
}

export const UNWATCHED: IdWatch = { newestId: null, gaps: [] };

/** A transaction that took an id this long ago has ended; what it held for longer is found by the reconcile. */
const WATCH_MS = 24 * HOUR;
/** Ids below the newest that are searched at the first refresh for rows that were in flight then. */
const FIRST_SEARCH = 10_000n;

/**
 * Follows the insert order: the hours into which rows fell that lie before the open window, whatever their time and in whatever
 * order their transactions were committed. An id cursor alone would lose rows that were committed late, so ids that
 * are missing are watched for a day. Where the ids start again (`startAgain`), nothing that came before them is known to be
 * there still.
 */
export async function followIds(
  changes: RollupSource | null,
  watch: IdWatch,
  openFrom: number,
  at: number,
): Promise<{ readonly watch: IdWatch; readonly hours: readonly number[]; readonly startAgain: boolean }> {
  if (changes === null) return { watch, hours: [], startAgain: false };
  if (watch.newestId === null) {
    const newestId = await changes.newestId();
    if (newestId === null) return { watch, hours: [], startAgain: false };
    const after = BigInt(newestId) > FIRST_SEARCH ? BigInt(newestId) - FIRST_SEARCH : 0n;
    const { gaps } = await changes.arrivals(String(after), [], openFrom);
    const watched = gaps.map((gap) => ({ ...gap, seenAt: at }));
    return { watch: { newestId, gaps: watched }, hours: [], startAgain: false };
  }
  // Old gaps are dropped only after they were searched: they may have been filled since the last refresh.
  const { newest, gaps, hours, startAgain } = await changes.arrivals(watch.newestId, watch.gaps, openFrom);
  const stillMissing = gaps.map((gap) => ({ ...gap, seenAt: firstSeen(gap, watch.gaps) ?? at }));
  return {
    watch: { newestId: newest, gaps: stillMissing.filter(({ seenAt }) => at - seenAt < WATCH_MS) },
    hours,
    startAgain,
  };
}

/** A gap that was filled in part keeps the age of the whole. */
function firstSeen(gap: IdGap, watched: readonly WatchedGap[]): number | undefined {
  const within = (one: WatchedGap): boolean =>
    BigInt(one.from) <= BigInt(gap.from) && BigInt(gap.to) <= BigInt(one.to);
  return watched.find(within)?.seenAt;
}
