// Reads closed buckets that are missing, the newest first, some at a time between polls.

import { aggregateName } from '../../model/aggregate.ts';
import { largestOf } from '../../model/extremes.ts';
import { DAY, dayOf, HOUR, hoursBetween, LENGTHS, type Length } from '../series/grid.ts';
import { edgeNeeds } from './edge-needs.ts';
import { comingWindows, readEdges } from './prefetch-edges.ts';
import { readClosed } from './read-buckets.ts';
import { persist } from './refresh.ts';
import {
  closeHour,
  isKnownByMinute,
  type LiveState,
  type Missing,
  measuresFor,
  missingOf,
  needsOf,
} from './state.ts';

/** How far the backfill has come, in hours of the past. */
export interface BackfillProgress {
  readonly done: number;
  readonly total: number;
}

/** After a chunk that took less than this, the next one has twice as many days, up to the longest. */
const SHORT_CHUNK_MS = 500;
const MAX_CHUNK_MS = 8 * DAY;
/** About as many hours as the edges of all windows lie in. */
const FEW_HOURS = 500;

/** Reads until nothing is missing that the latest queries need now or soon, or `budgetMs` is over. */
export async function backfill(state: LiveState, budgetMs: number): Promise<BackfillProgress> {
  // Before ids are followed, a row that comes late to what is read now would be missed.
  if (state.refreshedTo === null) return { done: 0, total: 0 };
  const begun = performance.now();
  const isOver = (): boolean => performance.now() - begun >= budgetMs;
  const isComplete = (): boolean => fingerprintOf(state) === state.completeAs;
  // Hours that are read by the minute need not be read again as closed ones. Only for a few: whole days are read faster.
  const edgesFirst = isComplete() || hoursIn(missingOf(state)).size <= FEW_HOURS;
  if (edgesFirst) {
    await prefetchEdges(state, isOver);
    if (isComplete()) return { done: 0, total: 0 };
    closeEdges(state);
  }
  const total = hoursIn(missingOf(state)).size;
  for (let chunkMs = DAY; ; ) {
    const missing = missingOf(state);
    const left = hoursIn(missing);
    if (left.size === 0) {
      state.completeAs = fingerprintOf(state);
      if (!edgesFirst) await prefetchEdges(state, isOver);
    }
    if (left.size === 0 || isOver()) return { done: total - left.size, total };
    const tookMs = await readChunk(state, missing, dayOf(largestOf(left)) + DAY - chunkMs);
    // Days together cost less than one by one, but no transaction should be long.
    chunkMs = tookMs < SHORT_CHUNK_MS ? Math.min(MAX_CHUNK_MS, chunkMs * 2) : DAY;
    await persist(state);
  }
}

/** Reads the hours by the minute that the edges of the next refresh fall into, until it `isOver`. */
export async function prefetchEdges(state: LiveState, isOver: () => boolean): Promise<void> {
  const { asked, aggregates, store, closedTo, refreshedTo, isOnce } = state;
  if (isOnce || closedTo === null || refreshedTo === null) return;
  const coming = comingWindows(asked.queries, asked.before);
  const { hours } = edgeNeeds(coming, asked.plan, aggregates, refreshedTo, isKnownByMinute(state, closedTo));
  await readEdges(store, hours, measuresFor(state, HOUR), isOver);
}

/** Reads what is missing from an instant on, in one transaction; returns how long that took, ms. */
async function readChunk(state: LiveState, missing: Missing, from: number): Promise<number> {
  const begun = performance.now();
  await state.store.snapshot(async (snapshot) => {
    for (const length of LENGTHS) {
      const wanted = chunkOf(missing, length, from);
      await readClosed(snapshot, length, wanted, measuresFor(state, length));
      for (const [aggregate, begins] of wanted)
        for (const begin of begins) state.kept.note(aggregate, length, begin);
    }
  });
  state.compactedTo = null;
  return performance.now() - begun;
}

function chunkOf(missing: Missing, length: Length, from: number) {
  return new Map(
    missing.map(([aggregate, { hours, days }]) => {
      const begins = length === HOUR ? hours : days;
      return [aggregate, new Set([...begins].filter((begin) => begin >= from))] as const;
    }),
  );
}

/** Closes hours that are known by the minute and needed as closed ones. */
function closeEdges(state: LiveState): void {
  const isKnown = isKnownByMinute(state, state.closedTo ?? 0);
  for (const [aggregate, { hours }] of missingOf(state)) {
    for (const hour of hours) if (isKnown(aggregate, hour)) closeHour(state, aggregate, hour);
  }
}

/** All hours of the past that some aggregates miss, by their beginnings. */
function hoursIn(missing: Missing): Set<number> {
  const hours = new Set<number>();
  for (const [, begins] of missing) {
    for (const hour of begins.hours) hours.add(hour);
    for (const day of begins.days) for (const hour of hoursBetween(day, day + DAY)) hours.add(hour);
  }
  return hours;
}

/** What is needed and what is there: the same text means that nothing changed. */
function fingerprintOf(state: LiveState): string {
  const needed = [...needsOf(state)].map(
    ([aggregate, { name }]) => `${aggregateName(aggregate)} ${aggregate.version} ${name}`,
  );
  return [state.closedTo, ...needed].join();
}
