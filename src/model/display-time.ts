// Instants and spans for people.

import { Temporal } from 'temporal-polyfill';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An instant on the wall clock of `zone`: `2026-11-20 02:05 UTC`, `2026-11-20 03:05 UTC+01:00`; seconds where there are some. */
export function localTime(at: number, zone: string): string {
  const local = zoned(at, zone);
  return `${local.toPlainDate()} ${clock(local)} ${offset(local, zone)}`;
}

/** A span on the wall clock of `zone`: `2026-11-20 01:05 to 02:05 UTC`; parts that both ends share are written once. */
export function localSpan(from: number, to: number, zone: string): string {
  const [start, end] = [zoned(from, zone), zoned(to, zone)];
  const startZone = start.offset === end.offset ? '' : ` ${offset(start, zone)}`;
  const endDate = start.toPlainDate().equals(end.toPlainDate()) ? '' : `${end.toPlainDate()} `;
  return `${start.toPlainDate()} ${clock(start)}${startZone} to ${endDate}${clock(end)} ${offset(end, zone)}`;
}

/** A time of day on the wall clock of `zone`: `02:05`. */
export function localClock(at: number, zone: string): string {
  return clock(zoned(at, zone));
}

/** A minute on the wall clock of `zone`, for tables that name the zone once: `2026-11-20 02:05`. */
export function localMinute(at: number, zone: string): string {
  const local = zoned(at, zone);
  return `${local.toPlainDate()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`;
}

/** A date on the wall clock of `zone`: `2026-11-20`. */
export function localDate(at: number, zone: string): string {
  return zoned(at, zone).toPlainDate().toString();
}

/** A day without its year on the wall clock of `zone`: `23 November`. */
export function dayName(at: number, zone: string): string {
  const { day, month } = zoned(at, zone);
  return `${day} ${MONTHS[month - 1]}`;
}

/** The same for a narrow place: `23 Nov`. */
export function shortDayName(at: number, zone: string): string {
  const { day, month } = zoned(at, zone);
  return `${day} ${MONTHS[month - 1]?.slice(0, 3)}`;
}

/** `November 2026` */
export function monthName(at: number, zone: string): string {
  const { month, year } = zoned(at, zone);
  return `${MONTHS[month - 1]} ${year}`;
}

/** `Monday` */
export function weekdayName(at: number, zone: string): string {
  return WEEKDAYS[zoned(at, zone).dayOfWeek - 1] as string;
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const WEEKDAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');

/** How long, in the two largest units: `45 min`, `3 h 20 min`, `2 d 4 h`, `30 s`. */
export function durationText(ms: number): string {
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return inTwo(ms, HOUR, 'h', MINUTE, 'min');
  return inTwo(ms, DAY, 'd', HOUR, 'h');
}

function inTwo(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % big) / small);
  return `${Math.floor(ms / big)} ${bigName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

function zoned(at: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
}

function clock(time: Temporal.ZonedDateTime): string {
  const whole = time.second === 0 && time.millisecond === 0;
  return time.toPlainTime().toString({ smallestUnit: whole ? 'minute' : 'second' });
}

function offset(time: Temporal.ZonedDateTime, zone: string): string {
  if (zone === 'UTC') return 'UTC';
  return `UTC${time.offset}`;
}
