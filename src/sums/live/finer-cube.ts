// One cube to be read in place of several (pure).

import type { Cube } from '../../model/cube.ts';
import type { GroupKey } from '../../model/series.ts';
import type { CubeCell } from '../../stores/audit-store.ts';

/** A cube that is wanted, and how many groups are known of it. */
export interface WantedCube {
  readonly cube: Cube;
  readonly groups: number;
}

/** Above this a finer cube could have as many cells as there are rows. */
const FEW_GROUPS = 500;

/**
 * The one cube of which all of these are sums, where it has few groups: a store groups by it alone in two thirds of the
 * time that it takes to group the same rows once for each of them. Null where they are better read as they are.
 */
export function finerCube(wanted: readonly WantedCube[]): Cube | null {
  if (wanted.length < 2 || wanted.some(({ cube }) => cube.bucket !== null)) return null;
  const most = wanted.reduce((product, { groups }) => product * Math.max(1, groups), 1);
  if (most > FEW_GROUPS) return null;
  const cubes = wanted.map(({ cube }) => cube);
  return {
    dimensions: [...new Set(cubes.flatMap(({ dimensions }) => dimensions))].sort(),
    measures: [...new Set(cubes.flatMap(({ measures }) => measures))].sort(),
    bucket: null,
  };
}

/** A finer cube's cells under the keys and with the measures of a coarser one; several may have the same key. */
export function coarsened(cells: readonly CubeCell[], finer: Cube, cube: Cube): CubeCell[] {
  const places = cube.dimensions.map((dimension) => finer.dimensions.indexOf(dimension));
  const columns = cube.measures.map((measure) => finer.measures.indexOf(measure));
  return cells.map(({ segment, key, sums }) => ({
    segment,
    key: places.map((place) => key[place] ?? null) as GroupKey,
    sums: columns.map((column) => sums[column] ?? '0'),
  }));
}
