// Closes hours that are old enough, opens them again, and drops all of them.

import { DAY, dayOf, HOUR, hourOf, hoursBetween, LENGTHS, type Length } from '../series/grid.ts';
import { openAnswers } from './answers.ts';
import { compact } from './compact.ts';
import { type CubeCells, dropWhole, sealHour, wholesOf } from './cube-cells.ts';
import { UNWATCHED } from './id-watch.ts';
import type { CellsToRead } from './late-cells.ts';
import type { EdgeNeeds } from './needs.ts';
import { UNSEEN } from './open-window.ts';
import { closeHour, type LiveState, needsOf } from './state.ts';

/**
 * Hours that are not old enough at `at` are open again: the clock went back, or they were closed by a clock that was
 * ahead or with a shorter lateness, and rows are still to come.
 */
export function reopenHours(state: LiveState, at: number): void {
  const closable = hourOf(at - state.latenessMs);
  const { closedTo } = state;
  // Closed buckets beyond it come with cubes that are opened, and no other way.
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
  readonly again: CellsToRead;
  readonly edges: EdgeNeeds;
}

/** Closes the hours that are old enough now, and those again in which rows came late. */
export function closeHours(state: LiveState, { closedTo, closable, late, again, edges }: ToClose): void {
  for (const own of state.cubes.values()) {
    for (const hour of late) {
      if (hour >= closedTo) continue;
      if (own.hours.has(hour) && again.byMinute.get(own)?.has(hour)) sealHour(own, hour);
      // Where they are not in memory this removes what is kept of them, which lacks the row.
      state.kept.note(own, HOUR, hour);
      state.kept.note(own, DAY, dayOf(hour));
    }
    for (const hour of hoursBetween(closedTo, closable)) closeHour(state, own, hour);
    for (const hour of own.details.keys()) {
      if (hour < closable && edges.hours.get(own)?.has(hour) !== true) own.details.delete(hour);
    }
  }
}

/** Hours become days where no query needs them one by one, and what none needs is forgotten. */
export function compactAll(state: LiveState, closedTo: number): void {
  if (state.isOnce || state.compactedTo === closedTo) return;
  for (const [own, needed] of needsOf(state)) {
    compact(own, needed, closedTo, (length, begin) => state.kept.note(own, length, begin));
  }
  state.compactedTo = closedTo;
}

/** Drops all sums, also those in the state store: the rows that they were made of are gone. */
export function beginAnew(state: LiveState): void {
  dropBuckets(state, Number.NEGATIVE_INFINITY);
  for (const own of state.cubes.values()) {
    own.details.clear();
    own.pieces.clear();
  }
  state.answers = openAnswers(state.cubes);
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
  const drop = (own: CubeCells, length: Length, begin: number): void => {
    dropWhole(own, length, begin);
    state.kept.note(own, length, begin);
  };
  for (const own of state.cubes.values()) {
    for (const length of LENGTHS) {
      for (const begin of [...wholesOf(own, length).keys()]) {
        if (begin + length > after) drop(own, length, begin);
      }
    }
  }
}
