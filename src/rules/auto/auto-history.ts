// The past of each group as an automatic anomaly rule sees it, and the lines that follow from it.

import { isCount, type Measure } from '../../model/measure.ts';
import { describeMetric, measuresOf } from '../../model/metric.ts';
import { toNumber } from '../../model/money.ts';
import type { HourCount, HourSums } from '../../model/series.ts';
import type { AutoRule } from './auto-rule.ts';
import { type Calendar, calendarOf, DAY_HOURS, HOUR, type Hourly } from './hourly.ts';
import { type Lines, openLines } from './line.ts';
import { quietBelow } from './seen.ts';
import { openUsualHours } from './usual.ts';

/** Where the squares of single calls cannot be had, a lump is this many mean calls. */
const MEAN_CALLS_A_LUMP = 5;

/** The baseline, the week whose spreads count, the days that make a new level, and two to spare. */
const HISTORY_HOURS = 103 * DAY_HOURS;
/** Lumps are judged by four weeks; the week of spreads and the days of a new level ask for them too. */
const LUMP_HOURS = 46 * DAY_HOURS;

/** Rules may share their hours, but not their lines. */
const kept = new WeakMap<AutoRule, WeakMap<object, GroupPast>>();

/** The past of a group at an instant. What is worked out from it is kept for as long as it is the same. */
export function pastOf(rule: AutoRule, hours: HourSums, group: number, zone: string): GroupPast {
  let ofRule = kept.get(rule);
  if (ofRule === undefined) {
    ofRule = new WeakMap();
    kept.set(rule, ofRule);
  }
  const past = hours.past(group);
  let known = ofRule.get(past);
  if (known === undefined) {
    known = new GroupPast(rule, zone);
    ofRule.set(past, known);
  }
  known.follow(hours, group);
  return known;
}

/** A class, as there may be thousands; most are never looked at closely. */
class GroupPast {
  readonly #rule: AutoRule;
  readonly #calendar: Calendar;
  readonly #hourly: FollowedHours;
  #lines: readonly Lines[] | null = null;
  #quietIn: readonly number[] = [];
  #quietBelow: readonly number[] = [];

  constructor(rule: AutoRule, zone: string) {
    this.#rule = rule;
    this.#calendar = calendarOf(zone);
    this.#hourly = new FollowedHours(rule);
  }

  follow(hours: HourSums, group: number): void {
    this.#hourly.follow(hours, group);
  }

  /** By window: below which amounts those that end with one of these hours are surely quiet; infinity where it is not judged. */
  quietBelow(first: number, last: number): readonly number[] {
    if (this.#quietIn[0] !== first || this.#quietIn[1] !== last) {
      this.#quietIn = [first, last];
      const minChange = toNumber(this.#rule.minChange);
      this.#quietBelow = this.#rule.judged.map(({ hours }) => {
        const windows = { hourly: this.#hourly, calendar: this.#calendar, hours };
        const ofFirst = quietBelow(windows, first, minChange);
        // With too little history for the first there is no line, whatever the last has.
        return Math.min(
          ofFirst,
          ofFirst === Number.POSITIVE_INFINITY ? ofFirst : quietBelow(windows, last, minChange),
        );
      });
    }
    return this.#quietBelow;
  }

  /** The lines of each of the rule's windows. */
  get lines(): readonly Lines[] {
    this.#lines ??= this.#rule.judged.map(({ hours, zscore }) => {
      const usual = openUsualHours(this.#hourly, this.#calendar, hours);
      return openLines(usual, this.#calendar, { zscore, minChange: toNumber(this.#rule.minChange) });
    });
    return this.#lines;
  }
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

export function hourMeasures(rule: AutoRule): HourMeasures {
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
