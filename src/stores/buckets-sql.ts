// Aggregates -> one statement with grouping sets; its rows -> columns.

import type { Aggregate } from '../model/aggregate.ts';
import { type CallColumns, NO_BIN } from '../model/call-columns.ts';
import type { PriceTable } from '../model/call-prices.ts';
import { isSketch, type Measure } from '../model/measure.ts';
import type { Dimension } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { arraySql, integersIn, lengthOf, listSql, textsIn, truncatedDecimalsIn } from './array-text.ts';
import type { Mapping } from './audit-store.ts';
import { callsSql } from './calls-sql.ts';
import { aggregateSql, rawColumnsSql } from './measure-sql.ts';
import { dimensionSql, fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { inRanges, rowTime, type TimeType } from './time-sql.ts';

/** What the columns of a statement stand for, by their numbers. */
interface Layout {
  readonly dimensions: readonly Dimension[];
  readonly sketches: readonly Measure[];
  readonly measures: readonly Measure[];
}

/**
 * One statement for all aggregates: the rows within the ranges are read once and grouped by segment and each aggregate's
 * dimensions (grouping sets). Its answer has one row for each aggregate, of texts that hold a column each, as in
 * `callColumnsSql`: a row for each group would take the driver a kilobyte. Null when there is nothing to read.
 */
export function bucketsSql(
  aggregates: readonly Aggregate[],
  edges: readonly number[],
  ranges: readonly Window[],
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceTable | null,
): Statement | null {
  if (aggregates.length === 0 || ranges.length === 0 || edges.length < 2) return null;
  const parameters = new Parameters();
  const layout = layoutOf(aggregates);
  const { dimensions, sketches, measures } = layout;
  const all = [...measures, ...sketches];
  const time = rowTime(mapping, timeType, parameters);
  const { conditions, relation } = inRanges(ranges, mapping, time);
  const named = dimensions.map((_, i) => `d${i}`);
  const raw = [
    `${time.segment(edges)} AS s`,
    ...dimensions.map((dimension, i) => `${dimensionSql(mapping, dimension)} AS d${i}`),
    ...rawColumnsSql(mapping, all),
  ];
  const rows = fromTableSql(mapping, raw, conditions, relation);
  const keys = [...named, ...sketches];
  const grouped = [
    's',
    ...named,
    ...sketches.map((sketch, i) => `${sketch} AS b${i}`),
    `${keys.length === 0 ? 0 : `grouping(${keys.join(', ')})`} AS g`,
    ...measures.map((measure, i) => `${aggregateSql(measure)} AS m${i}`),
  ];
  const sets = aggregates.map((aggregate) => `(${['s', ...keysOf(aggregate, layout)].join(', ')})`);
  const groups = `SELECT ${grouped.join(', ')}
FROM (${callsSql(['s', ...named], all, rows, mapping, { prices, parameters, time })}) AS call
GROUP BY GROUPING SETS (${sets.join(', ')})`;
  const columns = ['g', `${listSql('s')} AS s`, ...columnsSql(aggregates, layout)];
  return {
    text: `SELECT ${columns.join(', ')} FROM (${groups}) AS line GROUP BY g`,
    values: parameters.values,
  };
}

/** Each column as a text, of those aggregates alone that have it. */
function columnsSql(aggregates: readonly Aggregate[], layout: Layout): string[] {
  const { dimensions, sketches, measures } = layout;
  const masks = masksOf(aggregates, layout);
  const filterFor = (has: (aggregate: Aggregate) => boolean): string => {
    const having = masks.filter((_, i) => has(aggregates[i] as Aggregate));
    return having.length === masks.length ? '' : ` FILTER (WHERE g IN (${having.join(', ')}))`;
  };
  return [
    ...dimensions.map(
      (name, i) =>
        `${arraySql(
          `d${i}`,
          filterFor((one) => one.dimensions.includes(name)),
        )} AS d${i}`,
    ),
    ...sketches.map(
      (sketch, i) =>
        `${listSql(
          `b${i}`,
          filterFor((one) => one.sketch === sketch),
        )} AS b${i}`,
    ),
    ...measures.map(
      (name, i) =>
        `${listSql(
          `m${i}`,
          filterFor((one) => one.measures.includes(name)),
        )} AS m${i}`,
    ),
  ];
}

/** A row of the answer: `g` is what grouping() gives, the others are texts, NULL where an aggregate has no such column. */
export type BucketsRow = Readonly<Record<string, string | null>>;

/** The answer's rows by aggregate, in the order asked. */
export function bucketsOf(aggregates: readonly Aggregate[], rows: readonly BucketsRow[]): CallColumns[] {
  const layout = layoutOf(aggregates);
  const byMask = new Map(rows.map((row) => [Number(row.g), row]));
  const masks = masksOf(aggregates, layout);
  return aggregates.map((aggregate, i) => columnsOf(aggregate, layout, byMask.get(masks[i] as number) ?? {}));
}

function columnsOf(
  { dimensions, measures, sketch }: Aggregate,
  layout: Layout,
  row: BucketsRow,
): CallColumns {
  const length = lengthOf(row.s ?? '');
  const textOf = (letter: string, place: number): string | null => row[`${letter}${place}`] ?? null;
  const bins = sketch === null ? null : textOf('b', layout.sketches.indexOf(sketch));
  return {
    length,
    segments: integersIn(row.s ?? '', length, 0),
    dimensions: new Map(
      dimensions.map((dimension) => {
        const text = textOf('d', layout.dimensions.indexOf(dimension));
        return [dimension, textsIn(text ?? '{}', length)] as const;
      }),
    ),
    sums: new Map(
      measures.map((measure) => {
        const text = textOf('m', layout.measures.indexOf(measure));
        return [measure, truncatedDecimalsIn(text ?? '', length)] as const;
      }),
    ),
    bins: new Map(sketch === null ? [] : [[sketch, integersIn(bins ?? '', length, NO_BIN)]]),
  };
}

function layoutOf(aggregates: readonly Aggregate[]): Layout {
  return {
    dimensions: [...new Set(aggregates.flatMap(({ dimensions }) => dimensions))],
    sketches: [...new Set(aggregates.flatMap(({ sketch }) => sketch ?? []))],
    measures: [...new Set(aggregates.flatMap(({ measures }) => measures))].filter(
      (measure) => !isSketch(measure),
    ),
  };
}

/** What grouping() gives for each aggregate: a 1 bit, the first key's the highest, for each key that is not its own. */
function masksOf(aggregates: readonly Aggregate[], layout: Layout): number[] {
  const keys = [...layout.dimensions.map((_, i) => `d${i}`), ...layout.sketches];
  return aggregates.map((aggregate) => {
    const own = new Set(keysOf(aggregate, layout));
    return keys.reduce((bits, key) => bits * 2 + (own.has(key) ? 0 : 1), 0);
  });
}

function keysOf({ dimensions, sketch }: Aggregate, layout: Layout): string[] {
  return [
    ...dimensions.map((dimension) => `d${layout.dimensions.indexOf(dimension)}`),
    ...(sketch === null ? [] : [sketch]),
  ];
}
