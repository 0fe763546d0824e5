import { isSketch, type Measure } from '../model/measure.ts';
import type { Fixed } from '../model/money.ts';
import type { Cell, GroupKey, Query, Series } from '../model/series.ts';
import type { Sketch } from '../model/sketch.ts';
import type { CubeView, Totals } from './cube-view.ts';
import { fixedOf } from './packed-cells.ts';

/** The views of the cubes that answer a query. */
export interface QueryViews {
  readonly sums: CubeView;
  readonly sketches: readonly { readonly measure: Measure; readonly view: CubeView }[];
}

/** The query's answer from cells, as seriesOf would give it from the store; null when a cell that it needs is missing. */
export function answerFrom(query: Query, views: QueryViews, at: number): Series | null {
  const { measures } = views.sums.own.cube;
  const calls = measures.indexOf('calls');
  const additive = query.measures.flatMap((measure) =>
    isSketch(measure) ? [] : [{ measure, place: measures.indexOf(measure) }],
  );
  const columns: { totals: Totals; sketches: Map<string, Partial<Record<Measure, Map<number, number>>>> }[] =
    [];
  for (const window of query.windows) {
    const totals = views.sums.totals(window, at);
    if (totals === null) return null;
    const sketches = new Map<string, Partial<Record<Measure, Map<number, number>>>>();
    for (const { measure, view } of views.sketches) {
      const counted = view.totals(window, at);
      if (counted === null) return null;
      addSketches(sketches, measure, view, counted);
    }
    columns.push({ totals, sketches });
  }
  const groups: { key: GroupKey; cells: (Cell | null)[] }[] = [];
  const width = measures.length;
  views.sums.groups.forEach((key, group) => {
    let some = false;
    const cells = columns.map(({ totals, sketches }): Cell | null => {
      if (!totals.units[group * width + calls]) return null;
      some = true;
      const sums: Partial<Record<Measure, Fixed>> = {};
      for (const { measure, place } of additive) {
        const i = group * width + place;
        sums[measure] = fixedOf(totals.units[i] as number, totals.parts[i] as number);
      }
      return {
        sums,
        sketches: sketches.size === 0 ? NO_SKETCHES : (sketches.get(JSON.stringify(key)) ?? NO_SKETCHES),
      };
    });
    if (some) groups.push({ key, cells });
  });
  return { groups };
}

const NO_SKETCHES: Readonly<Partial<Record<Measure, Sketch>>> = {};

/** A view by bucket has a group for every bucket: its key's last member. */
function addSketches(
  sketches: Map<string, Partial<Record<Measure, Map<number, number>>>>,
  measure: Measure,
  view: CubeView,
  totals: Totals,
): void {
  const width = view.own.cube.measures.length;
  const calls = view.own.cube.measures.indexOf('calls');
  view.groups.forEach((key, group) => {
    const count = totals.units[group * width + calls] ?? 0;
    if (count === 0) return;
    const name = JSON.stringify(key.slice(0, -1));
    const own = sketches.get(name) ?? {};
    sketches.set(name, own);
    const counts = own[measure] ?? new Map<number, number>();
    own[measure] = counts;
    counts.set(Number(key.at(-1)), count);
  });
}
