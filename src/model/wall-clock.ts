// Local times without a zone <-> instants.

import { smallestOf } from './extremes.ts';
import { offsetAt, steadySince } from './local-time.ts';

const DAY = 86_400_000;
/** Beyond these the offset of the zone is taken to be what it is there: no rule reaches so far. */
const FIRST = Date.UTC(1900, 0, 1);
const LAST = Date.UTC(2200, 0, 1);
/** The last instant that a Date can hold. */
const LAST_INSTANT = 8_640_000_000_000_000;

/**
 * The instant of a local time, which is given in ms as if it were UTC. A local time that comes twice is the first of the two;
 * one that is skipped counts by the offset before the change, as PostgreSQL reads it.
 */
export function instantOfWall(local: number, zone: string): number {
  // Two days away, a change of clocks is over, whatever the offset from UTC.
  const before = offsetNear(local - 2 * DAY, zone);
  const after = offsetNear(local + 2 * DAY, zone);
  const valid = [before, after]
    .map((offset) => local - offset)
    .filter((at) => at + offsetNear(at, zone) === local);
  return valid.length === 0 ? local - before : smallestOf(valid);
}

/**
 * The local time (ms, as if it were UTC) before which exactly those local times lie that are read as earlier than an instant,
 * but for skipped ones: see `skippedAt`. While an hour is repeated, that is its end.
 */
export function wallBound(at: number, zone: string): number {
  const change = changeAt(at, zone);
  const local = at + offsetNear(at, zone);
  const bound = change === null ? local : Math.max(local, change.at + change.before);
  return Math.min(Math.max(bound, -LAST_INSTANT), LAST_INSTANT);
}

/**
 * The local times [from, to) that were skipped, if they are read as instants around this one; null where none are. They are
 * read as `to - from` later than they say.
 */
export function skippedAt(at: number, zone: string): { readonly from: number; readonly to: number } | null {
  const change = changeAt(at, zone);
  if (change === null) return null;
  const [from, to] = [change.at + change.before, change.at + change.after];
  return from < to && at < change.at + (to - from) ? { from, to } : null;
}

interface Change {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** The last change of clocks up to an instant, with the offsets before and after it. */
function changeAt(at: number, zone: string): Change | null {
  const since = steadySince(Math.min(Math.max(at, FIRST), LAST), zone);
  if (since < FIRST || at > LAST) return null;
  return { at: since, before: offsetAt(since - 1, zone), after: offsetAt(since, zone) };
}

function offsetNear(at: number, zone: string): number {
  return offsetAt(Math.min(Math.max(at, FIRST), LAST), zone);
}
