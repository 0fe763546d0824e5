// The hourly sums of a group, and which hours are alike in local time.

import { dayStart, daysBefore, localDay, steadySince } from '../../model/local-time.ts';

export const HOUR = 3_600_000;
export const DAY_HOURS = 24;

/** The hours of one group. Hours are counted from 1970-01-01T00:00Z; an hour without rows is 0. */
export interface Hourly {
  /** The group's first hour with a value. Hours before it do not exist. */
  readonly first: number;
  /** The sum of the hours [from, to). */
  sum(from: number, to: number): number;
  /** The sum of the squares of what each call counts, in the hours [from, to). */
  squares(from: number, to: number): number;
}

/** The hours of a zone's calendar. */
export interface Calendar {
  /** The hour at the same local time `days` whole days before. */
  before(hour: number, days: number): number;
  /** The local day of an hour, as days since 1970-01-01. */
  dayOf(hour: number): number;
  /** The first hour of a local day: the full hour of UTC that is nearest to its midnight. */
  startOf(day: number): number;
}

const calendars = new Map<string, Calendar>();

/** The calendar of an IANA zone. A window of whole hours is known by its last hour, and moves with its end. */
export function calendarOf(zone: string): Calendar {
  const known = calendars.get(zone);
  if (known !== undefined) return known;
  const made = openCalendar(zone);
  calendars.set(zone, made);
  return made;
}

function openCalendar(zone: string): Calendar {
  const starts = new Map<number, number>();
  let steady = { hour: Number.NaN, since: 0 };
  return {
    before(hour, days) {
      if (steady.hour !== hour) steady = { hour, since: steadySince((hour + 1) * HOUR, zone) / HOUR };
      // Where clocks did not change since the day before it, all days have 24 hours.
      if (hour - (days + 1) * DAY_HOURS >= steady.since) return hour - days * DAY_HOURS;
      return Math.round(daysBefore((hour + 1) * HOUR, days, zone) / HOUR) - 1;
    },
    dayOf: (hour) => localDay((hour + 0.5) * HOUR, zone),
    startOf(day) {
      let start = starts.get(day);
      if (start === undefined) {
        start = Math.round(dayStart(day, zone) / HOUR);
        starts.set(day, start);
      }
      return start;
    },
  };
}
