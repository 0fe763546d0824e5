// The same queries at one instant after the other.

import type { CallColumns, CallRead } from '../../model/call-columns.ts';
import { smallestOf } from '../../model/extremes.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import type { Dimension, Query, Series } from '../../model/series.ts';
import {
  type BucketGroups,
  type CallGroups,
  openBucketGroups,
  openCallGroups,
} from '../series/call-groups.ts';
import { type Layout, layoutOf } from '../series/layout.ts';
import { bySegment, cellValues, type StepGroups, stepGroups } from '../series/step-cells.ts';
import { type Edge, NO_TOTALS, openRunningSums, type RunningSums } from './running-sums.ts';
import { type CountedSketch, SeriesBetween, type Span } from './series-between.ts';
import type { StepGrid } from './step-grid.ts';

/**
 * Answers the same queries at one instant after the other, as their windows slide over calls that are taken a stretch
 * of time at a time. Answers equal those of the store over the same calls.
 */
export interface Slide {
  /** The beginning of the oldest window, ms, on the grid. */
  readonly origin: number;
  /** What must be known of a stretch of time. */
  wanted(edges: readonly number[], together: boolean): CallRead;
  /** The calls that follow those taken before. Throws a RangeError for sums that doubles cannot count exactly. */
  take(read: CallRead, columns: CallColumns): void;
  /**
   * An asker's queries as of an instant, once; null for one whose windows are not on the grid, or not known. Askers of the
   * same groups go from instant to instant together: an answer holds until one of them is answered as of another.
   */
  answer(asker: number, queries: readonly Query[], instant: number): (Series | null)[];
  /** Lets go of what has left all windows of those that were answered since the last time. */
  forget(): void;
  /** Numbers that are held. */
  size(): number;
}

/** `asked` are the askers' queries as of the first instant of each: later ones differ in their windows only. */
export function openSlide(asked: readonly (readonly Query[])[], grid: StepGrid): Slide {
  const origin = grid.floor(oldestOf(asked.flat()));
  const byName = new Map<string, View>();
  for (const [name, queries] of grouped(asked.flat(), viewName)) byName.set(name, openView(queries, grid));
  const views = [...byName.values()];
  const askers = asked.map((queries) =>
    queries.map((query) => openAsked(query, byName.get(viewName(query)) as View)),
  );
  const allSums = views.flatMap(({ tables, sketches }) =>
    [...tables.values(), ...sketches.values()].map(({ sums }) => sums),
  );

  return {
    origin,
    wanted(edges, together) {
      const end = grid.stepAt(edges.at(-1) as number) as number;
      const needed = views.filter(({ begin }) => begin < end);
      const measures = needed.flatMap(({ tables }) =>
        [...tables.values()].flatMap(({ begin, layout }) => (begin < end ? layout.measures : [])),
      );
      return {
        dimensions: distinct(needed.flatMap(({ dimensions }) => dimensions)),
        measures: distinct(measures).filter((one) => one !== 'calls'),
        sketches: distinct(
          needed.flatMap(({ sketches }) =>
            [...sketches].flatMap(([measure, { begin }]) => (begin < end ? [measure] : [])),
          ),
        ),
        edges,
        together,
      };
    },
    take({ edges }, columns) {
      const [from, to] = [edges[0], edges.at(-1)].map((edge) => grid.stepAt(edge as number) as number);
      const range = { from: from as number, to: to as number };
      const ordered = bySegment(columns.segments, edges.length - 1);
      for (const { begin, groups, tables, sketches } of views) {
        if (begin >= range.to) continue;
        const groupOf = groups.of(columns);
        const cells = stepGroups(range, ordered, groupOf, groups.keys.length);
        for (const table of tables.values()) takeInto(table, cells, columns, groups.keys.length);
        for (const [measure, sketch] of sketches) {
          if (sketch.begin >= range.to) continue;
          const bucketOf = sketch.buckets.of(columns, groupOf, measure);
          const count = sketch.buckets.count();
          takeInto(sketch, stepGroups(range, ordered, bucketOf, count), columns, count);
        }
      }
    },
    answer: (asker, queries, instant) =>
      queries.map((query, i) =>
        answerTo(query, (askers[asker] as readonly AskedQuery[])[i] as AskedQuery, grid, instant),
      ),
    forget() {
      for (const sums of allSums) sums.forget();
    },
    size: () => allSums.reduce((size, sums) => size + sums.size(), 0),
  };
}

/** Queries with the same groups and filter find the group of a call together. */
interface View {
  readonly groups: CallGroups;
  readonly dimensions: readonly Dimension[];
  /** The first step that a window looks at. */
  readonly begin: number;
  /** By the measures that queries ask for: few rules look far back, and they want few measures. */
  readonly tables: ReadonlyMap<string, Table>;
  readonly sketches: ReadonlyMap<Measure, Table & { readonly buckets: BucketGroups }>;
}

interface Table {
  readonly begin: number;
  readonly layout: Layout;
  readonly sums: RunningSums;
}

