// Which instants a cron expression names in a zone, change of clocks included.

import { createTask } from 'node-cron';
import { Temporal } from 'temporal-polyfill';
import type { Schedule } from './schedule.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

export interface CronSchedule extends Schedule {
  /** Whether the expression has a field for seconds, so that ticks must come every second. */
  readonly hasSeconds: boolean;
  /** Whether a poll is due at the instant, which is cut to the second. */
  isDue(at: number): boolean;
  /** The newest instant that is not after `now` and later than `after` (not more than 366 days before `now`), or null. */
  latest(now: number, after?: number): number | null;
}

/**
 * The instants that a cron expression names in a zone. A local time that comes twice is due twice, so that a schedule of
 * every minute has no gap when clocks go back; one that is skipped is due at the end of the gap. (node-cron's own runner
 * pauses for the repeated hour; here it only matches fields, and ticks come in UTC.)
 */
export function cronSchedule(expression: string, zone: string): CronSchedule {
  const { hasSeconds, matches, matchesMinute } = localFields(expression);
  const grain = hasSeconds ? SECOND : MINUTE;
  const offsetAt = offsetLookup(zone);

  /** Whether `named` holds for the local time of an instant, or for one of the local times skipped just before it. */
  const isNamed = (instant: number, step: number, named: (local: number) => boolean): boolean => {
    const offset = offsetAt(instant);
    if (named(instant + offset)) return true;
    const before = offsetAt(instant - SECOND);
    for (let local = instant + before; local < instant + offset; local += step) {
      if (named(local)) return true;
    }
    return false;
  };

  const isDue = (at: number): boolean => isNamed(Math.floor(at / SECOND) * SECOND, grain, matches);
  /** With a field for seconds, a minute counts when any of its seconds is due. */
  const minuteIsDue = (minute: number): boolean => isNamed(minute, MINUTE, matchesMinute);

  const latest = (now: number, after = Number.NEGATIVE_INFINITY): number | null => {
    const newest = Math.floor(now / grain) * grain;
    const end = Math.max(after, newest - 366 * DAY);
    for (let at = Math.floor(newest / MINUTE) * MINUTE; at + MINUTE > end; at -= MINUTE) {
      if (!minuteIsDue(at)) continue;
      for (let due = Math.min(at + MINUTE - grain, newest); due >= at && due > end; due -= grain) {
        if (isDue(due)) return due;
      }
    }
    return null;
  };

  const those = (isNamedAt: (at: number) => boolean, step: number) => (from: number, to: number) => {
    const found: number[] = [];
    for (let at = Math.ceil(from / step) * step; at < to; at += step) if (isNamedAt(at)) found.push(at);
    return found;
  };
  return {
    hasSeconds,
    isDue,
    latest,
    instants: those(minuteIsDue, MINUTE),
    everyInstant: those(isDue, grain),
  };
}

interface LocalFields {
  readonly hasSeconds: boolean;
  /** Whether the fields name a local time: ms since the epoch as if the zone were UTC. */
  matches(local: number): boolean;
  /** Whether they name any second of the local minute that begins there. */
  matchesMinute(local: number): boolean;
}

/**
 * Matches field by field, with a cache of each field's answers. To match a whole expression, node-cron takes the calendar of
 * the time zone apart, which costs microseconds, or a hundred of them when it was not done for a while. A year has half a
 * million minutes, and rules with `for` look back at the same ones at every poll. A field has at most 60 answers; the fields
 * for days share one cache, with one answer per day.
 */
function localFields(expression: string): LocalFields {
  const parts = expression.trim().split(/\s+/);
  if (parts.length < 5) {
    // A nickname such as @daily has no separate fields, and none for seconds.
    return { hasSeconds: false, matches: matcher(expression), matchesMinute: field(expression, MINUTE) };
  }
  const hasSeconds = parts.length === 6;
  const [second = '0', minute, hour, ...day] = hasSeconds ? parts : ['0', ...parts];
  const days = dayFields(day).map((fields) => field(`* * ${fields.join(' ')}`, DAY));
  const dayIsNamed = (local: number): boolean => days.some((isNamed) => isNamed(local));
  const hourIsNamed = field(`* ${hour} * * *`, HOUR, 24);
  const minuteIsNamed = field(`${minute} * * * *`, MINUTE, 60);
  const secondIsNamed = field(`${second} * * * * *`, SECOND, 60);
  const matchesMinute = (local: number): boolean =>
    dayIsNamed(local) && hourIsNamed(local) && minuteIsNamed(local);
  return {
    hasSeconds,
    matches: (local) => matchesMinute(local) && secondIsNamed(local),
    matchesMinute,
  };
}

/**
 * When both the day of the month and the weekday are restricted, a day that matches either counts, as in crontab(5);
 * node-cron requires both. A field that begins with a star (such as a step over all days) or is Quartz's `?` does not count
 * as restricted.
 */
function dayFields(day: readonly string[]): (readonly string[])[] {
  const [ofMonth = '*', month = '*', weekday = '*'] = day;
  if (/^[*?]/.test(ofMonth) || /^[*?]/.test(weekday)) return [day];
  return [
    [ofMonth, month, '*'],
    ['*', month, weekday],
  ];
}

/** Matches an expression that depends on one unit of a local time only. Its answers repeat every `cycle` units. */
function field(
  expression: string,
  unitMs: number,
  cycle = Number.POSITIVE_INFINITY,
): (local: number) => boolean {
  const matches = matcher(expression);
  const isNamed = remembered((value) => matches(value * unitMs));
  return (local) => isNamed(Math.floor(local / unitMs) % cycle);
}

function matcher(expression: string): (local: number) => boolean {
  const fields = createTask(expression, () => undefined, { timezone: 'UTC' });
  return (local) => fields.match(new Date(local));
}

/** The zone's offset from UTC at an instant, ms. Looked up once per quarter of an hour, as changes fall on these only. */
function offsetLookup(zone: string): (at: number) => number {
  if (zone === 'UTC') return () => 0;
  const ofQuarter = remembered((quarter) => {
    const local = Temporal.Instant.fromEpochMilliseconds(quarter * 15 * MINUTE).toZonedDateTimeISO(zone);
    return local.offsetNanoseconds / 1e6;
  });
  return (at) => ofQuarter(Math.floor(at / (15 * MINUTE)));
}

/** A function with a cache, which is cleared when it is full. */
function remembered<T>(answer: (question: number) => T): (question: number) => T {
  const known = new Map<number, T>();
  return (question) => {
    const cached = known.get(question);
    if (cached !== undefined) return cached;
    const found = answer(question);
    if (known.size > 10_000) known.clear();
    known.set(question, found);
    return found;
  };
}
