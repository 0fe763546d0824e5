// The past with which rule types compare: the same window on earlier days.

import { counted } from '../model/display-value.ts';
import type { Series } from '../model/series.ts';
import { type Window, type WindowSpec, windowAt, windowDaysBefore } from '../model/window.ts';
import { type Fault, fault } from './rule-scalars.ts';

const DAY = 86_400_000;

/** The window of an instant, and the same one 1, 2, … days earlier. */
export function windowAndEarlier(spec: WindowSpec, at: number, days: number, zone: string): Window[] {
  return Array.from({ length: days + 1 }, (_, day) =>
    day === 0 ? windowAt(spec, at, zone) : windowDaysBefore(spec, at, day, zone),
  );
}

/** How many days the history of a group has: up to the oldest of the windows 1 to `days` in which it has a row. */
export function daysOfHistory(series: Series, group: number, days: number): number {
  let oldest = days;
  while (oldest > 0 && !series.has(group, oldest)) oldest -= 1;
  return oldest;
}

/** The fault of a baseline (days) that can never hold the history that is asked for. Either may be missing or invalid. */
export function shortBaseline(baseline: unknown, minHistory: unknown): Fault[] {
  if (typeof baseline !== 'number' || typeof minHistory !== 'number' || baseline >= minHistory) return [];
  const hint = `make baseline at least ${minHistory}d, or min_history at most ${baseline}`;
  return [
    fault(`${counted(baseline, 'day')} can never hold ${counted(minHistory, 'period')}`, hint, ['baseline']),
  ];
}

/** The fault of a window that is too long to have the same window on each day; `what` is judged. It may be invalid. */
export function longWindow(window: unknown, what: string): Fault[] {
  if (!isWindow(window) || fitsInDay(window)) return [];
  const hint = `an ${what} is judged over at most 24h, today or yesterday`;
  return [fault(`too long for an ${what}`, hint, ['window'])];
}

function isWindow(value: unknown): value is WindowSpec {
  return typeof value === 'object' && value !== null && 'kind' in value && 'text' in value;
}

function fitsInDay(window: WindowSpec): boolean {
  if (window.kind === 'rolling') return window.ms <= DAY;
  return window.word === 'today' || window.word === 'yesterday';
}
