// What the live sums know from one refresh to the next.

import type { Measure } from '../../model/measure.ts';
import type { Query } from '../../model/series.ts';
import type { AuditStore } from '../../stores/audit-store.ts';
import { DAY, HOUR, type Length } from '../series/grid.ts';
import type { AggregatePlan } from './aggregate-plan.ts';
import { type Answers, openAnswers } from './answers.ts';
import {
  type ClosedNeeds,
  closedNeeds,
  lacksNeeded,
  type MissingBuckets,
  missingBuckets,
} from './closed-needs.ts';
import { type IdWatch, UNWATCHED } from './id-watch.ts';
import { type LiveAggregate, mergeMinutes } from './live-aggregate.ts';
import { type SeenMinutes, UNSEEN } from './open-window.ts';
import type { KeptBuckets } from './persist.ts';

/**
 * The state of the live sums. Five phases change it, each in a file of its aggregate: refresh and backfill read the store,
 * close turns open hours into closed buckets, reconcile compares closed buckets with the store, persist keeps them.
 * Instants are in ms.
 */
export interface LiveState {
  readonly store: AuditStore;
  readonly kept: KeptBuckets;
  /** Rows younger than this are read again at every refresh. */
  readonly latenessMs: number;
  /** As in LiveSumsOptions. */
  readonly isOnce: boolean;
  /** By name. */
  readonly aggregates: Map<string, LiveAggregate>;
  answers: Answers;
  asked: Asked;
  /** Hours before it are closed; null before the first refresh. */
  closedTo: number | null;
  /** The end of what the last refresh read; null before the first. */
  refreshedTo: number | null;
  arrivals: IdWatch;
  /** The minutes of the open window as the last refresh saw them. */
  seenMinutes: SeenMinutes;
  /** Whether the next refresh reads all open hours: an aggregate was opened, or the open hours are to be reconciled. */
  rereadsOpen: boolean;
  /** Up to where buckets have the length in which they are needed; null when some came since. */
  compactedTo: number | null;
  /** What was needed and what was there when nothing was missing. */
  completeAs: string;
  /** Since when keys of groups have been collected. */
  openedAt: number | null;
  /** Whether the next refresh restores what is kept: the process that kept it last is gone. */
  startsOver: boolean;
  /** Each closed bucket was read from the store or compared with it at or after this instant; null where that is not known. */
  reconciledAt: number | null;
  /** When all sums were dropped last. */
  begunAnewAt: number;
}

/** What the latest refresh was asked, also where it failed. */
export interface Asked {
  readonly queries: readonly Query[];
  /** Of the refresh before it. */
  readonly before: readonly Query[];
  readonly plan: AggregatePlan;
  readonly at: number;
  /** Time since the refresh before it; 0 for the first. */
  readonly stepMs: number;
  /** Worked out when it is first asked for. */
  needs: ReadonlyMap<LiveAggregate, ClosedNeeds> | null;
}

export const NOTHING_ASKED: Asked = {
  queries: [],
  before: [],
  plan: { aggregates: new Map(), uses: [] },
  at: 0,
  stepMs: 0,
  needs: null,
};

export function newState(
  store: AuditStore,
  kept: KeptBuckets,
  options: Pick<LiveState, 'latenessMs' | 'isOnce'>,
): LiveState {
  const aggregates = new Map<string, LiveAggregate>();
  return {
    store,
    kept,
    ...options,
    aggregates,
    answers: openAnswers(aggregates),
    asked: { ...NOTHING_ASKED },
    closedTo: null,
    refreshedTo: null,
    arrivals: UNWATCHED,
    seenMinutes: UNSEEN,
    rereadsOpen: true,
    compactedTo: null,
    completeAs: '',
    openedAt: null,
    startsOver: false,
    reconciledAt: null,
    begunAnewAt: Number.NEGATIVE_INFINITY,
  };
}

/** The closed buckets that the latest queries need, by aggregate. */
export function needsOf({ asked, aggregates, isOnce }: LiveState): ReadonlyMap<LiveAggregate, ClosedNeeds> {
  // What the next refresh needs is read before it. A schedule of longer steps finds its edges unread: a day ahead is the limit.
  const aheadMs = isOnce ? 0 : Math.min(DAY, Math.max(HOUR, asked.stepMs));
  asked.needs ??= closedNeeds(asked.queries, asked.plan, aggregates, asked.at, aheadMs);
  return asked.needs;
}

/** Which measures are needed of an aggregate's buckets of a length, by the beginning of the newest one. */
export function measuresFor(state: LiveState, length: Length) {
  return (aggregate: LiveAggregate, newest: number): readonly Measure[] =>
    needsOf(state).get(aggregate)?.measuresOf(length, newest) ?? aggregate.measures;
}

/** What each aggregate lacks of what is needed. */
export type Missing = readonly (readonly [LiveAggregate, MissingBuckets])[];

export function missingOf(state: LiveState): Missing {
  return [...needsOf(state)].map(([aggregate, needed]) => [
    aggregate,
    missingBuckets(aggregate, needed, state.closedTo ?? 0),
  ]);
}

/** Whether an hour is known by the minute, where hours before `closedTo` are closed. */
export function isKnownByMinute(state: LiveState, closedTo: number) {
  return (aggregate: LiveAggregate, hour: number): boolean => {
    if (hour >= closedTo) return true;
    const minutes = aggregate.minutes.get(hour);
    if (minutes === undefined) return false;
    return (
      minutes.lacks.length === 0 ||
      !lacksNeeded(aggregate, minutes, measuresFor(state, HOUR)(aggregate, hour))
    );
  };
}

/** Makes a closed bucket of the minutes of an hour. */
export function closeHour({ kept }: LiveState, aggregate: LiveAggregate, hour: number): void {
  mergeMinutes(aggregate, hour);
  kept.note(aggregate, HOUR, hour);
}
