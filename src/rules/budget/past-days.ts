// The days before today that a forecast needs, as windows and as sums of one group.

import { dayStart, daysBefore, localDay } from '../../model/local-time.ts';
import type { Measured } from '../../model/metric-value.ts';
import { isPartOfDay, type PastDays } from '../../model/projection.ts';
import type { Series } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { daysOfHistory } from '../rule-history.ts';

/** Four weeks. */
const DAYS = 28;
const WEEK = 7;
const WEEKS = DAYS / WEEK;
/** Whole days of history that a forecast needs. */
const LEAST_DAYS = 3;

/** Where the windows stand among those of the query, whose first one is the period. */
const DAY = 1;
const REST = DAY + DAYS;
const EARLY = REST + WEEKS;

/**
 * The whole days before today, yesterday first; of the same weekday in the last four weeks the part from the present time of
 * day on; and the third day up to the present time of day.
 */
export function pastWindows(at: number, zone: string): Window[] {
  const today = localDay(at - 1, zone);
  const starts = Array.from({ length: DAYS + 1 }, (_, k) => dayStart(today - k, zone));
  const dayOf = (k: number): Window => ({ from: starts[k] as number, to: starts[k - 1] as number });
  /** The present time of day, `k` days before; at the end of a day that is the day's end. */
  const cutOf = (k: number): number => Math.min(daysBefore(at, k, zone), dayOf(k).to);
  const restOf = (k: number): Window => {
    const { from, to } = dayOf(k);
    // A day that is over has no rest. Its window is not used, but a query has the same number of windows at each instant.
    return { from: cutOf(k) < to ? Math.max(from, cutOf(k)) : from, to };
  };
  const third = dayOf(LEAST_DAYS);
  return [
    ...Array.from({ length: DAYS }, (_, i) => dayOf(i + 1)),
    ...Array.from({ length: WEEKS }, (_, i) => restOf((i + 1) * WEEK)),
    { from: third.from, to: Math.max(third.from + 1, cutOf(LEAST_DAYS)) },
  ];
}

/** The sums of these windows, by window and group: a series gives those of all groups faster than one by one. */
export function pastSums({ estimates }: Measured, series: Series): readonly Float64Array[] {
  return Array.from({ length: EARLY - DAY }, (_, i) => estimates(series, DAY + i));
}

/** The past of a group; null where its first call is less than three days old. */
export function pastOf(sums: readonly Float64Array[], series: Series, group: number): PastDays | null {
  const oldest = daysOfHistory(series, group, DAYS);
  if (oldest < LEAST_DAYS || (oldest === LEAST_DAYS && !series.has(group, EARLY))) return null;
  const days = sumsOf(sums, group, DAY, oldest);
  if (oldest < DAYS && isPartOfDay(days)) days.pop();
  return { days, rests: sumsOf(sums, group, REST, Math.floor(days.length / WEEK)) };
}

/** Loops, here and in expectedSum: each poll does this for every group. */
function sumsOf(sums: readonly Float64Array[], group: number, first: number, count: number): number[] {
  const own: number[] = [];
  for (let window = first; window < first + count; window += 1) {
    own.push(sums[window - DAY]?.[group] as number);
  }
  return own;
}
