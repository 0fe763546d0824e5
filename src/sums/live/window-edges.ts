// Splits a window into whole hours, minutes and parts of minutes (pure).

import type { Window } from '../../model/window.ts';
import { HOUR, hourOf, MINUTE } from '../series/grid.ts';

/** The whole hours within a window; `from` is not before `to` when there are none. */
export function wholeHours({ from, to }: Window): Window {
  return { from: Math.ceil(from / HOUR) * HOUR, to: hourOf(to) };
}

/**
 * Where the head of a window ends, which lies before its first whole hour, and where its tail begins, which lies after the
 * last one. Either may be empty. A window within one hour is all head.
 */
export function cutAtHours(window: Window): { readonly headEnd: number; readonly tailBegin: number } {
  const { from, to } = wholeHours(window);
  return from > to ? { headEnd: window.to, tailBegin: window.to } : { headEnd: from, tailBegin: to };
}

/** What a part of an hour holds of minutes that are not all within it. */
export function partialMinutesOf({ from, to }: Window, at: number): Window[] {
  const head = Math.ceil(from / MINUTE) * MINUTE;
  const tail = to === at ? to : Math.floor(to / MINUTE) * MINUTE;
  if (head === from && tail === to) return NOTHING;
  if (head > tail) return from < to ? [{ from, to }] : [];
  return [
    { from, to: head },
    { from: tail, to },
  ].filter(({ from: begin, to: end }) => begin < end);
}

/** Edges mostly fall on minutes, and there are thousands of them a poll. */
const NOTHING: Window[] = [];

export function windowName({ from, to }: Window): string {
  return `${from}/${to}`;
}
