// What is usual for a window of whole hours, and how much it spreads.

import { meanOf, medianOf } from '../../model/doubles.ts';
import { lumpOf, weekOf } from './daily.ts';
import { type Calendar, DAY_HOURS, type Hourly } from './hourly.ts';
import { Recent } from './recent.ts';
import { daysBefore, LEAST_DAYS, seenAmount, seenBefore, sumAt } from './seen.ts';
import { type WeekWeights, weightedMean, weightedVariance } from './weighted.ts';

const WEEK = 7;
const BASELINE_DAYS = 84;
const MONTH_HOURS = 28 * DAY_HOURS;
const WEEK_HOURS = WEEK * DAY_HOURS;
/** Weights of other weekdays, and spreads of logs, are at least this. */
const LEAST_WEIGHT = 0.05;
const LEAST_SPREAD = 0.05;
/** Where nothing was spent for four weeks, an amount must have a logarithm all the same. */
const LEAST_ADDED = 1e-9;
/** Values this many spreads from the middle are cut. */
const CLIP = 3;
/** With fewer earlier spreads than this, nothing is cut. */
const LEAST_SPREADS = 24;
/** How many values the spread of all hours counts as. */
const PRIOR = 4;

/** What is usual for the window that ends with an hour. Logs are natural, and of amounts plus `added`. */
export interface Usual {
  /** Days that it was judged by. */
  readonly days: number;
  /** Whether other weekdays count less. */
  readonly hasWeek: boolean;
  /** The mean of an hour of the four weeks before. */
  readonly hourlyMean: number;
  /** Added to amounts before their logs, so that pennies and single calls are no multiples. */
  readonly added: number;
  /** The usual log, and the same where the neighbouring hours are usually higher. */
  readonly log: number;
  readonly highLog: number;
  /** The spread of logs. */
  readonly spread: number;
  /** From two weeks on, the amount that was seen before and is no news; null before that. */
  readonly seen: number | null;
  /** Of the unclipped spread of this hour and of all hours of the week before, for tests. */
  readonly variance: number;
  readonly allSpread: number;
  readonly n: number;
}

/** Answers for one group and length of window. They depend on earlier hours alone. */
export interface UsualHours {
  /** The sum of the window that ends with an hour. */
  sum(hour: number): number;
  /** Null with too little history. */
  at(hour: number): Usual | null;
  /** Whether an amount is surely no more than was seen before; false with less than two weeks of history. */
  isSeen(hour: number, amount: number): boolean;
}

/** The logs of the same window on earlier days. */
interface Earlier {
  readonly days: number;
  readonly weeks: number;
  readonly hourlyMean: number;
  readonly lump: number;
  readonly added: number;
  /** By days before, from one on. */
  readonly logs: Float64Array;
  /** Of the mean, and of the variance. */
  readonly weights: WeekWeights;
  readonly squareWeights: WeekWeights;
  readonly variance: number;
}

/** A spread counts for a week, and the days that make a new level are judged hour by hour. */
const KEPT_SPREADS = 24 * 20;
const KEPT_DAYS = 30;

/** Source of the method: docs/rules/anomaly.md, "Automatic". `hours` is the length of the window. */
export function openUsualHours(hourly: Hourly, calendar: Calendar, hours: number): UsualHours {
  const windows = { hourly, calendar, hours };
  const sum = (hour: number): number => sumAt(windows, hour);
  const lumps = new Recent<number>(KEPT_DAYS);
  const weekly = new Recent<number>(KEPT_DAYS);
  const earlierOf = (hour: number): Earlier | null => {
    const days = Math.min(BASELINE_DAYS, daysBefore(windows, hour));
    if (days < LEAST_DAYS) return null;
    const day = calendar.dayOf(hour);
    const lump = lumps.of(day, () => lumpOf(hourly, calendar, day));
    const week = weekly.of(day, () => weekOf(hourly, calendar, day));
    return readEarlier({ hourly, calendar, sum, hour, hours, days, lump, week });
  };
  // Of earlier hours only the variance is needed, so no more of them is kept.
  const variances = new Recent<number | null>(KEPT_SPREADS);
  const varianceOf = (hour: number): number | null =>
    variances.of(hour, () => earlierOf(hour)?.variance ?? null);
  return {
    sum,
    at(hour) {
      const own = earlierOf(hour);
      if (own === null) return null;
      const before: number[] = [];
      for (let h = hour - WEEK_HOURS; h < hour; h += 1) {
        const variance = varianceOf(h);
        if (variance !== null) before.push(variance);
      }
      return usualOf(own, before, (day, shift) => sum(calendar.before(hour, day) + shift));
    },
    isSeen: (hour, amount) => amount < seenAmount(windows, hour),
  };
}

