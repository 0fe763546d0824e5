// The earlier window with which a window is compared.

import { dayStart, daysBefore, localDay } from './local-time.ts';
import {
  type CALENDAR_WINDOWS,
  type Window,
  type WrittenWindow,
  windowAt,
  windowDaysBefore,
} from './window.ts';

export const COMPARED_WITH = ['previous', 'day', 'week', 'month'] as const;
/** With what a window is compared: the one just before, or the same one a day, a week or a month earlier. */
export type Against = (typeof COMPARED_WITH)[number];

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A month of days, where weekdays must be the same. */
const DAYS = { day: 1, week: 7, month: 28 } as const;

/** What comes before a calendar window. */
const PREVIOUS: Readonly<Record<(typeof CALENDAR_WINDOWS)[number], 'day' | 'week' | 'month'>> = {
  today: 'day',
  yesterday: 'day',
  this_week: 'week',
  this_month: 'month',
};

/** How far back an earlier window lies: so many days or, for calendar windows, a month of the calendar; null is its own length. */
export function distanceBefore(spec: WrittenWindow, against: Against): number | 'month' | null {
  if (spec.kind === 'rolling') return against === 'previous' ? null : DAYS[against];
  const unit = against === 'previous' ? PREVIOUS[spec.word] : against;
  return unit === 'month' && spec.word !== 'this_week' ? 'month' : DAYS[unit];
}

/**
 * The earlier window of an instant. Of a calendar window that is under way it has the same elapsed part, in local time: up to
 * the same day of the month and time of day. A month that is too short for it counts as a whole.
 */
export function windowBefore(spec: WrittenWindow, at: number, against: Against, zone: string): Window {
  const window = windowAt(spec, at, zone);
  const distance = distanceBefore(spec, against);
  if (distance === null) return { from: window.from - (window.to - window.from), to: window.from };
  if (spec.kind === 'rolling') return windowDaysBefore(spec, at, distance as number, zone);
  const [first, last] = [localDay(window.from, zone), localDay(window.to - 1, zone)];
  if (distance !== 'month') {
    return elapsed(window, { first: first - distance, last: last - distance }, zone);
  }
  const before = monthEarlier(last);
  const isWholeMonth = spec.word === 'this_month' && before.isShorter;
  const days = { first: spec.word === 'this_month' ? before.first : before.day, last: before.day };
  const found = elapsed(window, days, zone);
  return isWholeMonth ? { ...found, to: dayStart(days.last + 1, zone) } : found;
}

/** The earlier window of one that is at hand, as seen from its own end. */
export function windowBeforeOf(spec: WrittenWindow, { to }: Window, against: Against, zone: string): Window {
  // From there, yesterday is a whole `today`.
  const isYesterday = spec.kind === 'calendar' && spec.word === 'yesterday';
  return windowBefore(isYesterday ? { ...spec, word: 'today' } : spec, to, against, zone);
}

/** From the beginning of the first day to the time of day on the last one at which a window ends. */
function elapsed(
  { to }: Window,
  days: { readonly first: number; readonly last: number },
  zone: string,
): Window {
  const from = dayStart(days.first, zone);
  const day = localDay(to - 1, zone);
  // A window that ends with its day ends so on the other day, too, however long that is.
  if (localDay(to, zone) > day) return { from, to: dayStart(days.last + 1, zone) };
  // Where clocks skip the first hour of a day, nothing of it has elapsed at its end.
  return { from, to: Math.max(daysBefore(to, day - days.last, zone), dayStart(days.last, zone) + MINUTE) };
}

/** The same day of the month before; the last one where that is shorter. */
function monthEarlier(day: number): {
  readonly first: number;
  readonly day: number;
  readonly isShorter: boolean;
} {
  const date = new Date(day * DAY);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1, 1) / DAY;
  const length = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY - first;
  const place = date.getUTCDate() - 1;
  return { first, day: first + Math.min(place, length - 1), isShorter: place >= length };
}
