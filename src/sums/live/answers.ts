// The answers to the same queries at one look after the other.

import { isSketch, type Measure } from '../../model/measure.ts';
import { groupingName, type Query, type Series } from '../../model/series.ts';
import { memberOf } from '../series/member.ts';
import { type Answer, openAnswer } from './answer.ts';
import type { CubeCells } from './cube-cells.ts';
import { type CubeUse, cubeNamesOf, planCubes } from './cube-plan.ts';
import { type CubeView, viewOf } from './cube-view.ts';

/** Answers to the same queries at one look after the other. */
export interface Answers {
  /** In the order asked; `uses` says which cubes answer what, and `at` is the end of what was read. */
  to(queries: readonly Query[], uses: readonly CubeUse[], at: number): (Series | null)[];
}

/** Queries with the same groups, filter and measures look at cubes through the same view. */
export function openAnswers(cubes: ReadonlyMap<string, CubeCells>): Answers {
  const views = new Map<string, CubeView>();
  /** By the place of the query: rules ask in the same order at every look. */
  let answers: { readonly query: Query; readonly answer: Answer }[] = [];

  const viewFor = (name: string, query: Query, measures: readonly Measure[]): CubeView => {
    const { groupBy, where } = query;
    const id = JSON.stringify([name, groupingName(query), measures]);
    return memberOf(views, id, () => viewOf(cubes.get(name) as CubeCells, groupBy, where, measures));
  };
  const open = (query: Query, use: CubeUse): Answer => {
    const additive = query.measures.filter((measure) => !isSketch(measure));
    return openAnswer(query, {
      sums: viewFor(use.sums, query, [...new Set<Measure>(['calls', ...additive])].sort()),
      sketches: use.sketches.map(({ measure, cube }) => ({ measure, view: viewFor(cube, query, ['calls']) })),
    });
  };

  const follow = (queries: readonly Query[], uses: readonly CubeUse[]): void => {
    answers = queries.map((query, i) => {
      const known = answers[i];
      if (known !== undefined && isAlike(known.query, query)) return known;
      return { query, answer: open(query, uses[i] as CubeUse) };
    });
  };

  return {
    to(queries, uses, at) {
      follow(queries, uses);
      return answers.map(({ answer }, i) => answer.to((queries[i] as Query).windows, at));
    },
  };
}

/** Answers queries from cells that are kept for others; null where they lack the dimensions, or some cells are missing. */
export function knownFrom(
  cubes: ReadonlyMap<string, CubeCells>,
  queries: readonly Query[],
  at: number,
): (Series | null)[] {
  const { uses } = planCubes(queries);
  return queries.map((query, i) => {
    const use = uses[i] as CubeUse;
    if (!cubeNamesOf(use).every((name) => cubes.has(name))) return null;
    const measures = cubes.get(use.sums)?.cube.measures ?? [];
    if (!query.measures.every((measure) => isSketch(measure) || measures.includes(measure))) return null;
    return openAnswers(cubes).to([query], [use], at)[0] ?? null;
  });
}

/** Whether two queries differ in nothing but where their windows lie. */
function isAlike(a: Query, b: Query): boolean {
  return (
    a.where === b.where &&
    a.groupBy === b.groupBy &&
    a.windows.length === b.windows.length &&
    a.measures.length === b.measures.length &&
    a.measures.every((measure, i) => measure === b.measures[i])
  );
}