function readEarlier({
  hourly,
  calendar,
  sum,
  hour,
  hours,
  days,
  lump,
  week,
}: {
  readonly hourly: Hourly;
  readonly calendar: Calendar;
  readonly sum: (hour: number) => number;
  readonly hour: number;
  readonly hours: number;
  readonly days: number;
  readonly lump: number;
  readonly week: number;
}): Earlier {
  const weeks = Math.floor(days / WEEK);
  const start = hour - hours + 1;
  const from = Math.max(hourly.first, start - MONTH_HOURS);
  const hourlyMean = hourly.sum(from, start) / (start - from);
  const added = Math.max(0.05 * hourlyMean * hours, 3 * lump, LEAST_ADDED);
  const otherDays =
    weeks < 4
      ? Math.max(LEAST_WEIGHT, 1 / Math.max(1, weeks) ** 2)
      : Math.max(LEAST_WEIGHT, Math.min(1, Math.max(0, (week - 0.6) / 0.4)));
  const logs = new Float64Array(days);
  for (let day = 1; day <= days; day += 1) {
    logs[day - 1] = Math.log(Math.max(0, sum(calendar.before(hour, day))) + added);
  }
  const weights = { others: otherDays };
  const squareWeights = { others: weeks < 4 ? otherDays : otherDays * otherDays };
  const { variance } = weightedVariance(logs, squareWeights);
  return { days, weeks, hourlyMean, lump, added, logs, weights, squareWeights, variance };
}

function usualOf(
  own: Earlier,
  variances: readonly number[],
  sumBefore: (days: number, shift: number) => number,
): Usual {
  const { days, weeks, lump, added, weights, squareWeights } = own;
  const all = variances.length === 0 ? own.variance : meanOf(variances);
  const allSpread = Math.sqrt(all);
  const logs = variances.length < LEAST_SPREADS ? own.logs : clipped(own, allSpread);
  const log = weightedMean(logs, weights);
  const { variance, n } = weightedVariance(logs, squareWeights);
  const shrunk = (n * variance + PRIOR * all) / (n + PRIOR);
  const spread = Math.max(
    LEAST_SPREAD,
    Math.sqrt(Math.max(shrunk, lumpVariance(log, lump, added)) * (1 + 1 / n)),
  );
  let highLog = log;
  for (const shift of [-1, 1]) {
    const neighbours: number[] = [];
    for (let day = WEEK; day <= days; day += WEEK)
      neighbours.push(Math.log(Math.max(0, sumBefore(day, shift)) + added));
    if (neighbours.length > 0) highLog = Math.max(highLog, meanOf(neighbours));
  }
  const { hourlyMean } = own;
  const seen = weeks < 2 ? null : seenBefore(days, added, (day) => sumBefore(day, 0));
  const hasWeek = weights.others < 1;
  return { days, hasWeek, hourlyMean, added, log, highLog, spread, seen, variance, allSpread, n };
}

/** Last week's incident must not hide this week's. */
function clipped({ logs, weeks, lump, added }: Earlier, allSpread: number): Float64Array {
  const middle = medianOf(weeks < 4 ? logs : logs.filter((_, i) => (i + 1) % WEEK === 0));
  const reach = CLIP * Math.max(allSpread, Math.sqrt(lumpVariance(middle, lump, added)), LEAST_SPREAD);
  return logs.map((log) => Math.min(middle + reach, Math.max(middle - reach, log)));
}

/** The variance that single calls alone give to a log (compound Poisson). */
function lumpVariance(log: number, lump: number, added: number): number {
  if (lump === 0) return 0;
  const amount = Math.max(0, Math.exp(log) - added);
  return ((amount + lump) * lump) / (amount + added) ** 2;
}
