// Adds the cells of a read up to windows (pure).

import { firstNotBelow } from '../../model/ascending.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import { type Fixed, ONE } from '../../model/money.ts';
import type { Cell, CellRead, GroupKey, Query, SegmentCell, Series } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';
import type { Window } from '../../model/window.ts';
import { memberOf } from '../series/member.ts';

/** The cells of one group, ascending by the instants at which they begin. */
interface Track {
  readonly key: GroupKey;
  readonly begins: readonly number[];
  readonly cells: readonly Cell[];
  /** Running totals of an additive measure: the i-th is the sum of the first i cells. */
  totals(measure: Measure): readonly Fixed[];
}

/** The cells of reads with the same groups and filter, by group. */
export interface GroupedCells {
  /** Where the reads are cut. */
  readonly edges: ReadonlySet<number>;
  readonly tracks: readonly Track[];
}

/** The answers to disjoint reads put together. */
export function groupedCells(
  answers: readonly { readonly read: CellRead; readonly cells: readonly SegmentCell[] }[],
): GroupedCells {
  const byGroup = new Map<string, { key: GroupKey; own: { begin: number; cell: Cell }[] }>();
  for (const { read, cells } of answers) {
    for (const { segment, key, cell } of cells) {
      const { own } = memberOf(byGroup, JSON.stringify(key), () => ({ key, own: [] }));
      own.push({ begin: read.edges[segment] as number, cell });
    }
  }
  return {
    edges: new Set(answers.flatMap(({ read }) => read.edges)),
    tracks: [...byGroup.values()].map(({ key, own }) => {
      own.sort((a, b) => a.begin - b.begin);
      return trackOf(
        key,
        own.map(({ begin }) => begin),
        own.map(({ cell }) => cell),
      );
    }),
  };
}

function trackOf(key: GroupKey, begins: readonly number[], cells: readonly Cell[]): Track {
  const known = new Map<Measure, readonly Fixed[]>();
  const totals = (measure: Measure): readonly Fixed[] =>
    memberOf(known, measure, () => {
      let total = 0n;
      return [0n, ...cells.map(({ sums }) => (total += sums[measure] ?? 0n))];
    });
  return { key, begins, cells, totals };
}

/**
 * The sums of a query's windows, from the cells of reads that cover them. Windows begin and end at edges of the reads, so
 * every sum is exact. With running totals, a long window costs as much as a short one.
 */
export function seriesOf(query: Query, { edges, tracks: all }: GroupedCells): Series {
  for (const { from, to } of query.windows) {
    if (from < to && !(edges.has(from) && edges.has(to)))
      throw new RangeError('a window is not cut at the edges of its reads');
  }
  // Reads are shared: groups that have rows only in another query's windows are left out.
  const tracks = all.flatMap((track) => {
    const places = query.windows.map((window) => placesOf(track, window));
    return places.some(({ first, end }) => end > first) ? [{ ...track, places }] : [];
  });
  const has = (group: number, window: number): boolean => {
    const places = tracks[group]?.places[window];
    return places !== undefined && places.end > places.first;
  };
  const sumOf = (group: number, window: number, measure: Measure): Fixed => {
    const track = tracks[group];
    const places = track?.places[window];
    if (track === undefined || places === undefined) return 0n;
    const totals = track.totals(measure);
    return (totals[places.end] ?? 0n) - (totals[places.first] ?? 0n);
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

/** The range of a group's cells in a window: from `first` up to, not including, `end`. */
interface Places {
  readonly first: number;
  readonly end: number;
}

function placesOf({ begins }: Track, { from, to }: Window): Places {
  const first = firstNotBelow(begins, from);
  return { first, end: Math.max(first, firstNotBelow(begins, to)) };
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
