// Plans when which part of the past is reconciled with the store.

import { hasGoneBy } from '../model/period.ts';
import type { Window } from '../model/window.ts';
import { DAY, hourOf } from '../sums/series/grid.ts';

/** Which span of the past is compared with the store next. */
export interface ReconcilePlan {
  /** The span to compare next; null if nothing is due now. `oldest` tells where the kept past begins, ms. */
  next(now: number, oldest: () => number | null): Window | null;
  /** The span of the last `next` has been compared. */
  done(): void;
  /** When the last complete comparison of everything began, ms; null before the first. */
  completeSince(): number | null;
  /** What is left waits until after the next poll. */
  rest(): void;
}

/** The last two days are compared each time, and what is older once a day. */
const RECENT_MS = 2 * DAY;
/** Recent days are kept by the hour, which takes some 20 MB while they are compared. Older ones are mostly kept by the day. */
const RECENT_STEP_MS = DAY / 4;
const STEP_MS = DAY;
/** All older days are compared within this time: mostly one day between two polls, which is little for a store. */
const WITHIN_MS = DAY / 2;

/** Plans a comparison every `everyMs`. What is kept at first was just read, so the first one is an interval later. */
export function openReconcilePlan(everyMs: number): ReconcilePlan {
  let comparedAt: number | null = null;
  let comparedAllAt: number | null = null;
  /** Spans that are still to be compared, the newest last. */
  const recent: Window[] = [];
  const older: Window[] = [];
  let daysPlanned = 0;
  /** Whether a comparison of everything is under way. */
  let isWholeDue = false;
  let completeSince: number | null = null;
  /** How many of the older ones may be compared before the next `rest`; null after it. */
  let olderLeft: number | null = null;
  let begunAt: number | null = null;

  const plan = (now: number, oldest: () => number | null): void => {
    comparedAt ??= now;
    comparedAllAt ??= now;
    if (recent.length > 0 || !hasGoneBy(everyMs, comparedAt, now)) return;
    comparedAt = now;
    const boundary = hourOf(now - RECENT_MS);
    for (const step of steps(boundary, now, RECENT_STEP_MS)) recent.push(step);
    if (older.length > 0 || !hasGoneBy(DAY, comparedAllAt, now)) return;
    comparedAllAt = now;
    isWholeDue = true;
    for (const step of steps(oldest() ?? now, boundary, STEP_MS)) older.push(step);
    daysPlanned = older.length;
  };

  return {
    next(now, oldest) {
      // Planned once until `rest`: if a comparison takes longer than its interval, the next one waits.
      if (olderLeft === null) {
        plan(now, oldest);
        const sinceMs = Math.max(0, now - (begunAt ?? now));
        begunAt = now;
        olderLeft = Math.max(1, Math.ceil((daysPlanned * sinceMs) / WITHIN_MS));
      }
      return recent.at(-1) ?? (olderLeft > 0 ? older.at(-1) : null) ?? null;
    },
    done() {
      if (recent.pop() === undefined) {
        older.pop();
        if (olderLeft !== null) olderLeft -= 1;
      }
      if (recent.length === 0 && older.length === 0 && isWholeDue) {
        completeSince = comparedAllAt;
        isWholeDue = false;
      }
    },
    completeSince: () => completeSince,
    rest() {
      olderLeft = null;
    },
  };
}

function steps(from: number, to: number, stepMs: number): Window[] {
  const spans: Window[] = [];
  for (let begin = from; begin < to; begin += stepMs) {
    spans.push({ from: begin, to: Math.min(begin + stepMs, to) });
  }
  return spans;
}
