// Which parts of the past are compared with the store, and when.

import { hasGoneBy } from '../model/period.ts';
import type { Window } from '../model/window.ts';
import { DAY, hourOf } from '../sums/series/grid.ts';

/** When which of the past is compared with the store. */
export interface ComparisonPlan {
  /** What is to be compared next; null when nothing is due for now. `oldest` tells where what is kept begins, ms. */
  next(now: number, oldest: () => number | null): Window | null;
  /** What was next has been compared. */
  done(): void;
  /** When the latest comparison of everything began that has come to its end, ms; null before the first. */
  completeSince(): number | null;
  /** What remains waits for the next time between polls. */
  rest(): void;
}

/** What is younger is compared each time, the rest once a day. */
const RECENT_MS = 2 * DAY;
/** Of recent days all hours are kept, whose cells take some 20 MB while they are compared; of older ones mostly the day. */
const RECENT_STEP_MS = DAY / 4;
const STEP_MS = DAY;
/** All older days are compared within this: mostly one between two polls, which no store notices. */
const WITHIN_MS = DAY / 2;

/** Compared every `everyMs`; what is kept at first was just read, so the first time is an interval later. */
export function openComparisonPlan(everyMs: number): ComparisonPlan {
  let comparedAt: number | null = null;
  let comparedAllAt: number | null = null;
  /** Spans that are still to be compared, the newest last. */
  const recent: Window[] = [];
  const older: Window[] = [];
  let daysPlanned = 0;
  /** Whether a comparison of everything is under way. */
  let isWholeDue = false;
  let completeSince: number | null = null;
  /** How many of the older ones may be compared until the rest; null after it. */
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
      // Once until the rest: where a comparison takes longer than its interval, the next one waits for its turn.
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
