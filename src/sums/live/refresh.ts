// A refresh: reads what changed up to an instant, and answers queries from the sums.

import type { Query, Series } from '../../model/series.ts';
import type { AuditSnapshot } from '../../stores/audit-store.ts';
import { HOUR, hourOf, LENGTHS, MINUTE } from '../series/grid.ts';
import { beginAnew, closeHours, compactAll, reopenHours } from './close.ts';
import { planCubes } from './cube-plan.ts';
import { followQueries, forgetKeys } from './follow-queries.ts';
import { followIds } from './id-watch.ts';
import { type CellsToRead, cellsToRead } from './late-cells.ts';
import { type EdgeNeeds, edgeNeeds } from './needs.ts';
import { readOpenWindow, UNSEEN } from './open-window.ts';
import { readHoursByMinute, readParts, readPieces, readWhole } from './read-cells.ts';
import { type Asked, isKnownByMinute, type LiveState, measuresFor, NOTHING_ASKED } from './state.ts';

/** What a refresh brought: answers from sums, null where hours are still missing. */
export interface Refreshed {
  readonly newestRow: number | null;
  readonly rowsRead: number;
  readonly series: readonly (Series | null)[];
  /** Whether the insert ids start again below those that were seen: then all sums are dropped and read anew. */
  readonly begunAnew: boolean;
}

/** After an absence of this long, the hours between are read like old ones instead of by the minute. */
const LONG_ABSENCE_MS = 6 * HOUR;
/**
 * A deleted newest row looks like ids that start again. A store that deletes it often must not be read in full each time: the
 * reconcile finds what else is gone.
 */
const BEGIN_ANEW_EVERY_MS = 24 * HOUR;

/** `now` is later than `at` where missed polls are made up for. */
export async function refresh(
  state: LiveState,
  queries: readonly Query[],
  at: number,
  now: number,
): Promise<Refreshed> {
  forgetKeys(state, at);
  const asked = nextAsked(state.asked, queries, at);
  // Until its cubes are open, nothing is needed of them.
  state.asked = { ...NOTHING_ASKED, at, stepMs: asked.stepMs };
  await followQueries(state, asked.plan, at);
  state.asked = asked;
  reopenHours(state, at);
  for (const own of state.cubes.values()) own.pieces.clear();
  const read = () => state.store.snapshot((snapshot) => readChanges(state, snapshot, at, now));
  const followed = await read();
  if (followed === null) beginAnew(state);
  const seen = followed ?? (await read());
  if (seen === null) throw new RangeError('insert ids that are not watched cannot start again');
  const series = state.answers.to(queries, asked.plan.uses, at);
  await persist(state);
  return { ...seen, series, begunAnew: followed === null };
}

/** Keeps what changed, where sums outlive the process. */
export async function persist(state: LiveState): Promise<void> {
  const { closedTo, refreshedTo, arrivals, reconciledAt } = state;
  if (state.isOnce || closedTo === null || refreshedTo === null) return;
  state.startsOver = !(await state.kept.keep({ closedTo, watch: arrivals, reconciledAt }, refreshedTo));
}

function nextAsked(before: Asked, queries: readonly Query[], at: number): Asked {
  const stepMs = before.at === 0 ? 0 : at - before.at;
  return { queries, before: before.queries, plan: planCubes(queries), at, stepMs, needs: null };
}

/**
 * Reads from one state of the store: the open window, the hours in which rows came late, and the edges of windows. Null
 * when the insert ids start again.
 */
async function readChanges(state: LiveState, snapshot: AuditSnapshot, at: number, now: number) {
  const isFirst = state.closedTo === null;
  const closable = hourOf(at - state.latenessMs);
  const closedTo = closedBefore(state, closable);
  const openFrom = openFromOf(state, closedTo, at);
  const known = state.rereadsOpen ? UNSEEN : state.seenMinutes;
  // A refresh that fails may have taken sums of a minute that is as before when the next one comes.
  state.seenMinutes = UNSEEN;
  for (const own of state.cubes.values()) {
    own.looks += 1;
    // After the clock went back, what lies ahead is read again when it comes.
    for (const hour of own.details.keys()) if (hour > at) own.details.delete(hour);
  }
  // Nothing is known of the past yet: all of it will be read from now on.
  if (isFirst) state.reconciledAt = now;
  const open = await readOpenWindow(snapshot, [...state.cubes.values()], known, openFrom, at);
  const newestRow = open.newestRow ?? (await snapshot.newestRow(at));
  const arrived = await followIds(snapshot.changes, state.arrivals, openFrom, now);
  if (arrived.startAgain && Math.abs(now - state.begunAnewAt) >= BEGIN_ANEW_EVERY_MS) {
    state.begunAnewAt = now;
    return null;
  }
  const late = arrived.hours.filter((hour) => hour < openFrom);
  const again = cellsToRead([...state.cubes.values()], late, closedTo);
  const { queries, plan } = state.asked;
  const edges = edgeNeeds(queries, plan, state.cubes, at, isKnownByMinute(state, closedTo));
  const oldRows = await readOld(state, snapshot, again, edges, { closedTo, at });
  closeHours(state, { closedTo, closable, late, again, edges });
  // Only now: a refresh that failed half-way is made again from where the last whole one ended.
  state.arrivals = arrived.watch;
  state.seenMinutes = open.seen;
  state.rereadsOpen = false;
  state.closedTo = Math.max(closedTo, closable);
  state.refreshedTo = at;
  compactAll(state, state.closedTo);
  return { newestRow, rowsRead: open.rowsRead + oldRows };
}

/** Hours before it are closed. At the first refresh and after a long absence it begins at what can be closed now. */
function closedBefore(state: LiveState, closable: number): number {
  if (state.closedTo !== null && closable - state.closedTo <= LONG_ABSENCE_MS) return state.closedTo;
  state.closedTo = closable;
  for (const own of state.cubes.values()) own.details.clear();
  state.rereadsOpen = true;
  return closable;
}

/** The beginning of the open window: rows from it on are looked at again. */
function openFromOf(
  { rereadsOpen, refreshedTo, latenessMs }: LiveState,
  closedTo: number,
  at: number,
): number {
  if (rereadsOpen) return closedTo;
  const lateFrom = Math.min(at, refreshedTo ?? at) - latenessMs;
  return Math.max(closedTo, Math.floor(lateFrom / MINUTE) * MINUTE);
}

/** Reads hours in which rows came late, and what the edges of windows need of old hours; returns how many rows those were. */
async function readOld(
  state: LiveState,
  snapshot: AuditSnapshot,
  again: CellsToRead,
  edges: EdgeNeeds,
  { closedTo, at }: { readonly closedTo: number; readonly at: number },
): Promise<number> {
  const ofHours = measuresFor(state, HOUR);
  let rows = await readHoursByMinute(snapshot, again.byMinute, at, (own, hour) =>
    // Hours that are not over are put together with what comes, which has all measures.
    hour < closedTo ? ofHours(own, hour) : own.cube.measures,
  );
  rows += await readHoursByMinute(snapshot, edges.byMinute, at, ofHours);
  rows += await readPieces(snapshot, edges.pieces);
  rows += await readParts(snapshot, edges.parts, ofHours);
  for (const length of LENGTHS) {
    rows += await readWhole(snapshot, length, again.whole[length], measuresFor(state, length));
  }
  return rows;
}
