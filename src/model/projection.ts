// What is still to come of a period, by the days before today (pure).

import { meanOf, sumOf } from './doubles.ts';

/** The past of one group, in the metric's unit. */
export interface PastDays {
  /** The sums of whole days, yesterday first; a day without rows is 0. At least two. */
  readonly days: readonly number[];
  /** From the present time of day to midnight, the sums of the same weekday one week before, two weeks before, …. */
  readonly rests: readonly number[];
}

/** What of the period is still to come: the part of today that is left, up to 1, and whole days after it. */
export interface DaysLeft {
  readonly today: number;
  readonly days: number;
}

const WEEK = 7;
const TWO_WEEKS = 14;
/** The 90th percentile of the standard normal distribution: 10 % lie beyond it on each side. */
const NORMAL = 1.281_552;
/** A level may always drift by this part of it in a week. */
const LEAST_DRIFT = 0.02;
/** Weeks differ by chance. What exceeds so many times the noise of their days is taken for a drift of the level. */
const BEYOND_NOISE = 1.5;

/**
 * What is expected of the rest of today and of each day after it: with two weeks of days the mean of the same weekday, else
 * the mean of all days.
 */
export function expectedDays(past: PastDays, left: DaysLeft): number[] {
  const means = meansOf(past);
  return [
    restOfToday(past, left, means),
    ...Array.from({ length: left.days }, (_, i) => means[weekdayAhead(i)] as number),
  ];
}

/** The sum of `expectedDays`. */
export function expectedSum(past: PastDays, left: DaysLeft): number {
  const means = meansOf(past);
  const weeks = Math.floor(left.days / WEEK);
  let sum = restOfToday(past, left, means) + weeks * sumOf(means);
  for (let i = weeks * WEEK; i < left.days; i += 1) sum += means[weekdayAhead(i)] as number;
  return sum;
}

/**
 * How far the sum may lie from what is expected, on either side, in 80 % of all cases. Three things add up: the noise of the
 * days to come, in proportion to their means; that of the means, which rest on few days; and a drift of the level, as the past
 * is weeks older than what is to come. test/studies/budget-forecast.test.ts says how often the end lies within.
 */
export function spreadOf(past: PastDays, left: DaysLeft): number {
  const { days } = past;
  const means = meansOf(past);
  const expected = expectedDays(past, left);
  const isByWeekday = days.length >= TWO_WEEKS;
  const freedom = days.length - (isByWeekday ? WEEK : 1);
  const level = sumOf(days.map((_, i) => meanBefore(means, i) ** 2));
  if (level === 0) return 0;
  const squares = sumOf(days.map((sum, i) => (sum - meanBefore(means, i)) ** 2));
  const noise = (squares / level) * (days.length / freedom);
  const ahead = Array.from({ length: isByWeekday ? WEEK : 1 }, (_, weekday) =>
    sumOf(expected.filter((_, i) => !isByWeekday || (i === 0 ? 0 : weekdayAhead(i - 1)) === weekday)),
  );
  const ofDays = sumOf(expected.map((sum) => sum ** 2));
  const ofMeans = sumOf(
    ahead.map((sum, weekday) => sum ** 2 / (isByWeekday ? daysOn(days, weekday).length : days.length)),
  );
  // The mean of so many days stands for that of so many others: averages of a random walk.
  const weeks = (days.length + left.today + left.days) / WEEK;
  const ofLevel = (driftSquared(days, noise, means) * sumOf(expected) ** 2 * weeks) / 3;
  return quantile(freedom) * Math.sqrt(noise * (ofDays + ofMeans) + ofLevel);
}

/** Whether the day of the first call, the last one of `days`, began late: it has less than half of the mean of the days after it. */
export function isPartOfDay(days: readonly number[]): boolean {
  return (days.at(-1) as number) < meanOf(days.slice(0, -1)) / 2;
}

/** By weekday, counted backwards from today; all alike with less than two weeks. */
function meansOf({ days }: PastDays): number[] {
  if (days.length < TWO_WEEKS) return new Array(WEEK).fill(meanOf(days));
  const means: number[] = [];
  for (let weekday = 0; weekday < WEEK; weekday += 1) {
    let [sum, count] = [0, 0];
    for (let i = (weekday + WEEK - 1) % WEEK; i < days.length; i += WEEK) {
      sum += days[i] as number;
      count += 1;
    }
    means.push(sum / count);
  }
  return means;
}

function daysOn(days: readonly number[], weekday: number): number[] {
  return days.filter((_, i) => (i + 1) % WEEK === weekday);
}

/** The mean of the weekday of the i-th day before yesterday. */
function meanBefore(means: readonly number[], i: number): number {
  return means[(i + 1) % WEEK] as number;
}

/** The weekday of the i-th day after today, counted backwards from today: seven days ahead are seven days before. */
function weekdayAhead(i: number): number {
  return (WEEK - ((i + 1) % WEEK)) % WEEK;
}

function restOfToday(
  { days, rests }: PastDays,
  { today }: DaysLeft,
  [ofToday = 0]: readonly number[],
): number {
  if (today === 0) return 0;
  return days.length >= TWO_WEEKS ? meanOf(rests) : today * ofToday;
}

/** The square of how much the level changes in a week, as a part of it. */
function driftSquared(days: readonly number[], noise: number, means: readonly number[]): number {
  const weeks = Array.from({ length: Math.floor(days.length / WEEK) }, (_, i) =>
    sumOf(days.slice(i * WEEK, (i + 1) * WEEK)),
  );
  const mean = meanOf(weeks);
  if (weeks.length < 2 || mean === 0) return LEAST_DRIFT ** 2;
  const steps = weeks.slice(1).map((sum, i) => ((sum - (weeks[i] as number)) / mean) ** 2);
  const ofNoise = (2 * noise * sumOf(means.map((one) => one ** 2))) / sumOf(means) ** 2;
  return Math.max(LEAST_DRIFT ** 2, meanOf(steps) - BEYOND_NOISE * ofNoise);
}

/** The 90th percentile of Student's t. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5. */
function quantile(freedom: number): number {
  const z = NORMAL;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return z + first / freedom + second / freedom ** 2;
}
