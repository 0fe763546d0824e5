import type { CallColumns, CallRead, DecimalColumn } from '../model/call-columns.ts';
import { isSketch, type Measure } from '../model/measure.ts';
import type { Dimension, Query, Series } from '../model/series.ts';
import { type BucketGroups, type CallGroups, openBucketGroups, openCallGroups } from './call-groups.ts';
import { type Edge, openRunningSums, type RunningSums } from './running-sums.ts';
import { type Span, seriesBetween } from './series-between.ts';
import { bySegment, stepCells } from './step-cells.ts';

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
  /** A new instant: answers given before hold no more. */
  next(): void;
  /** An asker's queries as of this instant, once; null for one whose windows are not on the grid, or not known. */
  answer(asker: number, queries: readonly Query[]): (Series | null)[];
  /** Lets go of what has left all windows, when all askers have been answered. */
  forget(): void;
  /** Numbers that are held. */
  size(): number;
}

/** `asked` are the askers' queries as of the first instant of each: later ones differ in their windows only. */
export function openSlide(asked: readonly (readonly Query[])[], stepMs: number): Slide {
  const tables = new Map(
    [...sharedQueries(asked.flat())].map(([name, queries]) => [name, openTable(queries, stepMs)] as const),
  );
  const askers = asked.map((queries) =>
    queries.map((query) => openAsked(query, tables.get(tableName(query)) as Table)),
  );
  const all = [...tables.values()];
  const allSums = all.flatMap(({ sums, sketches }) => [
    sums,
    ...[...sketches.values()].map((one) => one.sums),
  ]);

  return {
    origin: Math.min(...all.map(({ origin }) => origin)),
    wanted(edges, together) {
      const end = edges.at(-1) as number;
      const needed = all.filter(({ origin }) => origin < end);
      return {
        dimensions: distinct(needed.flatMap(({ dimensions }) => dimensions)),
        measures: distinct(needed.flatMap(({ measures }) => measures)).filter((one) => one !== 'calls'),
        sketches: distinct(needed.flatMap(({ sketches }) => [...sketches.keys()])),
        edges,
        together,
      };
    },
    take({ edges }, columns) {
      const range = { from: edges[0] as number, to: edges.at(-1) as number };
      const ordered = bySegment(columns.segments, edges.length - 1);
      const columnsOf = (names: readonly Measure[]): DecimalColumn[] =>
        names.map((name) => columns.sums.get(name) as DecimalColumn);
      for (const { origin, groups, measures, sketches, sums } of all) {
        if (origin >= range.to) continue;
        const groupOf = groups.of(columns);
        const count = groups.keys.length;
        sums.take(stepCells(range, ordered, groupOf, count, columnsOf(measures)), count);
        for (const [measure, { buckets, sums: counts }] of sketches) {
          const bucketOf = buckets.of(columns, groupOf, measure);
          counts.take(
            stepCells(range, ordered, bucketOf, buckets.count(), columnsOf(['calls'])),
            buckets.count(),
          );
        }
      }
    },
    next() {
      for (const sums of allSums) sums.nextRound();
    },
    answer: (asker, queries) =>
      queries.map((query, i) => answerTo(query, (askers[asker] as readonly AskedQuery[])[i] as AskedQuery)),
    forget() {
      for (const sums of allSums) sums.forget();
    },
    size: () => allSums.reduce((size, sums) => size + sums.size(), 0),
  };
}

/** What queries of the same groups and filter share. */
interface Table {
  readonly groups: CallGroups;
  readonly dimensions: readonly Dimension[];
  readonly measures: readonly Measure[];
  readonly origin: number;
  readonly sums: RunningSums;
  readonly sketches: ReadonlyMap<Measure, { readonly buckets: BucketGroups; readonly sums: RunningSums }>;
}

function openTable(queries: readonly Query[], stepMs: number): Table {
  const { groupBy, where } = queries[0] as Query;
  const measures = distinct(queries.flatMap((query) => query.measures));
  const additive = distinct(['calls', ...measures.filter((measure) => !isSketch(measure))] as const);
  const oldest = Math.min(...queries.flatMap(({ windows }) => windows.map(({ from }) => from)));
  const origin = Math.floor(oldest / stepMs) * stepMs;
  return {
    groups: openCallGroups(groupBy, where),
    dimensions: distinct([...groupBy, ...Object.keys(where)]),
    measures: additive,
    origin,
    sums: openRunningSums(additive.length, origin, stepMs),
    sketches: new Map(
      measures
        .filter(isSketch)
        .map(
          (measure) =>
            [measure, { buckets: openBucketGroups(), sums: openRunningSums(1, origin, stepMs) }] as const,
        ),
    ),
  };
}

/** A query of one asker, with the two ends of each of its windows, in each of the sums that it needs. */
interface AskedQuery {
  readonly table: Table;
  readonly ends: readonly Ends[];
  readonly sketchEnds: ReadonlyMap<Measure, readonly Ends[]>;
}

interface Ends {
  readonly from: Edge;
  readonly to: Edge;
}

function openAsked({ windows, measures }: Query, table: Table): AskedQuery {
  const endsIn = (sums: RunningSums): Ends[] => windows.map(() => ({ from: sums.edge(), to: sums.edge() }));
  const sketches = measures.flatMap((measure) => {
    const sketch = table.sketches.get(measure);
    return sketch === undefined ? [] : [[measure, endsIn(sketch.sums)] as const];
  });
  return { table, ends: endsIn(table.sums), sketchEnds: new Map(sketches) };
}

function answerTo(query: Query, { table, ends, sketchEnds }: AskedQuery): Series | null {
  const spans = spansAt(query, table.sums, ends);
  if (spans === null) return null;
  const sketches = [];
  for (const [measure, own] of sketchEnds) {
    const sketch = table.sketches.get(measure);
    const counts = sketch === undefined ? null : spansAt(query, sketch.sums, own);
    if (sketch === undefined || counts === null) return null;
    sketches.push({ measure, buckets: sketch.buckets, spans: counts });
  }
  return seriesBetween(query, table, spans, sketches);
}

function spansAt({ windows }: Query, sums: RunningSums, ends: readonly Ends[]): Span[] | null {
  const spans: Span[] = [];
  for (const [i, { from, to }] of windows.entries()) {
    const own = ends[i] as Ends;
    const until = sums.at(own.to, to);
    const since = sums.at(own.from, from);
    if (until === null || since === null) return null;
    // A window without time in it holds nothing: it ends where it begins.
    spans.push({ since: from < to ? since : until, until });
  }
  return spans;
}

function sharedQueries(queries: readonly Query[]): Map<string, Query[]> {
  const shared = new Map<string, Query[]>();
  for (const query of queries) {
    const name = tableName(query);
    const known = shared.get(name);
    if (known === undefined) shared.set(name, [query]);
    else known.push(query);
  }
  return shared;
}

function tableName({ groupBy, where }: Query): string {
  return JSON.stringify([groupBy, Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
