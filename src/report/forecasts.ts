// What will have been spent at the end of the month and of the year (pure).

import { localDay } from '../model/local-time.ts';
import { divideRounded, type Fixed, fixedFromNumber, toNumber } from '../model/money.ts';
import { expectedSum, isPartOfDay } from '../model/projection.ts';
import type { ReportForecast } from '../model/report.ts';
import { wholePeriod } from '../model/window.ts';
import { spentIn } from './past-days.ts';
import type { DaySum } from './sums.ts';

const WEEK = 7;
const TWO_WEEKS = 14;
const FOUR_WEEKS = 28;
const LEAST_DAYS = 3;

/**
 * Forecasts as of the end of the last of some days, ascending, for the month and the year that it belongs to; none for one that
 * it ends. None with less than three days since the first call.
 */
export function forecastsOf(days: readonly DaySum[], zone: string): ReportForecast[] {
  const end = days.at(-1)?.window.to;
  const history = historyOf(days);
  if (end === undefined || history.length < LEAST_DAYS) return [];
  return (['month', 'year'] as const).flatMap((period) => {
    const whole = wholePeriod({ word: `this_${period}` }, end, zone);
    const left = localDay(whole.to - 1, zone) - localDay(end - 1, zone);
    if (left === 0) return [];
    const window = { from: whole.from, to: end };
    const spent = spentIn(days, window);
    const last = history.slice(0, TWO_WEEKS);
    const sum = last.reduce((all, one) => all + one, 0n);
    return [
      {
        period,
        window: whole,
        spent,
        byMean: spent + divideRounded(sum * BigInt(left), BigInt(last.length)),
        byWeekday: history.length < TWO_WEEKS ? null : spent + byWeekday(history, left),
      },
    ];
  });
}

/** The spend of the last days, up to four weeks, since the first of them with a call; the latest first. */
function historyOf(days: readonly DaySum[]): Fixed[] {
  const last = days.slice(-FOUR_WEEKS);
  const first = last.findIndex(({ cell }) => cell !== null);
  if (first < 0) return [];
  const history = last
    .slice(first)
    .map(({ cell }) => cell?.sums.cost ?? 0n)
    .reverse();
  // The table, or what the report is about, may have begun late on its first day.
  const isYoung = history.length > 1 && history.length < FOUR_WEEKS;
  return isYoung && isPartOfDay(history.map(toNumber)) ? history.slice(0, -1) : history;
}

/** To the micro-dollar. The first of the days to come is the `today` of the projection, all of which is left. */
function byWeekday(history: readonly Fixed[], left: number): Fixed {
  const days = history.map(toNumber);
  const rests = days.filter((_, i) => (i + 1) % WEEK === 0);
  return fixedFromNumber(Number(expectedSum({ days, rests }, { today: 1, days: left - 1 }).toFixed(6)));
}
