// Reads the cells of all cubes in one statement with grouping sets.

import type { Cube } from '../model/cube.ts';
import { isSketch, type Measure } from '../model/measure.ts';
import type { Dimension } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { CubeCell, Mapping, PriceList } from './audit-store.ts';
import type { CellSqlRow } from './cell-sql.ts';
import { aggregateSql, derivedColumnsSql, rawColumnsSql } from './measure-sql.ts';
import { callsSql, dimensionSql, fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { inRanges, rowTime, type TimeType } from './time-sql.ts';

/** The columns of a cube statement. */
interface Layout {
  readonly dimensions: readonly Dimension[];
  readonly sketches: readonly Measure[];
  readonly measures: readonly Measure[];
}

/**
 * One statement for all cubes: the rows within the ranges are read once and grouped by segment and each cube's
 * dimensions (grouping sets). Null when there is nothing to read.
 */
export function cubeSql(
  cubes: readonly Cube[],
  edges: readonly number[],
  ranges: readonly Window[],
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceList | null,
): Statement | null {
  if (cubes.length === 0 || ranges.length === 0 || edges.length < 2) return null;
  const parameters = new Parameters();
  const layout = layoutOf(cubes);
  const { dimensions, sketches, measures } = layout;
  const all = [...measures, ...sketches];
  const time = rowTime(mapping, timeType, parameters);
  const { conditions, relation } = inRanges(ranges, mapping, time);
  const raw = [
    `${time.segment(edges)} AS s`,
    ...dimensions.map((dimension, i) => `${dimensionSql(mapping, dimension)} AS d${i}`),
    ...rawColumnsSql(mapping, all),
  ];
  const rows = fromTableSql(mapping, raw, conditions, relation);
  const keys = [...dimensions.map((_, i) => `d${i}`), ...sketches];
  const selected = [
    's',
    ...dimensions.map((_, i) => `d${i}`),
    ...sketches.map((sketch, i) => `${sketch} AS b${i}`),
    ...(keys.length === 0 ? [] : [`grouping(${keys.join(', ')}) AS g`]),
    ...measures.map((measure, i) => `${aggregateSql(measure)} AS m${i}`),
  ];
  const inner = ['s', ...dimensions.map((_, i) => `d${i}`), ...derivedColumnsSql(all, prices, parameters)];
  const sets = cubes.map((cube) => `(${['s', ...keysOf(cube, layout)].join(', ')})`);
  const text = `SELECT ${selected.join(', ')}
FROM (${callsSql(inner, rows)}) AS call
GROUP BY GROUPING SETS (${sets.join(', ')})`;
  return { text, values: parameters.values };
}

/** The answer's rows by cube, in the order asked. */
export function cubeCellsOf(cubes: readonly Cube[], rows: readonly CellSqlRow[]): CubeCell[][] {
  const layout = layoutOf(cubes);
  const keys = [...layout.dimensions.map((_, i) => `d${i}`), ...layout.sketches];
  const plans = cubes.map((cube) => {
    const own = new Set(keysOf(cube, layout));
    // grouping() sets a bit, the highest for the first key, for each column that is not a key of the row's grouping set.
    const mask = keys.reduce((bits, key) => bits * 2 + (own.has(key) ? 0 : 1), 0);
    const columns = cube.dimensions.map((dimension) => `d${layout.dimensions.indexOf(dimension)}`);
    const bucket = cube.bucket === null ? null : `b${layout.sketches.indexOf(cube.bucket)}`;
    const sums = cube.measures.map((measure) => `m${layout.measures.indexOf(measure)}`);
    return { mask, columns, bucket, sums };
  });
  const byMask = new Map(plans.map(({ mask }, i) => [mask, i]));
  const cells: CubeCell[][] = cubes.map(() => []);
  for (const row of rows) {
    const index = byMask.get(Number(row.g ?? 0)) as number;
    const plan = plans[index] as (typeof plans)[number];
    // Rows without a latency are in no bucket.
    if (plan.bucket !== null && row[plan.bucket] === null) continue;
    const key = plan.columns.map((column) => row[column] as string | null);
    if (plan.bucket !== null) key.push(String(row[plan.bucket]));
    const sums = plan.sums.map((column) => (row[column] as string | null) ?? '0');
    cells[index]?.push({ segment: Number(row.s), key, sums });
  }
  return cells;
}

function layoutOf(cubes: readonly Cube[]): Layout {
  return {
    dimensions: [...new Set(cubes.flatMap((cube) => cube.dimensions))],
    sketches: [...new Set(cubes.flatMap((cube) => cube.bucket ?? []))],
    measures: [...new Set(cubes.flatMap((cube) => cube.measures))].filter((measure) => !isSketch(measure)),
  };
}

function keysOf(cube: Cube, layout: Layout): string[] {
  return [
    ...cube.dimensions.map((dimension) => `d${layout.dimensions.indexOf(dimension)}`),
    ...(cube.bucket === null ? [] : [cube.bucket]),
  ];
}
