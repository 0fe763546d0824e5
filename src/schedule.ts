import { createTask } from 'node-cron';
import { Temporal } from 'temporal-polyfill';
import type { Schedule } from './model/schedule.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const DAY = 86_400_000;

export interface CronSchedule extends Schedule {
  /** Whether the expression has a field for seconds, so that ticks must come every second. */
  readonly hasSeconds: boolean;
  /** Whether a poll is due at the instant, which is cut to the second. */
  isDue(at: number): boolean;
}

/**
 * The instants that a cron expression names in a zone. A local time that comes twice is due twice, so that a
 * schedule of every minute has no gap when clocks go back; one that is skipped is due at the end of the gap.
 * (node-cron's own runner pauses for the repeated hour; here it only matches fields and ticks in UTC.)
 */
export function cronSchedule(expression: string, zone: string): CronSchedule {
  const fields = createTask(expression, () => undefined, { timezone: 'UTC' });
  const hasSeconds = expression.trim().split(/\s+/).length === 6;
  const offsetAt = offsetLookup(zone);

  const matches = (local: number): boolean => fields.match(new Date(local));

  const isDue = (at: number): boolean => {
    const instant = Math.floor(at / SECOND) * SECOND;
    const offset = offsetAt(instant);
    if (matches(instant + offset)) return true;
    const before = offsetAt(instant - SECOND);
    if (offset <= before) return false;
    for (let local = instant + before; local < instant + offset; local += MINUTE) {
      if (matches(local)) return true;
    }
    return false;
  };

  /** With a field for seconds, a minute counts when any of its seconds is due. */
  const minuteIsDue = (minute: number): boolean => {
    if (!hasSeconds) return isDue(minute);
    for (let second = 0; second < 60; second += 1) if (isDue(minute + second * SECOND)) return true;
    return false;
  };

  const latest = (now: number): number | null => {
    const grain = hasSeconds ? SECOND : MINUTE;
    const newest = Math.floor(now / grain) * grain;
    for (let at = newest; at > newest - DAY; at -= grain) if (isDue(at)) return at;
    for (let at = Math.floor(newest / MINUTE) * MINUTE; at > newest - 366 * DAY; at -= MINUTE) {
      if (minuteIsDue(at)) return at;
    }
    return null;
  };

  return {
    hasSeconds,
    isDue,
    latest,
    instants(from, to) {
      const found: number[] = [];
      for (let at = Math.ceil(from / MINUTE) * MINUTE; at < to; at += MINUTE) {
        if (minuteIsDue(at)) found.push(at);
      }
      return found;
    },
  };
}

/** The zone's offset from UTC at an instant, in ms; looked up once a quarter of an hour, where all changes fall. */
function offsetLookup(zone: string): (at: number) => number {
  if (zone === 'UTC') return () => 0;
  const known = new Map<number, number>();
  return (at) => {
    const quarter = Math.floor(at / (15 * MINUTE));
    const cached = known.get(quarter);
    if (cached !== undefined) return cached;
    const offset = Temporal.Instant.fromEpochMilliseconds(quarter * 15 * MINUTE).toZonedDateTimeISO(zone);
    const ms = offset.offsetNanoseconds / 1e6;
    if (known.size > 10_000) known.clear();
    known.set(quarter, ms);
    return ms;
  };
}
