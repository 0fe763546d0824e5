import { firstNotBelow } from '../model/ascending.ts';
import { isSketch, type Measure } from '../model/measure.ts';
import type { Fixed } from '../model/money.ts';
import type { Cell, CellRead, Query, SegmentCell, Series } from '../model/series.ts';
import type { Sketch } from '../model/sketch.ts';
import type { Window } from '../model/window.ts';

/** A group's cells by ascending segment, with running totals: total[i] is the sum of the first i cells. */
interface Track {
  readonly key: SegmentCell['key'];
  readonly segments: readonly number[];
  readonly totals: Readonly<Partial<Record<Measure, readonly Fixed[]>>>;
  readonly cells: readonly Cell[];
}

/**
 * The query's windows summed from the cells of a read that covers them. Windows begin and end at edges of the
 * read, so every sum is exact; running totals make a window cost the same however long it is.
 */
export function seriesOf(query: Query, read: CellRead, cells: readonly SegmentCell[]): Series {
  const segmentAt = new Map(read.edges.map((edge, index) => [edge, index]));
  const spans = query.windows.map((window) => spanOf(window, segmentAt));
  const groups = tracksOf(cells, read.measures.filter(notSketch)).map((track) => ({
    key: track.key,
    cells: spans.map((span) => cellOf(track, span, query.measures)),
  }));
  // A read is shared: groups that only have rows in another query's windows are not this query's.
  return { groups: groups.filter((group) => group.cells.some((cell) => cell !== null)) };
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

function cellOf(
  track: Track,
  [from, to]: readonly [number, number],
  measures: readonly Measure[],
): Cell | null {
  const first = firstNotBelow(track.segments, from);
  const end = firstNotBelow(track.segments, to);
  if (end <= first) return null;
  const sums: Partial<Record<Measure, Fixed>> = {};
  const sketches: Partial<Record<Measure, Sketch>> = {};
  for (const measure of measures) {
    if (isSketch(measure)) {
      sketches[measure] = mergedSketch(track.cells.slice(first, end), measure);
    } else {
      const totals = track.totals[measure];
      sums[measure] = (totals?.[end] ?? 0n) - (totals?.[first] ?? 0n);
    }
  }
  return { sums, sketches };
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
