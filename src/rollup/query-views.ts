import type { Measure } from '../model/measure.ts';
import type { Query } from '../model/series.ts';
import type { QueryViews } from './answer.ts';
import type { CubeCells } from './cube-cells.ts';
import type { CubeUse } from './cube-plan.ts';
import { type CubeView, viewOf } from './cube-view.ts';
import { memberOf } from './grid.ts';

/** The views through which queries look at some cubes; queries with the same groups and filter share one. */
export interface OpenViews {
  of(query: Query, use: CubeUse): QueryViews;
}

export function openViews(cubes: ReadonlyMap<string, CubeCells>): OpenViews {
  const views = new Map<string, CubeView>();
  const checked = new Map<string, CubeView>();

  const viewFor = (name: string, { groupBy, where }: Query, measures: readonly Measure[]): CubeView => {
    const filter = Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1));
    const id = JSON.stringify([name, groupBy, filter]);
    const view = memberOf(views, id, () => viewOf(cubes.get(name) as CubeCells, groupBy, where));
    return memberOf(checked, JSON.stringify([id, measures]), () => knowing(view, measures));
  };

  return {
    of: (query, use) => ({
      sums: viewFor(use.sums, query, query.measures),
      sketches: use.sketches.map(({ measure, cube }) => ({ measure, view: viewFor(cube, query, ['calls']) })),
    }),
  };
}

/** The view with its sums only where they have all of the measures. */
function knowing(view: CubeView, measures: readonly Measure[]): CubeView {
  const places = measures.map((measure) => view.own.cube.measures.indexOf(measure));
  return {
    ...view,
    totals(window, at) {
      const totals = view.totals(window, at);
      return totals === null || places.some((place) => totals.lacks.includes(place)) ? null : totals;
    },
  };
}
