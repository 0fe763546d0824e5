// Plans few reads for many queries (pure).

import { isSketch } from '../../model/measure.ts';
import { type CellRead, groupingName, type Query } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';

/** The reads that answer some queries: `readOf[i]` is the index of the read that answers query i. */
export interface ReadPlan {
  readonly reads: readonly CellRead[];
  readonly readOf: readonly number[];
}

/**
 * Queries with the same groups and filter share one read, cut at the edges of all their windows, so that a row is read once
 * however many windows hold it. Sketches are read apart: they return a row per bucket, and only short windows should pay for
 * that.
 */
export function planReads(queries: readonly Query[]): ReadPlan {
  const shared = new Map<string, { index: number; queries: Query[] }>();
  const readOf = queries.map((query) => {
    const sketches = query.measures.filter(isSketch);
    const key = JSON.stringify([groupingName(query), sketches.sort()]);
    let entry = shared.get(key);
    if (entry === undefined) {
      entry = { index: shared.size, queries: [] };
      shared.set(key, entry);
    }
    entry.queries.push(query);
    return entry.index;
  });
  const reads = [...shared.values()].map(({ queries: together }) => merged(together));
  return { reads, readOf };
}

function merged(queries: readonly Query[]): CellRead {
  const first = queries[0] as Query;
  const windows = queries.flatMap((query) => query.windows);
  const edges = [...new Set(windows.flatMap((window) => [window.from, window.to]))].sort((a, b) => a - b);
  return {
    measures: [...new Set(queries.flatMap((query) => query.measures))],
    where: first.where,
    groupBy: first.groupBy,
    edges,
    ranges: unionOf(windows),
  };
}

/** The union of windows: without overlaps, ascending. */
export function unionOf(windows: readonly Window[]): Window[] {
  const union: { from: number; to: number }[] = [];
  for (const window of [...windows].sort((a, b) => a.from - b.from)) {
    if (window.to <= window.from) continue;
    const last = union.at(-1);
    if (last !== undefined && window.from <= last.to) last.to = Math.max(last.to, window.to);
    else union.push({ from: window.from, to: window.to });
  }
  return union;
}
