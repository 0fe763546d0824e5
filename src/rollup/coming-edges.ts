import type { Query } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { HOUR } from './grid.ts';

/** An hour by the minute serves polls this close together; for fewer in an hour its parts are read as they are needed. */
const CLOSE_MS = HOUR / 4;

/**
 * The windows of the poll to come, if their ends move on as they did between the last two polls. `before` is what was
 * asked in the one before the last, if anything was.
 */
export function comingWindows(queries: readonly Query[], before: readonly Query[]): Query[] {
  return queries.map((query, i) => {
    const earlier = before[i]?.windows ?? [];
    if (earlier.length !== query.windows.length) return query;
    return { ...query, windows: query.windows.map((window, j) => moved(window, earlier[j] as Window)) };
  });
}

/** A window of the calendar jumps now and then; it is taken to stay. */
function moved({ from, to }: Window, earlier: Window): Window {
  const step = (now: number, then: number): number =>
    now > then && now - then <= CLOSE_MS ? now + (now - then) : now;
  const next = { from: step(from, earlier.from), to: step(to, earlier.to) };
  return next.from < next.to ? next : { from, to };
}
