// Does spendwatch see (pure).

import type { Episode, Notification, Notified } from '../model/notification.ts';
import { isoInstant, periodKey } from '../model/window.ts';

/** What one poll says about spendwatch's own sight. */
export interface Sight {
  readonly at: number;
  /** Why the poll was not good, for people and without a secret; null for a good one. */
  readonly failure: string | null;
  /** The time of the newest row, null for a store without rows or one that could not be read. */
  readonly newestRow: number | null;
}

export interface HealthPolicy {
  /** Failed polls in a row that make it blind. */
  readonly blindAfter: number;
  /** Age of the newest row beyond which it is blind; null is off. */
  readonly staleAfterMs: number | null;
}

/** The failed polls so far, in a row; `NO_FAILURES` at the start. */
export interface FailedRun {
  readonly polls: number;
  /** The instant of the first of them; null when there is none. */
  readonly since: number | null;
}

export const NO_FAILURES: FailedRun = { polls: 0, since: null };

/** `unsure`: a poll failed, but too few in a row to say so. `since` is when sight was lost. */
export type Condition =
  | { readonly kind: 'sees' }
  | { readonly kind: 'unsure' }
  | { readonly kind: 'blind'; readonly reason: string; readonly since: number };

/**
 * How a poll changes what is known of the own sight (docs/rules.md, "Blindness is an alert"). A poll in which any rule failed
 * is not a good one: what nobody can judge is not watched, and a rule that fails for good must not fail in silence.
 */
export function lookAt(
  run: FailedRun,
  sight: Sight,
  policy: HealthPolicy,
): { readonly run: FailedRun; readonly condition: Condition } {
  if (sight.failure !== null) {
    const since = run.since ?? sight.at;
    const next = { polls: run.polls + 1, since };
    const isBlind = next.polls >= policy.blindAfter;
    const condition: Condition = isBlind
      ? { kind: 'blind', reason: sight.failure, since }
      : { kind: 'unsure' };
    return { run: next, condition };
  }
  const { newestRow, at } = sight;
  if (newestRow !== null && policy.staleAfterMs !== null && at - newestRow > policy.staleAfterMs) {
    const reason = `no new rows in the audit store since ${isoInstant(newestRow)}`;
    return { run: NO_FAILURES, condition: { kind: 'blind', reason, since: newestRow } };
  }
  return { run: NO_FAILURES, condition: { kind: 'sees' } };
}

/** The names under which the ledger keeps what spendwatch says of itself. */
export const BLIND = 'health.blind';
export const SEES = 'health.sees';
/** Spendwatch itself has no groups. */
const SELF = 'spendwatch';
const STEP = 3;

/** What is to be recorded of a condition; `saying` is let through by the ledger once a day, or once per blindness. */
export interface HealthNews {
  readonly kind: typeof BLIND | typeof SEES;
  readonly notification: Notification;
  readonly episode: Episode;
}

/**
 * What to say: `told` is the open episode of BLIND in the ledger, null where blindness was not told. Recording BLIND
 * begins that episode, recording SEES ends it; so all replicas together tell each once.
 */
export function healthNews(
  condition: Condition,
  told: Episode | null,
  at: number,
  zone: string,
): HealthNews | null {
  if (condition.kind === 'unsure' || (condition.kind === 'sees' && told === null)) return null;
  const since = told?.since ?? (condition.kind === 'blind' ? condition.since : at);
  const episode = { groupId: SELF, step: STEP, since };
  const [kind, period] =
    condition.kind === 'blind'
      ? ([BLIND, periodKey('day', at, zone)] as const)
      : ([SEES, `episode/${isoInstant(since)}`] as const);
  const notified: Notified = { groupId: SELF, period, step: STEP, value: 0n, at };
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
