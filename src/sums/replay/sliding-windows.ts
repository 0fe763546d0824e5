// Answers the same queries at one evaluation time after the other.

import type { CallColumns, CallRead } from '../../model/call-columns.ts';
import { groupedBy } from '../../model/grouped-by.ts';
import { isSketch } from '../../model/measure.ts';
import { groupingName, type Query, type Series } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { ColumnSeries } from '../series/column-series.ts';
import { orderBySegment } from '../series/line-buckets.ts';
import {
  distinct,
  oldestOf,
  openView,
  type ReplayView,
  type SketchTable,
  type Table,
  tableName,
} from './replay-view.ts';
import type { SlidingSums } from './sliding-sums.ts';
import type { StepGrid } from './step-grid.ts';

/**
 * Answers the same queries at one evaluation time after the other, as their windows slide over calls that are added in
 * segments of time. Answers equal those of the store over the same calls.
 */
export interface SlidingWindows {
  /** The beginning of the oldest window, ms, on the grid. */
  readonly origin: number;
  /** The read of calls between edges that the windows need. */
  wanted(edges: readonly number[], together: boolean): CallRead;
  /** Adds the calls that follow the earlier ones. Throws a RangeError for sums that doubles cannot hold exactly. */
  take(read: CallRead, columns: CallColumns): void;
  /**
   * The answers to the queries of the asker at index `asker`, with their windows as of an evaluation time; null for a query
   * whose windows are not on the grid or not read yet. An answer is valid until the next one for the same asker.
   */
  answer(asker: number, queries: readonly Query[]): (Series | null)[];
  /** Releases what has left all windows that were answered since the last call. */
  forget(): void;
  /** How many numbers are in memory. */
  size(): number;
}

/** `asked` are the queries of each asker as of its first evaluation time; later ones differ in their windows only. */
export function openSlidingWindows(asked: readonly (readonly Query[])[], grid: StepGrid): SlidingWindows {
  const all = asked.flat();
  const byName = new Map([...groupedBy(all, groupingName)].map(([name, own]) => [name, openView(own, grid)]));
  const views = [...byName.values()];
  const tables = views.flatMap((view): Table[] => [...view.tables.values(), ...view.sketches.values()]);
  const askers = asked.map((queries) =>
    queries.map((query) => openQuery(query, byName.get(groupingName(query)) as ReplayView, grid)),
  );
  return {
    origin: grid.floor(oldestOf(all)),
    wanted: (edges, together) =>
      wantedOf(views, grid.stepAt(edges.at(-1) as number) as number, edges, together),
    take({ edges }, columns) {
      const [from, to] = [edges[0], edges.at(-1)].map((edge) => grid.stepAt(edge as number) as number);
      const range = { from: from as number, to: to as number };
      const lines = orderBySegment(columns.segments, edges.length - 1);
      for (const view of views) if (view.begin < range.to) view.take(range, lines, columns);
    },
    answer: (asker, queries) => {
      const own = askers[asker] as readonly SlidingQuery[];
      return queries.map((query, i) => (own[i] as SlidingQuery).to(query));
    },
    forget() {
      for (const table of tables) table.forget();
    },
    size: () => tables.reduce((sum, table) => sum + table.size(), 0),
  };
}

/** What the tables that begin before a step need of calls. */
function wantedOf(
  views: readonly ReplayView[],
  end: number,
  edges: readonly number[],
  together: boolean,
): CallRead {
  const needed = views.filter(({ begin }) => begin < end);
  const measures = needed.flatMap(({ tables }) =>
    [...tables.values()].flatMap(({ begin, log }) => (begin < end ? log.layout.measures : [])),
  );
  const sketches = needed.flatMap((view) =>
    [...view.sketches].flatMap(([measure, { begin }]) => (begin < end ? [measure] : [])),
  );
  return {
    dimensions: distinct(needed.flatMap(({ dimensions }) => dimensions)),
    measures: distinct(measures).filter((one) => one !== 'calls'),
    sketches: distinct(sketches),
    edges,
    together,
  };
}

/** A query of one asker. */
interface SlidingQuery {
  /** Its answer for other windows; null where they are not on the grid or not read yet. */
  to(query: Pick<Query, 'windows' | 'hours'>): Series | null;
}

function openQuery(query: Query, view: ReplayView, grid: StepGrid): SlidingQuery {
  const { measures, windows: first, hours: asked } = query;
  const open = (table: Table): SlidingSums[] => first.map(() => table.open());
  const table = view.tables.get(tableName(query)) as Table;
  const sums = open(table);
  const counts = measures.filter(isSketch).map((measure) => {
    const sketch = view.sketches.get(measure) as SketchTable;
    return { measure, bins: sketch.bins, sums: open(sketch) };
  });
  const hours = asked === undefined ? null : table.openHours();
  const series = new ColumnSeries({
    measures,
    layout: table.log.layout,
    windows: sums.map(({ totals }) => totals),
    sketches: counts.map(({ measure, bins, sums: own }) => ({
      measure,
      binsOf: bins.ofGroup,
      windows: own.map(({ totals }) => totals),
    })),
  });
  const all = [sums, ...counts.map(({ sums: own }) => own)];
  return {
    to({ windows, hours: span }) {
      for (const own of all) if (!moveAll(own, windows, grid)) return null;
      if (hours !== null && span !== undefined && !hours.moveTo(span)) return null;
      series.moved(view.groups.keys, hours);
      return series;
    },
  };
}

/** Moves the sums of each window; false where one of the windows is not on the grid or not read yet. */
function moveAll(sums: readonly SlidingSums[], windows: readonly Window[], grid: StepGrid): boolean {
  for (let i = 0; i < windows.length; i += 1) {
    const window = windows[i] as Window;
    const from = grid.stepAt(window.from);
    const to = grid.stepAt(window.to);
    if (from === null || to === null || !(sums[i] as SlidingSums).moveTo({ from, to })) return false;
  }
  return true;
}