function openView(queries: readonly Query[], grid: StepGrid): View {
  const { groupBy, where } = queries[0] as Query;
  const tables = [...grouped(queries, tableName)].map(([name, own]) => {
    const additive = (own[0] as Query).measures.filter((measure) => !isSketch(measure));
    return [name, openTable(distinct(['calls', ...additive]), own, grid)] as const;
  });
  const sketches = distinct(queries.flatMap(({ measures }) => measures.filter(isSketch))).map((measure) => {
    const own = queries.filter(({ measures }) => measures.includes(measure));
    return [measure, { ...openTable(['calls'], own, grid), buckets: openBucketGroups() }] as const;
  });
  return {
    groups: openCallGroups(groupBy, where),
    dimensions: distinct([...groupBy, ...Object.keys(where)]),
    begin: smallestOf(tables.map(([, { begin }]) => begin)),
    tables: new Map(tables),
    sketches: new Map(sketches),
  };
}

/** A local time that is skipped is taken for a later one: an edge may go back by as much as a zone ever skipped. */
const SLACK_MS = 25 * 3_600_000;
/** Steps that are cut in two in so long a time. */
const CUTS_IN_SLACK = 6;

function openTable(measures: readonly Measure[], queries: readonly Query[], grid: StepGrid): Table {
  const begin = grid.stepAt(grid.floor(oldestOf(queries))) as number;
  const layout = layoutOf(measures);
  const slack = Math.ceil(SLACK_MS / grid.stepMs) + CUTS_IN_SLACK;
  return { begin, layout, sums: openRunningSums(layout, { origin: begin, slack }) };
}

function oldestOf(queries: readonly Query[]): number {
  return smallestOf(queries.flatMap(({ windows }) => windows.map(({ from }) => from)));
}

function takeInto(
  { begin, layout, sums }: Table,
  { from, to, starts, groups, cellOf }: StepGroups & { readonly cellOf: Int32Array },
  columns: CallColumns,
  groupCount: number,
): void {
  if (begin >= to) return;
  const values = cellValues({ cellOf, groups }, layout, columns.sums);
  sums.take({ from, to, starts, groups, values }, groupCount);
}

/** A query of one asker, with the two ends of each of its windows, in each of the sums that it needs. */
interface AskedQuery {
  readonly groups: CallGroups;
  readonly table: Table;
  readonly ends: readonly Ends[];
  readonly sketches: readonly (CountedSketch & {
    readonly sums: RunningSums;
    readonly spans: readonly Ends[];
  })[];
  readonly series: SeriesBetween;
}

/** The edges of a window, and the totals at them. */
interface Ends extends Span {
  readonly fromEdge: Edge;
  readonly toEdge: Edge;
}

function openAsked(query: Query, { groups, tables, sketches }: View): AskedQuery {
  const endsIn = (sums: RunningSums): Ends[] =>
    query.windows.map(() => ({
      fromEdge: sums.edge(),
      toEdge: sums.edge(),
      since: NO_TOTALS,
      until: NO_TOTALS,
    }));
  const table = tables.get(tableName(query)) as Table;
  const ends = endsIn(table.sums);
  const counted = [...sketches].flatMap(([measure, { buckets, sums }]) =>
    query.measures.includes(measure) ? [{ measure, buckets, sums, spans: endsIn(sums) }] : [],
  );
  return {
    groups,
    table,
    ends,
    sketches: counted,
    series: new SeriesBetween(query.measures, table.layout, ends, counted),
  };
}

function answerTo(query: Query, asked: AskedQuery, grid: StepGrid, instant: number): Series | null {
  const { groups, table, ends, sketches, series } = asked;
  if (!moveTo(query, table.sums, ends, grid, instant)) return null;
  for (const { sums, spans } of sketches) if (!moveTo(query, sums, spans, grid, instant)) return null;
  series.moved(groups.keys);
  return series;
}

/** Moves the ends to the windows of the query; whether that could be done. */
function moveTo(
  { windows }: Query,
  sums: RunningSums,
  ends: readonly Ends[],
  grid: StepGrid,
  instant: number,
): boolean {
  for (let i = 0; i < windows.length; i += 1) {
    const window = windows[i] as Query['windows'][number];
    const from = grid.stepAt(window.from);
    const to = grid.stepAt(window.to);
    if (from === null || to === null) return false;
    const own = ends[i] as Ends;
    const until = sums.at(own.toEdge, to, instant);
    const since = sums.at(own.fromEdge, from, instant);
    if (until === null || since === null) return false;
    own.until = until;
    // A window without time in it holds nothing: it ends where it begins.
    own.since = from < to ? since : until;
  }
  return true;
}

function grouped(queries: readonly Query[], nameOf: (query: Query) => string): Map<string, Query[]> {
  const groups = new Map<string, Query[]>();
  for (const query of queries) {
    const name = nameOf(query);
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [query]);
    else known.push(query);
  }
  return groups;
}

/** The same for all queries, or rules, over the same groups. */
export function viewName({ groupBy, where }: Pick<Query, 'groupBy' | 'where'>): string {
  return JSON.stringify([groupBy, Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function tableName({ measures }: Query): string {
  return JSON.stringify(measures.filter((measure) => !isSketch(measure)).sort());
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
