// Whether the store has had no new rows for so long that silence says nothing.

import { EMPTY_SERIES, type Query, type Series, spanOfHours } from '../model/series.ts';
import type { RuleDefaults } from './rule-type.ts';

const HOUR = 3_600_000;
const HISTORY_HOURS = 28 * 24;
/** Hours with so many calls have no gap that matters. */
const BUSY = 20;
/** Ages of the newest row that are known exactly, in hours; longer ones are known to the hour. */
const EXACT_HOURS = [1, 2, 4, 6];

type StaleAfter = NonNullable<RuleDefaults['staleAfter']>;

/** What shows how old the newest row is as of an instant. A single query, of all calls of the store; none for `off`. */
export function queryNewestRow(staleAfter: StaleAfter, at: number): Query[] {
  if (staleAfter === 'off') return [];
  const all = { measures: ['calls' as const], where: {}, groupBy: [] };
  if (staleAfter !== 'auto') return [{ ...all, windows: [{ from: at - staleAfter, to: at }] }];
  const to = Math.floor(at / HOUR) * HOUR;
  const recent = EXACT_HOURS.map((hours) => ({ from: at - hours * HOUR, to: at }));
  // The long window is there so that an answer has its hours, too, where the last hours have no calls.
  const hours = { to, counts: [{ measure: 'calls' as const, count: HISTORY_HOURS }] };
  return [{ ...all, windows: [...recent, { from: spanOfHours(hours).from, to: at }], hours }];
}

/**
 * Whether the newest row is older than `audit.stale_after`, by the answer to `queryNewestRow`. With `auto` the longest gap is
 * known to the hour, and so is an age of more than six; in doubt the store is stale.
 */
export function isStale(staleAfter: StaleAfter, at: number, series: Series = EMPTY_SERIES): boolean {
  if (staleAfter === 'off') return false;
  if (series.keys.length === 0) return true;
  if (staleAfter !== 'auto' || series.hours === undefined) return !series.has(0, 0);
  if (series.has(0, 0)) return false;
  const calls = series.hours.of(0, 'calls');
  const from = series.hours.to - calls.length * HOUR;
  let newest = -1;
  let longest = 0;
  // Series of several instants have later hours, too.
  const end = Math.min(calls.length, Math.floor((at - from) / HOUR));
  for (let hour = Math.max(0, end - HISTORY_HOURS); hour < end; hour += 1) {
    if (!((calls[hour] as number) > 0)) continue;
    if (newest >= 0) longest = Math.max(longest, gapHours(calls, newest, hour));
    newest = hour;
  }
  const most = Math.max(1, 2 * longest);
  const exact = EXACT_HOURS.indexOf(most);
  return exact >= 0 ? !series.has(0, exact) : from + newest * HOUR < at - most * HOUR;
}

/** The gap between the rows of two hours that have some, with none between them. */
function gapHours(calls: Float64Array, a: number, b: number): number {
  const isBusy = (calls[a] as number) >= BUSY && (calls[b] as number) >= BUSY;
  return b - a - (isBusy ? 1 : 0);
}
