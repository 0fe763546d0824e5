// When a group that is silent made its last call.

import { type GroupKey, groupIn, type Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';

const MINUTE = 60_000;
/** Most silences are noticed when they are one window old, so the minutes before it are looked at one by one. */
const MINUTES = 60;
const TENS = 138;

/** The spans of the 24 h before a window, latest first: each of 60 minutes, then ten minutes each. */
export function spansBefore({ from }: Window): Window[] {
  const spans: Window[] = [];
  let to = from;
  for (let i = 0; i < MINUTES + TENS; i += 1) {
    const length = i < MINUTES ? MINUTE : 10 * MINUTE;
    const begin = Math.ceil(to / length) * length - length;
    spans.push({ from: begin, to });
    to = begin;
  }
  return spans;
}

/** An instant, exact to the minute or to ten. */
export interface LastCall {
  readonly at: number;
  readonly isExact: boolean;
}

/** A group's last call before a window, by the answer about `spansBefore`; null where it made none in the 24 h. */
export function lastCallBefore(window: Window, key: GroupKey, answer: Series | null): LastCall | null {
  if (answer === null) return null;
  const group = groupIn(answer, key);
  if (group < 0) return null;
  const spans = spansBefore(window);
  const place = spans.findIndex((_, i) => answer.has(group, i));
  const span = spans[place];
  return span === undefined ? null : { at: span.from, isExact: place < MINUTES };
}
