// When a schedule comes next.

import { cronSchedule } from './cron-schedule.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const YEAR_MS = 366 * DAY;

/** A cache: a month of minutes takes a moment to look through, and some ask every few seconds. */
const known = new Map<string, { readonly from: number; readonly at: number | null }>();

/** The first minute after an instant (ms) in which a cron expression is due; null where there is none within a year. */
export function nextTime(expression: string, zone: string, now: number): number | null {
  const key = `${zone} ${expression}`;
  const last = known.get(key);
  if (last !== undefined && now >= last.from && now < (last.at ?? last.from + DAY)) return last.at;
  const schedule = cronSchedule(expression, zone);
  const from = (Math.floor(now / MINUTE) + 1) * MINUTE;
  let at: number | null = null;
  for (let day = from; at === null && day < from + YEAR_MS; day += DAY)
    at = schedule.instants(day, day + DAY)[0] ?? null;
  known.set(key, { from: now, at });
  return at;
}
