// What of a window lies in whole hours, in minutes and within them (pure).

import type { Window } from '../../model/window.ts';
import { HOUR, hourOf, MINUTE } from '../series/grid.ts';

/** The whole hours within a window; `from` is not before `to` when there are none. */
export function wholeHours({ from, to }: Window): Window {
  return { from: Math.ceil(from / HOUR) * HOUR, to: hourOf(to) };
}

/**
 * What of a window lies in hours that it does not hold whole: its head, up to the first hour that it holds whole, and its
 * tail, from the last one on. Either may be empty, and a window that holds no hour whole and lies in one is its own head.
 */
export function cutAtHours(window: Window): { readonly headEnd: number; readonly tailBegin: number } {
  const { from, to } = wholeHours(window);
  return from > to ? { headEnd: window.to, tailBegin: window.to } : { headEnd: from, tailBegin: to };
}

/** What of a part of an hour lies in minutes that it does not hold whole. */
export function piecesOf({ from, to }: Window, at: number): Window[] {
  const head = Math.ceil(from / MINUTE) * MINUTE;
  const tail = to === at ? to : Math.floor(to / MINUTE) * MINUTE;
  if (head === from && tail === to) return NOTHING;
  if (head > tail) return from < to ? [{ from, to }] : [];
  return [
    { from, to: head },
    { from: tail, to },
  ].filter((piece) => piece.from < piece.to);
}

/** Edges mostly fall on minutes, and there are thousands of them a poll. */
const NOTHING: Window[] = [];

export function pieceName({ from, to }: Window): string {
  return `${from}/${to}`;
}
