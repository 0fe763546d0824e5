// Queries -> few cubes (pure).

import { type Cube, cubeName } from '../../model/cube.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import type { Query } from '../../model/series.ts';

/** Which cube answers what of a query: its sums, and each of its sketches. */
export interface CubeUse {
  readonly sums: string;
  readonly sketches: readonly { readonly measure: Measure; readonly cube: string }[];
}

export interface CubePlan {
  /** By name. */
  readonly cubes: ReadonlyMap<string, Cube>;
  /** By query, in the order asked. */
  readonly uses: readonly CubeUse[];
}

/**
 * The few cubes that answer some queries: one for every combination of dimensions that is grouped or filtered by,
 * however many rules share it.
 */
export function planCubes(queries: readonly Query[]): CubePlan {
  const measures = new Map<
    string,
    { dimensions: string[]; bucket: Cube['bucket']; measures: Set<Measure> }
  >();
  const want = (dimensions: string[], bucket: Cube['bucket'], wanted: readonly Measure[]): string => {
    const name = cubeName({ dimensions, bucket });
    const known = measures.get(name) ?? { dimensions, bucket, measures: new Set<Measure>(['calls']) };
    measures.set(name, known);
    for (const measure of wanted) known.measures.add(measure);
    return name;
  };
  const uses = queries.map((query): CubeUse => {
    const dimensions = [...new Set([...query.groupBy, ...Object.keys(query.where)])].sort();
    const sums = want(
      dimensions,
      null,
      query.measures.filter((measure) => !isSketch(measure)),
    );
    const sketches = query.measures.filter(isSketch) as NonNullable<Cube['bucket']>[];
    return {
      sums,
      sketches: sketches.map((sketch) => ({ measure: sketch, cube: want(dimensions, sketch, []) })),
    };
  });
  const cubes = [...measures].map(
    ([name, cube]) => [name, { ...cube, measures: [...cube.measures].sort() }] as const,
  );
  return { cubes: new Map(cubes), uses };
}

/** All cubes that a query's answer is made of. */
export function cubeNamesOf(use: CubeUse | undefined): string[] {
  return use === undefined ? [] : [use.sums, ...use.sketches.map(({ cube }) => cube)];
}
