// Decides when an outage begins and ends, and what is notified of it (pure).

import { type Episode, type Notification, type Notified, openEpisode } from '../model/notification.ts';
import { isoInstant, periodKey } from '../model/window.ts';

/** What one poll says about an outage. */
export interface PollHealth {
  readonly at: number;
  /** Why the poll failed, for people and without a secret; null for a good one. */
  readonly failure: string | null;
  /** The time of the newest row, null for a store without rows or one that could not be read. */
  readonly newestRow: number | null;
}

export interface OutagePolicy {
  /** Failed polls in a row that make an outage. */
  readonly outageAfter: number;
  /** An older newest row makes an outage; null switches this off. */
  readonly staleAfterMs: number | null;
}

/** The failed polls so far, in a row; `NO_FAILURES` at the start. */
export interface FailedRun {
  readonly polls: number;
  /** The instant of the first of them; null when there is none. */
  readonly since: number | null;
}

export const NO_FAILURES: FailedRun = { polls: 0, since: null };

/** `unsure`: polls failed, but too few in a row for an outage. `since` is when the outage began. */
export type Condition =
  | { readonly kind: 'ok' }
  | { readonly kind: 'unsure' }
  | { readonly kind: 'outage'; readonly reason: string; readonly since: number };

/**
 * The condition after a poll. A poll in which any rule failed counts as failed: that rule is not watched, and people must
 * learn of it.
 */
export function conditionAfter(
  run: FailedRun,
  poll: PollHealth,
  policy: OutagePolicy,
): { readonly run: FailedRun; readonly condition: Condition } {
  if (poll.failure !== null) {
    const since = run.since ?? poll.at;
    const next = { polls: run.polls + 1, since };
    const isOutage = next.polls >= policy.outageAfter;
    const condition: Condition = isOutage
      ? { kind: 'outage', reason: poll.failure, since }
      : { kind: 'unsure' };
    return { run: next, condition };
  }
  const { newestRow, at } = poll;
  if (newestRow !== null && policy.staleAfterMs !== null && at - newestRow > policy.staleAfterMs) {
    const reason = `no new rows in the audit store since ${isoInstant(newestRow)}`;
    return { run: NO_FAILURES, condition: { kind: 'outage', reason, since: newestRow } };
  }
  return { run: NO_FAILURES, condition: { kind: 'ok' } };
}

/** Message types, and the names under which the ledger keeps them. */
export const OUTAGE = 'health.blind';
export const RECOVERED = 'health.sees';
/** The group under which the ledger keeps outages, which have no groups of their own. */
const SELF = 'spendwatch';
const STEP = 3;

/** What is to be recorded. The ledger lets an outage through once a day, and its end once. */
export interface OutageNotice {
  readonly kind: typeof OUTAGE | typeof RECOVERED;
  readonly notification: Notification;
  readonly episode: Episode;
}

/**
 * What to notify of an outage or its end, or null. `open` is the episode of OUTAGE in the ledger; null where no outage was
 * notified. Recording OUTAGE begins that episode and recording RECOVERED ends it, so all replicas together notify each once.
 */
export function outageNotice(
  condition: Condition,
  open: Episode | null,
  at: number,
  zone: string,
): OutageNotice | null {
  if (condition.kind === 'unsure' || (condition.kind === 'ok' && open === null)) return null;
  const since = open?.since ?? (condition.kind === 'outage' ? condition.since : at);
  const episode = openEpisode(SELF, STEP, since);
  const [kind, period] =
    condition.kind === 'outage'
      ? ([OUTAGE, periodKey('day', at, zone)] as const)
      : ([RECOVERED, `episode/${isoInstant(since)}`] as const);
  const notified: Omit<Notified, 'isResolved'> = { groupId: SELF, period, step: STEP, value: 0n, at };
  return { kind, notification: { ...notified, group: [], since, growth: null }, episode };
}

const HOUR = 3_600_000;

/**
 * `stale_after: auto`: twice the longest gap between rows, up to the full hour, at least 1 h. `occupied` are the
 * ascending beginnings (ms) of those spans of equal length of the last 28 days that have a row; the gap is known to
 * the length of a span, so spans of some minutes suit a store with rows every minute.
 */
export function staleAfterAuto(occupied: readonly number[]): number {
  let longest = 0;
  for (const [i, begin] of occupied.entries())
    longest = Math.max(longest, begin - (occupied[i - 1] ?? begin));
  return Math.max(HOUR, Math.ceil((2 * longest) / HOUR) * HOUR);
}
