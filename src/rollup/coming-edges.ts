import type { Measure } from '../model/measure.ts';
import type { Query } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { CubeCells } from './cube-cells.ts';
import { ascending, HOUR, hourOf } from './grid.ts';
import { readHoursByMinute } from './read-cells.ts';

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

/** Hours that are read by the minute in one transaction. */
const AT_ONCE = 6;

/**
 * Reads by the minute the hours that parts of windows lie in, some at a time until it `isOver`: polls a minute apart then
 * add what entered and left, and none has to read what all of them share.
 */
export async function readEdges(
  store: AuditStore,
  parts: ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>,
  measuresOf: (own: CubeCells, hour: number) => readonly Measure[],
  isOver: () => boolean,
): Promise<void> {
  const wanted = [...parts].map(
    ([own, named]) => [own, new Set([...named.values()].map(({ from }) => hourOf(from)))] as const,
  );
  const hours = ascending(new Set(wanted.flatMap(([, own]) => [...own])));
  for (let from = 0; from < hours.length && !isOver(); from += AT_ONCE) {
    const chunk = hours.slice(from, from + AT_ONCE);
    const some = wanted.map(([own, all]) => [own, new Set(chunk.filter((hour) => all.has(hour)))] as const);
    await store.snapshot((snapshot) =>
      readHoursByMinute(snapshot, new Map(some), Number.POSITIVE_INFINITY, measuresOf),
    );
  }
}
