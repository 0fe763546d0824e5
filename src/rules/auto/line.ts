// From which amount an hour is unusual.

import { medianOf } from '../../model/doubles.ts';
import type { Calendar } from './hourly.ts';
import { Recent } from './recent.ts';
import type { Usual, UsualHours } from './usual.ts';

/** A day with an hour this many spreads above its usual is an alert day. */
const ALERT_SCORE = 3;
/** So many alert days of the last ten make a new level; it is that of the last three days. */
const LEVEL_DAYS = 10;
const LEVEL_ALERTS = 3;
const LEVEL_OF_DAYS = 3;
/** The least excess, in mean hours: one percent of a usual day. */
const LEAST_EXCESS_HOURS = 0.24;

/** The line of a window, in the metric's unit. */
export interface Line {
  readonly usual: number;
  /** The lower end of the usual range. The upper one is `bound`. */
  readonly low: number;
  /** It fires from here on. */
  readonly bound: number;
  /** The bound by the statistics alone; z is measured from it. */
  readonly statisticalBound: number;
  readonly added: number;
  readonly spread: number;
  /** How far the level of the last days is above that of the baseline, as a log; mostly 0. */
  readonly level: number;
  readonly days: number;
  readonly hasWeek: boolean;
}

/** The lines of one group and length of window. */
export interface Lines {
  /** For the window that ends with an hour; null with too little history. It needs earlier hours alone. */
  at(hour: number): Line | null;
}

export interface Sensitivity {
  readonly zscore: number;
  /** In the metric's unit. */
  readonly minChange: number;
}

/** The two lines between which a poll lies, and one more while hours change. */
const KEPT_LINES = 3;
/** Days that can make a new level, seen from two days. */
const KEPT_DAYS = 16;

export function openLines(usual: UsualHours, calendar: Calendar, { zscore, minChange }: Sensitivity): Lines {
  const days: DayJudge = {
    isAlert: new Recent<boolean>(KEPT_DAYS),
    excess: new Recent<number | null>(KEPT_DAYS),
  };
  const levels = new Recent<number>(KEPT_LINES);
  const lines = new Recent<Line | null>(KEPT_LINES);
  const lineOf = (hour: number): Line | null => {
    const found = usual.at(hour);
    if (found === null) return null;
    const { added, log, highLog, spread, days: judgedBy, hasWeek } = found;
    const day = calendar.dayOf(hour);
    const level = levels.of(day, () => newLevel(usual, calendar, day, { days, minChange }));
    const statisticalBound = Math.exp(highLog + level + zscore * spread) - added;
    return {
      usual: Math.exp(log + level) - added,
      low: Math.max(0, Math.exp(log - zscore * spread) - added),
      bound: Math.max(
        statisticalBound,
        worthTelling(found, level, minChange),
        found.seen ?? Number.NEGATIVE_INFINITY,
      ),
      statisticalBound,
      added,
      spread,
      level,
      days: judgedBy,
      hasWeek,
    };
  };
  return { at: (hour) => lines.of(hour, () => lineOf(hour)) };
}

/** What is kept of days: whether one is an alert day, and the median excess of its hours. */
interface DayJudge {
  readonly isAlert: Recent<boolean>;
  readonly excess: Recent<number | null>;
}

/** The standard score of an amount against a line. */
export function scoreOf(amount: number, line: Line, zscore: number): number {
  const { added, spread, statisticalBound } = line;
  return zscore + (Math.log(amount + added) - Math.log(statisticalBound + added)) / spread;
}

/** The line between two hours: at the end of the first where `part` is 0, and of the second where it is 1. */
export function lineBetween(first: Line, second: Line, part: number): Line {
  const between = (a: number, b: number): number => (part === 0 ? a : a + (b - a) * part);
  return {
    usual: between(first.usual, second.usual),
    low: between(first.low, second.low),
    bound: between(first.bound, second.bound),
    statisticalBound: between(first.statisticalBound, second.statisticalBound),
    added: between(first.added, second.added),
    spread: between(first.spread, second.spread),
    level: between(first.level, second.level),
    days: first.days,
    hasWeek: first.hasWeek,
  };
}

/** The excess must be worth a message. */
function worthTelling({ log, added, hourlyMean }: Usual, level: number, minChange: number): number {
  return Math.exp(log + level) - added + Math.max(minChange, LEAST_EXCESS_HOURS * hourlyMean);
}

/**
 * How far the new level is above the old one, as a log, as of a local day: after three alert days of the last ten, the least
 * of the last three days' median excesses. Alert days are defined without it, so it depends on hourly sums alone.
 */
function newLevel(
  usual: UsualHours,
  calendar: Calendar,
  day: number,
  { days, minChange }: { readonly days: DayJudge; readonly minChange: number },
): number {
  let alertDays = 0;
  for (let other = day - LEVEL_DAYS; other < day; other += 1) {
    const isOne = days.isAlert.of(other, () =>
      hoursOf(calendar, other).some((hour) => isAlert(usual, hour, minChange)),
    );
    if (isOne) alertDays += 1;
  }
  if (alertDays < LEVEL_ALERTS) return 0;
  let level = Number.POSITIVE_INFINITY;
  for (let other = day - LEVEL_OF_DAYS; other < day; other += 1) {
    const excess = days.excess.of(other, () => excessOf(usual, calendar, other));
    if (excess === null) return 0;
    level = Math.min(level, excess);
  }
  return Math.max(0, level);
}

/** The median of a day's hours: how far each is above its usual, as a log. Null with too little history. */
function excessOf(usual: UsualHours, calendar: Calendar, day: number): number | null {
  const logs = hoursOf(calendar, day).flatMap((hour) => {
    const found = usual.at(hour);
    return found === null ? [] : [Math.log(Math.max(0, usual.sum(hour)) + found.added) - found.log];
  });
  return logs.length === 0 ? null : medianOf(logs);
}

function isAlert(usual: UsualHours, hour: number, minChange: number): boolean {
  // Nearly all hours are ruled out by this.
  const sum = usual.sum(hour);
  if (usual.isSeen(hour, sum)) return false;
  const found = usual.at(hour);
  if (found === null) return false;
  return (
    (Math.log(Math.max(0, sum) + found.added) - found.log) / found.spread >= ALERT_SCORE &&
    sum >= (found.seen ?? Number.NEGATIVE_INFINITY) &&
    sum >= worthTelling(found, 0, minChange)
  );
}

function hoursOf(calendar: Calendar, day: number): number[] {
  const start = calendar.startOf(day);
  return Array.from({ length: calendar.startOf(day + 1) - start }, (_, i) => start + i);
}
