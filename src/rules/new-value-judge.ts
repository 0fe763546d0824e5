// How a new_value rule tells new values from known ones.

import type { Firing, Judgement } from '../model/finding.ts';
import { measured } from '../model/metric-value.ts';
import { ONE, toNumber } from '../model/money.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import {
  EMPTY_SERIES,
  ESTIMATE_MARGIN,
  type GroupKey,
  groupIn,
  type Query,
  type Series,
} from '../model/series.ts';
import { type Window, windowAt } from '../model/window.ts';
import { MOST_UNPRICED, type NewValueObservation, type NewValueRule } from './new-value-rule.ts';
import { judgementOf } from './rule-judgement.ts';
import type { RuleContext } from './rule-type.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** In a store with less data before the window, everything is new. */
const DATA_DAYS = 7;
/**
 * Two queries. The first has the window and the baseline that ends where it begins, and the hours of the window. The second
 * tells whether the store has data that is old enough.
 */
export function queryNewValue(rule: NewValueRule, { at, zone }: RuleContext): Query[] {
  const { where, groupBy, baselineDays } = rule;
  const window = windowAt(rule.window, at, zone);
  const { from } = window;
  const to = Math.floor(window.to / HOUR) * HOUR;
  return [
    {
      measures: ['cost', 'calls', 'unpriced'],
      where,
      groupBy,
      windows: [window, { from: from - baselineDays * DAY, to: from }],
      hours: { to, counts: [{ measure: 'calls', count: Math.max(1, Math.ceil((to - from) / HOUR)) }] },
    },
    {
      measures: ['calls'],
      where: {},
      groupBy: [],
      windows: [{ from: from - (baselineDays + DATA_DAYS) * DAY, to: from - DATA_DAYS * DAY }],
    },
  ];
}

export function judgeNewValue(
  rule: NewValueRule,
  { at, zone }: RuleContext,
  [series = EMPTY_SERIES, old = EMPTY_SERIES]: readonly Series[],
): Judgement<NewValueObservation> {
  if (old.keys.length === 0) return { status: 'no_data', observed: NOTHING_OBSERVED, firing: [] };
  const window = windowAt(rule.window, at, zone);
  const { sample, estimate } = measured(rule.metric, rule.errors);
  const groups: number[] = [];
  for (let group = 0; group < series.keys.length; group += 1) if (isNew(series, group)) groups.push(group);
  const numbers = groups.map((group) => estimate(series, group, 0) ?? 0);
  const observe = (group: number): NewValueObservation => {
    const cell = series.cell(group, 0);
    const value = sample(cell) ?? { fixed: 0n, number: 0, calls: 0 };
    return {
      key: series.keys[group] as GroupKey,
      value,
      window,
      badness: value.fixed,
      unpriced: Number((cell?.sums.unpriced ?? 0n) / ONE),
      firstHour: firstHourOf(series, group, window),
      zone,
    };
  };
  const least = toNumber(rule.minSpend) * (1 - ESTIMATE_MARGIN);
  const firing: Firing<NewValueObservation>[] = [];
  groups.forEach((group, place) => {
    // Most values of a dimension such as session are new, and small.
    const isSmall = (numbers[place] as number) < least;
    if (isSmall && series.estimate(group, 0, 'unpriced') < MOST_UNPRICED - 1) return;
    const one = observe(group);
    const step = { severity: rule.severity, bound: rule.minSpend, operator: '>=' as const };
    if (fires(rule, one)) firing.push({ ...one, steps: [step] });
  });
  return judgementOf({ series, groups, numbers, observe, firing, quiet: 'ok', worsens: 'up' });
}

/** The minutes of the hour of its first call, as far as they lie in the window. */
export function minutesOfFirstHour(
  { where, groupBy }: NewValueRule,
  firing: Pick<NewValueObservation, 'window' | 'firstHour'>,
): Query {
  return { measures: ['calls'], where, groupBy, windows: minutesOf(firing) };
}

/** The beginning of the minute of a group's first call, by the answer to `minutesOfFirstHour`; null where that has none. */
export function firstMinute(
  firing: Pick<NewValueObservation, 'key' | 'window' | 'firstHour'>,
  minutes: Series | null,
): number | null {
  if (minutes === null) return null;
  const group = groupIn(minutes, firing.key);
  if (group < 0) return null;
  return minutesOf(firing).find((_, i) => minutes.has(group, i))?.from ?? null;
}

function minutesOf({ window, firstHour }: Pick<NewValueObservation, 'window' | 'firstHour'>): Window[] {
  const begin = Math.floor(firstHour / HOUR) * HOUR;
  return Array.from({ length: HOUR / MINUTE }, (_, i) => ({
    from: Math.max(window.from, begin + i * MINUTE),
    to: Math.min(window.to, begin + (i + 1) * MINUTE),
  })).filter(({ from, to }) => from < to);
}

/** NULL is no value. */
function isNew(series: Series, group: number): boolean {
  return series.has(group, 0) && !series.has(group, 1) && series.keys[group]?.at(-1) !== null;
}

function fires({ minSpend, minCalls }: NewValueRule, { value, unpriced }: NewValueObservation): boolean {
  return value.calls >= minCalls && (value.fixed >= minSpend || unpriced >= MOST_UNPRICED);
}

/** A new value has no call between the baseline and the window, so its first hour with one is that of its first call. */
function firstHourOf({ hours }: Series, group: number, window: Window): number {
  if (hours === undefined) return window.from;
  const calls = hours.of(group, 'calls');
  const first = hours.to - calls.length * HOUR;
  let hour = Math.max(0, Math.floor((window.from - first) / HOUR));
  while (hour < calls.length && !((calls[hour] as number) > 0)) hour += 1;
  const begin = hour < calls.length ? first + hour * HOUR : Math.floor((window.to - 1) / HOUR) * HOUR;
  return Math.max(window.from, begin);
}
