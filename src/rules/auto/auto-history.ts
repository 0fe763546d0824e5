// The past of each group as an automatic anomaly rule sees it, and the lines that follow from it.

import { isCount, type Measure } from '../../model/measure.ts';
import { describeMetric, measuresOf } from '../../model/metric.ts';
import { toNumber } from '../../model/money.ts';
import type { HourCount, HourSums } from '../../model/series.ts';
import type { AutoRule, JudgedWindow } from './auto-rule.ts';
import { type Calendar, calendarOf, DAY_HOURS, HOUR, type Hourly } from './hourly.ts';
import { type Lines, openLines } from './line.ts';
import { openUsualHours } from './usual.ts';

/** Where the squares of single calls cannot be had, a lump is this many mean calls. */
const MEAN_CALLS_A_LUMP = 5;

/** The baseline, the week whose spreads count, the days that make a new level, and two to spare. */
const HISTORY_HOURS = 103 * DAY_HOURS;
/** Lumps are judged by four weeks; the week of spreads and the days of a new level ask for them too. */
const LUMP_HOURS = 46 * DAY_HOURS;

/** What is kept of a group for as long as its past is the same. */
interface Kept {
  readonly hourly: FollowedHours;
  readonly judges: readonly Lines[];
}

/** Rules may share their hours, but not their lines. */
const kept = new WeakMap<AutoRule, WeakMap<object, Kept>>();

/** The lines of each of the rule's windows for a group. */
export function judgesOf(rule: AutoRule, hours: HourSums, group: number, zone: string): readonly Lines[] {
  let ofRule = kept.get(rule);
  if (ofRule === undefined) {
    ofRule = new WeakMap();
    kept.set(rule, ofRule);
  }
  const past = hours.past(group);
  let known = ofRule.get(past);
  if (known === undefined) {
    const hourly = new FollowedHours(rule);
    const calendar = calendarOf(zone);
    known = { hourly, judges: rule.judged.map((judged) => linesOf(rule, judged, hourly, calendar)) };
    ofRule.set(past, known);
  }
  known.hourly.follow(hours, group);
  return known.judges;
}

function linesOf(rule: AutoRule, judged: JudgedWindow, hourly: Hourly, calendar: Calendar): Lines {
  const usual = openUsualHours(hourly, calendar, judged.hours);
  return openLines(usual, calendar, { zscore: judged.zscore, minChange: toNumber(rule.minChange) });
}

/** The hours of a group, which move along with the series. */
class FollowedHours implements Hourly {
  readonly #measures: HourMeasures;
  #to = Number.NaN;
  #terms: readonly Float64Array[] = [];
  #squares: Float64Array | null = null;
  #calls: Float64Array | null = null;
  first = Number.POSITIVE_INFINITY;

  constructor(rule: AutoRule) {
    this.#measures = hourMeasures(rule);
  }

  follow(hours: HourSums, group: number): void {
    // While the past is the same, hours come and change nothing before them.
    if (this.#to === hours.to / HOUR) return;
    this.#to = hours.to / HOUR;
    const { terms, squares, calls } = this.#measures;
    this.#terms = terms.map((measure) => hours.of(group, measure));
    this.#squares = squares === null ? null : hours.of(group, squares);
    this.#calls = calls === null ? null : hours.of(group, calls);
    const count = this.#terms[0]?.length ?? 0;
    for (let i = 0; i < count && this.first === Number.POSITIVE_INFINITY; i += 1) {
      if (this.#terms.some((column) => column[i] !== 0)) this.first = this.#to - count + i;
    }
  }

  sum(first: number, end: number): number {
    let sum = 0;
    for (const column of this.#terms) sum += this.#sumOf(column, first, end);
    return sum;
  }

  squares(first: number, end: number): number {
    if (this.#squares !== null) return this.#sumOf(this.#squares, first, end);
    // What is counted is 1 a call.
    if (this.#calls === null) return this.sum(first, end);
    let sum = 0;
    for (let hour = first; hour < end; hour += 1) {
      const own = this.sum(hour, hour + 1);
      const calls = this.#sumOf(this.#calls, hour, hour + 1);
      sum += calls === 0 ? own : (MEAN_CALLS_A_LUMP * own * own) / calls;
    }
    return sum;
  }

  #sumOf(column: Float64Array, first: number, end: number): number {
    const from = this.#to - column.length;
    const last = Math.min(column.length, end - from);
    let sum = 0;
    for (let i = Math.max(0, first - from); i < last; i += 1) sum += column[i] as number;
    return sum;
  }
}

/** What is needed of each hour: the terms of the metric, and the squares of calls, or in their place how many there are. */
interface HourMeasures {
  readonly terms: readonly Measure[];
  readonly squares: Measure | null;
  readonly calls: Measure | null;
}

function hourMeasures(rule: AutoRule): HourMeasures {
  const own = measuresOf(rule.metric, rule.errors);
  const terms = own.filter((measure) => measure !== 'calls' || rule.metric === 'calls');
  const squares = describeMetric(rule.metric).name === 'spend' ? 'cost_squares' : null;
  return { terms, squares, calls: squares !== null || terms.every(isCount) ? null : 'calls' };
}

/** The measures of the windows, and how far back the hours of some of them are needed. */
export function autoMeasures(rule: AutoRule): { readonly windows: Measure[]; readonly hours: HourCount[] } {
  const { terms, squares, calls } = hourMeasures(rule);
  const lumps = [squares, calls].filter((measure) => measure !== null);
  return {
    windows: [...new Set([...measuresOf(rule.metric, rule.errors), ...lumps])],
    hours: [
      ...terms.map((measure) => ({ measure, count: HISTORY_HOURS })),
      ...lumps.map((measure) => ({ measure, count: LUMP_HOURS })),
    ],
  };
}
