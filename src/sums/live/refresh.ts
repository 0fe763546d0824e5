// A refresh: reads what changed up to an instant, and answers queries from the sums.

import type { Query, Series } from '../../model/series.ts';
import type { AuditSnapshot } from '../../stores/audit-store.ts';
import { HOUR, hourOf, LENGTHS, MINUTE } from '../series/grid.ts';
import { planAggregates } from './aggregate-plan.ts';
import { beginAnew, closeHours, compactAll, reopenHours } from './close.ts';
import { type EdgeNeeds, edgeNeeds } from './edge-needs.ts';
import { followQueries, forgetKeys } from './follow-queries.ts';
import { followIds } from './id-watch.ts';
import { type BucketsToRead, bucketsToRead } from './late-hours.ts';
import { readOpenWindow, UNSEEN } from './open-window.ts';
import { readClosed, readHoursByMinute, readPartialHours, readPartialMinutes } from './read-buckets.ts';
import { type Asked, isKnownByMinute, type LiveState, measuresFor, NOTHING_ASKED } from './state.ts';

/** The outcome of a refresh: answers from sums, null where buckets are still missing. */
export interface Refreshed {
  readonly newestRow: number | null;
  readonly rowsRead: number;
  readonly series: readonly (Series | null)[];
  /** Whether insert ids start again below those seen before. All sums are then dropped and read anew. */
  readonly begunAnew: boolean;
}

/** After an absence of this long, the hours between are read like old ones instead of by the minute. */
const LONG_ABSENCE_MS = 6 * HOUR;
/**
 * A deleted newest row refreshes like ids that start again. A store that deletes it often must not be read in full each time: the
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
  // Nothing is needed of aggregates until they are open.
  state.asked = { ...NOTHING_ASKED, at, stepMs: asked.stepMs };
  await followQueries(state, asked.plan, at);
  state.asked = asked;
  reopenHours(state, at);
  for (const aggregate of state.aggregates.values()) aggregate.partials.clear();
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
  return { queries, before: before.queries, plan: planAggregates(queries), at, stepMs, needs: null };
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
  // A refresh that fails may have taken sums of a minute that is as before by the next one.
  state.seenMinutes = UNSEEN;
  for (const aggregate of state.aggregates.values()) {
    aggregate.refreshes += 1;
    // After the clock was set back, later hours are read again when their time comes.
    for (const hour of aggregate.minutes.keys()) if (hour > at) aggregate.minutes.delete(hour);
  }
  // Nothing of the past is known yet: all of it will be read from now on.
  if (isFirst) state.reconciledAt = now;
  const open = await readOpenWindow(snapshot, [...state.aggregates.values()], known, openFrom, at);
  const newestRow = open.newestRow ?? (await snapshot.newestRow(at));
  const arrived = await followIds(snapshot.changes, state.arrivals, openFrom, now);
  if (arrived.startAgain && Math.abs(now - state.begunAnewAt) >= BEGIN_ANEW_EVERY_MS) {
    state.begunAnewAt = now;
    return null;
  }
  const late = arrived.hours.filter((hour) => hour < openFrom);
  const again = bucketsToRead([...state.aggregates.values()], late, closedTo);
  const { queries, plan } = state.asked;
  const edges = edgeNeeds(queries, plan, state.aggregates, at, isKnownByMinute(state, closedTo));
  const oldRows = await readOld(state, snapshot, again, edges, { closedTo, at });
  closeHours(state, { closedTo, closable, late, again, edges });
  // Set last: a refresh that failed half-way is repeated from where the last complete one ended.
  state.arrivals = arrived.watch;
  state.seenMinutes = open.seen;
  state.rereadsOpen = false;
  state.closedTo = Math.max(closedTo, closable);
  state.refreshedTo = at;
  compactAll(state, state.closedTo);
  return { newestRow, rowsRead: open.rowsRead + oldRows };
}

/** The end of the closed hours. At the first refresh and after a long absence it is what can be closed now. */
function closedBefore(state: LiveState, closable: number): number {
  if (state.closedTo !== null && closable - state.closedTo <= LONG_ABSENCE_MS) return state.closedTo;
  state.closedTo = closable;
  for (const aggregate of state.aggregates.values()) aggregate.minutes.clear();
  state.rereadsOpen = true;
  return closable;
}

/** The beginning of the open window: later rows are checked again at every refresh. */
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
  again: BucketsToRead,
  edges: EdgeNeeds,
  { closedTo, at }: { readonly closedTo: number; readonly at: number },
): Promise<number> {
  const ofHours = measuresFor(state, HOUR);
  let rows = await readHoursByMinute(snapshot, again.byMinute, at, (aggregate, hour) =>
    // Open hours are merged with rows to come, of which all measures are read.
    hour < closedTo ? ofHours(aggregate, hour) : aggregate.measures,
  );
  rows += await readHoursByMinute(snapshot, edges.byMinute, at, ofHours);
  rows += await readPartialMinutes(snapshot, edges.partialMinutes);
  rows += await readPartialHours(snapshot, edges.partialHours, ofHours);
  for (const length of LENGTHS) {
    rows += await readClosed(snapshot, length, again.closed[length], measuresFor(state, length));
  }
  return rows;
}
