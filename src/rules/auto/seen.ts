// What is no news, because it came before. It is cheap to say of nearly all windows, and rules them out.

import type { Calendar, Hourly } from './hourly.ts';
import { DAY_HOURS } from './hourly.ts';

const WEEK = 7;
/** A group with less history is not judged. */
export const LEAST_DAYS = 7;
/** What is less than this many times what came before is no news. */
const SEEN_TIMES = 1.5;

/** The windows of so many hours of one group. Each is known by its last hour. */
export interface GroupWindows {
  readonly hourly: Hourly;
  readonly calendar: Calendar;
  readonly hours: number;
}

/** The whole days of history before a window. */
export function daysBefore({ hourly, hours }: Omit<GroupWindows, 'calendar'>, hour: number): number {
  return Math.floor((hour - hours + 1 - hourly.first) / DAY_HOURS);
}

/** The sum of a window. */
export function sumAt({ hourly, hours }: Omit<GroupWindows, 'calendar'>, hour: number): number {
  return hourly.sum(hour - hours + 1, hour + 1);
}

/** An amount that came before, so that less is no news; minus infinity with less than two weeks of history. */
export function seenAmount(windows: GroupWindows, hour: number): number {
  const days = daysBefore(windows, hour);
  if (days < 2 * WEEK) return Number.NEGATIVE_INFINITY;
  return seenBefore(days, 0, (day) => sumAt(windows, windows.calendar.before(hour, day)));
}

/** Below which amount a window surely does not fire; infinity with too little history to judge it. */
export function quietBelow(windows: GroupWindows, hour: number, minChange: number): number {
  if (daysBefore(windows, hour) < LEAST_DAYS) return Number.POSITIVE_INFINITY;
  return Math.max(minChange, seenAmount(windows, hour));
}

/** As seenAmount, from two weeks on, for amounts to which something is added before their logs. */
export function seenBefore(days: number, added: number, sumBefore: (days: number) => number): number {
  return SEEN_TIMES * (secondLargest(days, sumBefore) + added) - added;
}

/** The second largest sum of the same window in the last four weeks; minus infinity where there is only one. */
function secondLargest(days: number, sumBefore: (days: number) => number): number {
  let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let day = WEEK; day <= Math.min(days, 4 * WEEK); day += WEEK) {
    const sum = sumBefore(day);
    if (sum > first) [first, second] = [sum, first];
    else if (sum > second) second = sum;
  }
  return second;
}
