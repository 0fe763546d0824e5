// Adds the cells of a read up to windows (pure).

import { firstNotBelow } from '../../model/ascending.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import { type Fixed, ONE } from '../../model/money.ts';
import type { Cell, CellRead, Query, SegmentCell, Series } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';
import type { Window } from '../../model/window.ts';

/** A group's cells by ascending segment, with running totals: total[i] is the sum of the first i cells. */
interface Track {
  readonly key: SegmentCell['key'];
  readonly segments: readonly number[];
  readonly totals: Readonly<Partial<Record<Measure, readonly Fixed[]>>>;
  readonly cells: readonly Cell[];
}

/**
 * The sums of a query's windows, from the cells of a read that covers them. Windows begin and end at edges of the read, so
 * every sum is exact. With running totals, a long window costs as much as a short one.
 */
export function seriesOf(query: Query, read: CellRead, cells: readonly SegmentCell[]): Series {
  const segmentAt = new Map(read.edges.map((edge, index) => [edge, index]));
  const spans = query.windows.map((window) => spanOf(window, segmentAt));
  // A read is shared: groups that have rows only in another query's windows are left out.
  const tracks = tracksOf(cells, read.measures.filter(notSketch)).flatMap((track) => {
    const places = spans.map((span) => placesOf(track, span));
    return places.some(({ first, end }) => end > first) ? [{ ...track, places }] : [];
  });
  const has = (group: number, window: number): boolean => {
    const places = tracks[group]?.places[window];
    return places !== undefined && places.end > places.first;
  };
  const sumOf = (group: number, window: number, measure: Measure): Fixed => {
    const track = tracks[group];
    const places = track?.places[window];
    if (places === undefined) return 0n;
    const totals = track?.totals[measure];
    return (totals?.[places.end] ?? 0n) - (totals?.[places.first] ?? 0n);
  };
  return {
    keys: tracks.map(({ key }) => key),
    has,
    cell(group, window): Cell | null {
      if (!has(group, window)) return null;
      const sums: Partial<Record<Measure, Fixed>> = {};
      const sketches: Partial<Record<Measure, Sketch>> = {};
      for (const measure of query.measures) {
        if (isSketch(measure)) sketches[measure] = sketchIn(tracks[group], window, measure);
        else sums[measure] = sumOf(group, window, measure);
      }
      return { sums, sketches };
    },
    estimate: (group, window, measure) => Number(sumOf(group, window, measure)) / Number(ONE),
  };
}

function spanOf(window: Window, segmentAt: ReadonlyMap<number, number>): readonly [number, number] {
  const from = segmentAt.get(window.from);
  const to = segmentAt.get(window.to);
  if (from === undefined || to === undefined)
    throw new RangeError('a window is not cut at the edges of its read');
  return [from, to];
}

function tracksOf(cells: readonly SegmentCell[], additive: readonly Measure[]): Track[] {
  const byGroup = new Map<string, SegmentCell[]>();
  for (const cell of cells) {
    const id = JSON.stringify(cell.key);
    const own = byGroup.get(id);
    if (own === undefined) byGroup.set(id, [cell]);
    else own.push(cell);
  }
  return [...byGroup.values()].map((own) => {
    own.sort((a, b) => a.segment - b.segment);
    const totals: Partial<Record<Measure, Fixed[]>> = {};
    for (const measure of additive) {
      let total = 0n;
      totals[measure] = [0n, ...own.map(({ cell }) => (total += cell.sums[measure] ?? 0n))];
    }
    const key = (own[0] as SegmentCell).key;
    return { key, segments: own.map(({ segment }) => segment), totals, cells: own.map(({ cell }) => cell) };
  });
}

/** The range of a group's cells in a window: from `first` up to, not including, `end`. */
interface Places {
  readonly first: number;
  readonly end: number;
}

function placesOf(track: Track, [from, to]: readonly [number, number]): Places {
  const first = firstNotBelow(track.segments, from);
  return { first, end: Math.max(first, firstNotBelow(track.segments, to)) };
}

function sketchIn(
  track: (Track & { readonly places: readonly Places[] }) | undefined,
  window: number,
  measure: Measure,
): Sketch {
  const { first, end } = track?.places[window] ?? { first: 0, end: 0 };
  return mergedSketch(track?.cells.slice(first, end) ?? [], measure);
}

function mergedSketch(cells: readonly Cell[], measure: Measure): Sketch {
  const counts = new Map<number, number>();
  for (const cell of cells) {
    for (const [bucket, count] of cell.sketches[measure] ?? []) {
      counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    }
  }
  return counts;
}

function notSketch(measure: Measure): boolean {
  return !isSketch(measure);
}
