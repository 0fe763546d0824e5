import { isSketch, type Measure } from '../model/measure.ts';
import { type Fixed, ONE } from '../model/money.ts';
import type { Cell, Query, Series } from '../model/series.ts';
import type { Sketch } from '../model/sketch.ts';
import type { CubeView } from './cube-view.ts';
import { fixedOf } from './packed-cells.ts';
import type { Totals } from './totals.ts';

/** The views of the cubes that answer a query. */
export interface QueryViews {
  readonly sums: CubeView;
  readonly sketches: readonly { readonly measure: Measure; readonly view: CubeView }[];
}

/** The query's answer from cells, as seriesOf would give it from the store; null when a cell that it needs is missing. */
export function answerFrom(query: Query, views: QueryViews, at: number): Series | null {
  const columns: Totals[] = [];
  for (const window of query.windows) {
    const totals = views.sums.totals(window, at);
    if (totals === null || views.sketches.some(({ view }) => view.totals(window, at) === null)) return null;
    columns.push(totals);
  }
  const { measures } = views.sums.own.cube;
  const width = measures.length;
  const places = new Map(measures.map((measure, place) => [measure, place]));
  const calls = places.get('calls') as number;
  const additive = query.measures.filter((measure) => !isSketch(measure));
  const groups = groupsWithRows(columns, views.sums.groups.length, width, calls);
  const sketchesIn = sketchesBy(query, views, at);

  const { own } = views.sums;
  const { looks } = own;
  /** The sums are written over by the next look; who kept the answer must not be told of another instant. */
  const columnOf = (window: number): Totals => {
    if (own.looks !== looks) throw new RangeError('an answer of an earlier look was asked');
    return columns[window] as Totals;
  };
  const has = (group: number, window: number): boolean =>
    Boolean(columnOf(window).units[(groups[group] as number) * width + calls]);
  return {
    keys: Array.from(groups, (group) => views.sums.groups[group] as readonly (string | null)[]),
    has,
    cell(group, window): Cell | null {
      if (!has(group, window)) return null;
      const { units, parts } = columnOf(window);
      const from = (groups[group] as number) * width;
      const sums: Partial<Record<Measure, Fixed>> = {};
      for (const measure of additive) {
        const at = from + (places.get(measure) as number);
        sums[measure] = fixedOf(units[at] as number, parts[at] as number);
      }
      return { sums, sketches: sketchesIn(groups[group] as number, window) };
    },
    estimate(group, window, measure) {
      const { units, parts } = columnOf(window);
      const at = (groups[group] as number) * width + (places.get(measure) as number);
      return (units[at] ?? 0) + (parts[at] ?? 0) / UNIT;
    },
    estimates(window, measure) {
      const { units, parts } = columnOf(window);
      const place = places.get(measure) as number;
      const estimates = new Float64Array(groups.length);
      for (let i = 0; i < groups.length; i += 1) {
        const at = (groups[i] as number) * width + place;
        estimates[i] = (units[at] ?? 0) + (parts[at] ?? 0) / UNIT;
      }
      return estimates;
    },
  };
}

const UNIT = Number(ONE);

/** The groups of a view that have a row in one of the windows. */
function groupsWithRows(columns: readonly Totals[], count: number, width: number, calls: number): Int32Array {
  const groups = new Int32Array(count);
  let found = 0;
  for (let group = 0; group < count; group += 1) {
    if (!hasRows(columns, group * width + calls)) continue;
    groups[found] = group;
    found += 1;
  }
  return groups.subarray(0, found);
}

function hasRows(columns: readonly Totals[], place: number): boolean {
  for (let i = 0; i < columns.length; i += 1) if ((columns[i] as Totals).units[place]) return true;
  return false;
}

type Sketches = Readonly<Partial<Record<Measure, Sketch>>>;
const NO_SKETCHES: Sketches = {};

/** The sketches of a group in a window; those of a window are put together when the first of them is asked for. */
function sketchesBy(
  { windows }: Query,
  { sums, sketches }: QueryViews,
  at: number,
): (group: number, window: number) => Sketches {
  const byWindow = new Map<number, Map<string, Partial<Record<Measure, Map<number, number>>>>>();
  return (group, window) => {
    if (sketches.length === 0) return NO_SKETCHES;
    let byGroup = byWindow.get(window);
    if (byGroup === undefined) {
      byGroup = new Map();
      byWindow.set(window, byGroup);
      for (const { measure, view } of sketches) {
        const totals = view.totals(windows[window] as Query['windows'][number], at);
        if (totals !== null) addSketches(byGroup, measure, view, totals);
      }
    }
    return byGroup.get(JSON.stringify(sums.groups[group])) ?? NO_SKETCHES;
  };
}

/** A view by bucket has a group for every bucket. */
function addSketches(
  sketches: Map<string, Partial<Record<Measure, Map<number, number>>>>,
  measure: Measure,
  view: CubeView,
  totals: Totals,
): void {
  const width = view.own.cube.measures.length;
  const calls = view.own.cube.measures.indexOf('calls');
  view.splits.forEach(({ name, bucket }, group) => {
    const count = totals.units[group * width + calls] ?? 0;
    if (count === 0) return;
    const own = sketches.get(name) ?? {};
    sketches.set(name, own);
    const counts = own[measure] ?? new Map<number, number>();
    own[measure] = counts;
    counts.set(bucket, count);
  });
}
