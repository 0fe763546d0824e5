// The past of each group as an automatic anomaly rule sees it, and the lines that follow from it.

import { isCount, type Measure } from '../../model/measure.ts';
import { measuresOf } from '../../model/metric.ts';
import { toNumber } from '../../model/money.ts';
import type { HourSums } from '../../model/series.ts';
import type { AutoRule, JudgedWindow } from './auto-rule.ts';
import { type Calendar, calendarOf, HOUR, type Hourly } from './hourly.ts';
import { type Lines, openLines } from './line.ts';
import { openUsualHours } from './usual.ts';

/** Where the squares of single calls cannot be had, a lump is this many mean calls. */
const MEAN_CALLS_A_LUMP = 5;

/** What is kept of a group for as long as its past is the same. */
interface Kept {
  readonly hourly: Hourly & { follow(hours: HourSums, group: number): void };
  readonly judges: readonly Lines[];
}

const kept = new WeakMap<object, Kept>();

/** The lines of each of the rule's windows for a group. */
export function judgesOf(rule: AutoRule, hours: HourSums, group: number, zone: string): readonly Lines[] {
  const past = hours.past(group);
  let known = kept.get(past);
  if (known === undefined) {
    const hourly = openHourly(rule);
    const calendar = calendarOf(zone);
    hourly.follow(hours, group);
    known = { hourly, judges: rule.judged.map((judged) => linesOf(rule, judged, hourly, calendar)) };
    kept.set(past, known);
  }
  known.hourly.follow(hours, group);
  return known.judges;
}

function linesOf(rule: AutoRule, judged: JudgedWindow, hourly: Hourly, calendar: Calendar): Lines {
  const usual = openUsualHours(hourly, calendar, judged.hours);
  return openLines(usual, calendar, { zscore: judged.zscore, minChange: toNumber(rule.minChange) });
}

/** The hours of a group, which move along with the series. */
function openHourly(rule: AutoRule): Kept['hourly'] {
  const own = measuresOf(rule.metric, rule.errors);
  const terms = own.filter((measure) => measure !== 'calls' || rule.metric === 'calls');
  const squared = squaresOf(rule);
  let from = Number.NaN;
  let sums = new Float64Array(1);
  let squares = new Float64Array(1);
  const between = (totals: Float64Array, first: number, end: number): number => {
    const last = totals.length - 1;
    const at = (hour: number): number => totals[Math.max(0, Math.min(last, hour - from))] as number;
    return at(end) - at(first);
  };
  const hourly = {
    first: Number.POSITIVE_INFINITY,
    sum: (first: number, end: number): number => between(sums, first, end),
    squares: (first: number, end: number): number => between(squares, first, end),
    follow(hours: HourSums, group: number): void {
      // While the past is the same, hours come and change nothing before them.
      if (from === hours.from / HOUR) return;
      from = hours.from / HOUR;
      const columns = terms.map((measure) => hours.of(group, measure));
      const calls = hours.of(group, 'calls');
      const sumAt = (i: number): number => columns.reduce((sum, column) => sum + (column[i] ?? 0), 0);
      sums = runningTotals(calls.length, sumAt);
      const given = squared === null ? null : hours.of(group, squared);
      const isCounted = terms.every(isCount);
      squares = runningTotals(calls.length, (i) => {
        if (given !== null) return given[i] as number;
        const sum = sumAt(i);
        const count = calls[i] as number;
        return isCounted || count === 0 ? sum : (MEAN_CALLS_A_LUMP * sum * sum) / count;
      });
      if (hourly.first !== Number.POSITIVE_INFINITY) return;
      for (let i = 0; i < calls.length && hourly.first === Number.POSITIVE_INFINITY; i += 1) {
        if (sumAt(i) !== 0) hourly.first = from + i;
      }
    },
  };
  return hourly;
}

/** Running totals: the i-th is the sum of the first i. */
function runningTotals(count: number, valueAt: (i: number) => number): Float64Array<ArrayBuffer> {
  const totals = new Float64Array(count + 1);
  for (let i = 0; i < count; i += 1) totals[i + 1] = (totals[i] as number) + valueAt(i);
  return totals;
}

/** The measures of the metric, and of squares where there is one. */
export function measuresWithSquares(rule: AutoRule): Measure[] {
  const squared = squaresOf(rule);
  const own = measuresOf(rule.metric, rule.errors);
  return squared === null ? own : [...own, squared];
}

/** The measure of what single calls add up to when squared; null where there is none. */
function squaresOf({ metric }: AutoRule): Measure | null {
  return metric === 'spend' ? 'cost_squares' : null;
}
