// Plans few reads for many queries (pure).

import { isByMinute, isSketch, type Measure } from '../../model/measure.ts';
import { type CellRead, groupingName, type Query } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { memberOf } from '../series/member.ts';

/** The reads that answer some queries, but for their hours. */
export interface ReadPlan {
  readonly reads: readonly CellRead[];
  /** By query, the places of the reads that answer it together; none where it asks about no time. */
  readonly readsOf: readonly (readonly number[])[];
}

/**
 * Queries with the same groups and filter share reads, cut at the edges of all their windows, so that a row is read once
 * however many windows hold it, and for those measures alone that some window wants of it. Sketches are read apart: they
 * return a row per bucket, and only short windows should pay for that; and so are measures of whole minutes, as windows of
 * others would cut their minutes in two.
 */
export function planReads(queries: readonly Query[]): ReadPlan {
  const shared = new Map<string, Query[]>();
  const groups = queries.map((query) => {
    const apart = query.measures.filter((measure) => isSketch(measure) || isByMinute(measure));
    const name = JSON.stringify([groupingName(query), apart.sort()]);
    const together = memberOf(shared, name, (): Query[] => []);
    together.push(query);
    return together;
  });
  const reads: CellRead[] = [];
  const places = new Map<Query[], number[]>();
  for (const together of shared.values()) {
    places.set(
      together,
      readsFor(together).map((read) => reads.push(read) - 1),
    );
  }
  const readsOf = queries.map(({ measures }, i) =>
    (places.get(groups[i] as Query[]) as number[]).filter((place) =>
      measures.every((measure) => reads[place]?.measures.includes(measure)),
    ),
  );
  return { reads, readsOf };
}

/** Disjoint reads, one for each set of measures that some time is wanted with. */
function readsFor(queries: readonly Query[]): CellRead[] {
  const { groupBy, where } = queries[0] as Query;
  const windows = queries.flatMap((query) => query.windows);
  const edges = [...new Set(windows.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const wantedOf = wantedBySegment(queries, edges);
  const reads = new Map<string, { measures: readonly Measure[]; edges: number[]; ranges: Window[] }>();
  for (let segment = 0; segment + 1 < edges.length; segment += 1) {
    const measures = wantedOf(segment);
    if (measures.length === 0) continue;
    const read = memberOf(reads, measures.join(), () => ({ measures, edges: [], ranges: [] }));
    addSegment(read, edges[segment] as number, edges[segment + 1] as number);
  }
  return [...reads.values()].map((read) => ({ ...read, groupBy, where }));
}

/** Which measures are wanted of the segments between edges, to be asked in ascending order. */
function wantedBySegment(
  queries: readonly Query[],
  edges: readonly number[],
): (segment: number) => readonly Measure[] {
  const segmentAt = new Map(edges.map((edge, segment) => [edge, segment]));
  /** By measure: how many more windows want it from a segment on. */
  const more = new Map<Measure, Int32Array>();
  for (const query of queries) {
    const { windows } = query;
    for (const measure of query.measures) {
      const own = memberOf(more, measure, () => new Int32Array(edges.length));
      for (const { from, to } of windows) {
        if (from >= to) continue;
        const [first, end] = [segmentAt.get(from) as number, segmentAt.get(to) as number];
        own[first] = (own[first] as number) + 1;
        own[end] = (own[end] as number) - 1;
      }
    }
  }
  const wanting = new Map([...more.keys()].map((measure) => [measure, 0]));
  return (segment) =>
    [...more].flatMap(([measure, own]) => {
      const windows = (wanting.get(measure) as number) + (own[segment] as number);
      wanting.set(measure, windows);
      return windows > 0 ? [measure] : [];
    });
}

function addSegment(
  { edges, ranges }: { edges: number[]; ranges: Window[] },
  from: number,
  to: number,
): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.to === from) ranges[ranges.length - 1] = { from: last.from, to };
  else {
    edges.push(from);
    ranges.push({ from, to });
  }
  edges.push(to);
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
