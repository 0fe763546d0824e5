// Closes hours that are old enough, opens them again, and drops all of them.

import { DAY, dayOf, HOUR, hourOf, hoursBetween, LENGTHS, type Length } from '../series/grid.ts';
import { openAnswers } from './answers.ts';
import { compact } from './compact.ts';
import type { EdgeNeeds } from './edge-needs.ts';
import { UNWATCHED } from './id-watch.ts';
import type { BucketsToRead } from './late-hours.ts';
import { closedBuckets, dropClosed, type LiveAggregate, mergeMinutes } from './live-aggregate.ts';
import { UNSEEN } from './open-window.ts';
import { closeHour, type LiveState, needsOf } from './state.ts';

/**
 * Hours that are not old enough at `at` are open again: the clock went back, or they were closed by a clock that was
 * ahead or with a shorter lateness, and rows are still to come.
 */
export function reopenHours(state: LiveState, at: number): void {
  const closable = hourOf(at - state.latenessMs);
  const { closedTo } = state;
  // Closed buckets beyond it come with aggregates that are opened, and no other way.
  if (closedTo === null || (closedTo <= closable && !state.rereadsOpen)) return;
  if (closedTo > closable) {
    state.closedTo = closable;
    state.rereadsOpen = true;
  }
  dropBuckets(state, Math.min(closedTo, closable));
}

/** What a refresh knows when it closes hours. */
export interface ToClose {
  /** Hours before it are closed already, and up to `closable` they can be. */
  readonly closedTo: number;
  readonly closable: number;
  /** Hours in which rows came late, and what was read of them again. */
  readonly late: readonly number[];
  readonly again: BucketsToRead;
  readonly edges: EdgeNeeds;
}

/** Closes the hours that are old enough now, and those again in which rows came late. */
export function closeHours(state: LiveState, { closedTo, closable, late, again, edges }: ToClose): void {
  for (const aggregate of state.aggregates.values()) {
    for (const hour of late) {
      if (hour >= closedTo) continue;
      if (aggregate.hours.has(hour) && again.byMinute.get(aggregate)?.has(hour))
        mergeMinutes(aggregate, hour);
      // Where they are not in memory this removes what is kept of them, which lacks the row.
      state.kept.note(aggregate, HOUR, hour);
      state.kept.note(aggregate, DAY, dayOf(hour));
    }
    for (const hour of hoursBetween(closedTo, closable)) closeHour(state, aggregate, hour);
    for (const hour of aggregate.minutes.keys()) {
      if (hour < closable && edges.hours.get(aggregate)?.has(hour) !== true) aggregate.minutes.delete(hour);
    }
  }
}

/** Hours become days where no query needs them one by one, and what none needs is forgotten. */
export function compactAll(state: LiveState, closedTo: number): void {
  if (state.isOnce || state.compactedTo === closedTo) return;
  for (const [aggregate, needed] of needsOf(state)) {
    compact(aggregate, needed, closedTo, (length, begin) => state.kept.note(aggregate, length, begin));
  }
  state.compactedTo = closedTo;
}

/** Drops all sums, also those in the state store: the rows that they were made of are gone. */
export function beginAnew(state: LiveState): void {
  dropBuckets(state, Number.NEGATIVE_INFINITY);
  for (const aggregate of state.aggregates.values()) {
    aggregate.minutes.clear();
    aggregate.partials.clear();
  }
  state.answers = openAnswers(state.aggregates);
  state.closedTo = null;
  state.compactedTo = null;
  state.refreshedTo = null;
  state.reconciledAt = null;
  state.arrivals = UNWATCHED;
  state.seenMinutes = UNSEEN;
  state.rereadsOpen = true;
  state.completeAs = '';
}

/** Drops closed buckets that end after an instant. */
function dropBuckets(state: LiveState, after: number): void {
  const drop = (aggregate: LiveAggregate, length: Length, begin: number): void => {
    dropClosed(aggregate, length, begin);
    state.kept.note(aggregate, length, begin);
  };
  for (const aggregate of state.aggregates.values()) {
    for (const length of LENGTHS) {
      for (const begin of [...closedBuckets(aggregate, length).keys()]) {
        if (begin + length > after) drop(aggregate, length, begin);
      }
    }
  }
}
