// What the edges of the windows to come need, read beforehand.

import type { Measure } from '../../model/measure.ts';
import type { Query } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import type { AuditStore } from '../../stores/audit-store.ts';
import { ascending, HOUR } from '../series/grid.ts';
import type { EdgeNeeds } from './edge-needs.ts';
import type { LiveAggregate } from './live-aggregate.ts';
import { readHoursByMinute } from './read-buckets.ts';

/** An hour by the minute serves polls this close together; for fewer in an hour its parts are read as they are needed. */
const CLOSE_MS = HOUR / 4;

/**
 * The windows of the poll to come, if their ends move on as they did between the last two polls; without those of which
 * that is not known. `before` is what was asked in the one before the last: of a first one the next are taken to be the same.
 */
export function comingWindows(queries: readonly Query[], before: readonly Query[]): readonly Query[] {
  if (before.length === 0) return queries;
  return queries.map((query, i) => {
    const earlier = before[i]?.windows ?? [];
    const isAlike = earlier.length === query.windows.length;
    const windows = isAlike ? query.windows.map((window, j) => moved(window, earlier[j] as Window)) : [];
    return { ...query, windows: windows.filter((window) => window !== null) };
  });
}

/** Null where an end jumped, as those of the calendar do now and then, or polls are far apart. */
function moved({ from, to }: Window, earlier: Window): Window | null {
  const [begin, end] = [from - earlier.from, to - earlier.to];
  if ([begin, end].some((step) => step < 0 || step > CLOSE_MS)) return null;
  const next = { from: from + begin, to: to + end };
  return next.from < next.to ? next : null;
}

/** Hours that are read by the minute in one transaction. */
const AT_ONCE = 12;

/**
 * Reads hours by the minute that are not known so, some at a time until it `isOver`: polls a minute apart then add what
 * entered and left, and none has to read what all of them share.
 */
export async function readEdges(
  store: AuditStore,
  needed: EdgeNeeds['hours'],
  measuresOf: (aggregate: LiveAggregate, hour: number) => readonly Measure[],
  isOver: () => boolean,
): Promise<void> {
  const wanted = [...needed].map(
    ([aggregate, all]) =>
      [aggregate, new Set([...all].flatMap(([hour, isKnown]) => (isKnown ? [] : [hour])))] as const,
  );
  const hours = ascending(new Set(wanted.flatMap(([, aggregate]) => [...aggregate])));
  for (let from = 0; from < hours.length && !isOver(); from += AT_ONCE) {
    const chunk = hours.slice(from, from + AT_ONCE);
    const some = wanted.map(
      ([aggregate, all]) => [aggregate, new Set(chunk.filter((hour) => all.has(hour)))] as const,
    );
    await store.snapshot((snapshot) =>
      readHoursByMinute(snapshot, new Map(some), Number.POSITIVE_INFINITY, measuresOf),
    );
  }
}
