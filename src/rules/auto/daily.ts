// What is judged once a day of a group: how lumpy it is, and whether it has a week.

import { meanOf, medianOf } from '../../model/doubles.ts';
import { type Calendar, DAY_HOURS, type Hourly } from './hourly.ts';

const MONTH = 28;
const WEEK = 7;
/** Whole days that the search for a week looks at. */
const SEASON = 84;
/** Below any amount of money, so that a day of 0 has a logarithm. */
const LEAST = 1e-9;

/**
 * The amount that comes as one random lump: near 0 with many calls, and for a job that costs the same every day. It is the
 * smaller of how the same hour differs from day to day, and of what one call costs, both over the four weeks before `day`.
 */
export function lumpOf(hourly: Hourly, calendar: Calendar, day: number): number {
  const { variance, mean } = dayToDay(hourly, calendar, day);
  const ratios: number[] = [];
  for (let week = 1; week * WEEK <= MONTH; week += 1) {
    const ratio = squaresToSum(hourly, calendar, day - week * WEEK);
    if (ratio !== null) ratios.push(ratio);
  }
  const byCalls = ratios.length === 0 ? Number.POSITIVE_INFINITY : medianOf(ratios);
  const byDays = mean > 0 ? variance / mean : 0;
  return Math.max(0, Math.min(byDays, byCalls));
}

/** Sums over the 24 hours of the day: the variance and the mean of that hour's value in the last 28 days. */
function dayToDay(hourly: Hourly, calendar: Calendar, day: number): { variance: number; mean: number } {
  let variance = 0;
  let mean = 0;
  const starts = Array.from({ length: MONTH }, (_, k) => calendar.startOf(day - 1 - k));
  for (let hour = 0; hour < DAY_HOURS; hour += 1) {
    const values = starts.flatMap((start) =>
      start + hour >= hourly.first ? [hourly.sum(start + hour, start + hour + 1)] : [],
    );
    if (values.length === 0) continue;
    const own = meanOf(values);
    mean += own;
    if (values.length < 2) continue;
    let squares = 0;
    for (const value of values) squares += (value - own) ** 2;
    variance += squares / (values.length - 1);
  }
  return { variance, mean };
}

/** Σc² / Σc over the week that begins with a local day; null where nothing was spent. */
function squaresToSum(hourly: Hourly, calendar: Calendar, day: number): number | null {
  const from = Math.max(hourly.first, calendar.startOf(day));
  const to = calendar.startOf(day + WEEK);
  if (from >= to) return null;
  const sum = hourly.sum(from, to);
  const squares = hourly.squares(from, to);
  return sum > 0 ? squares / sum : null;
}

/**
 * Whether there is a week: how much nearer a day is to the same weekday than to others, over the 84 whole days before `day`. 1
 * says that there is none, and less that there is one; 1 with fewer than 28 days.
 */
export function weekOf(hourly: Hourly, calendar: Calendar, day: number): number {
  let from = day - SEASON;
  while (from < day && calendar.startOf(from) < hourly.first) from += 1;
  if (day - from < MONTH) return 1;
  const logs = Array.from({ length: day - from }, (_, i) =>
    Math.log(Math.max(0, dayTotal(hourly, calendar, from + i)) + LEAST),
  );
  const apart = (days: number): number[] =>
    logs.flatMap((log, i) => (i < days ? [] : [Math.abs(log - (logs[i - days] as number))]));
  const others = medianOf([5, 6, 8, 9].flatMap(apart));
  return others > 0 ? (medianOf(apart(WEEK)) / others) ** 2 : 1;
}

function dayTotal(hourly: Hourly, calendar: Calendar, day: number): number {
  return hourly.sum(calendar.startOf(day), calendar.startOf(day + 1));
}
