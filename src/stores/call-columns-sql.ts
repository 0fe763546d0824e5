import { type CallColumns, type CallRead, type DecimalColumn, NO_BUCKET } from '../model/call-columns.ts';
import type { Measure } from '../model/measure.ts';
import { decimalsIn, integersIn, lengthOf, textsIn } from './array-text.ts';
import type { Mapping, PriceList } from './audit-store.ts';
import { fromTableSql, instantText, type Statement, type TimeType } from './cell-sql.ts';
import { aggregateSql, derivedColumnsSql, rawColumnsSql, rowValueSql } from './measure-sql.ts';
import { columnSql, dimensionSql, Parameters } from './source-sql.ts';

/** The one row of the answer: an array a column, as PostgreSQL writes arrays; all NULL where there is no call. */
export type CallColumnsRow = Readonly<Record<string, string | null>>;

/**
 * All lines as one row of arrays. A row of its own costs the driver 2 µs and the server a message; a member of an
 * array costs both a tenth of that (136,000 calls with ten columns: 0.6 s instead of 1.1 s).
 */
export function callColumnsSql(
  read: CallRead,
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceList | null,
): Statement {
  const { dimensions, measures, sketches, edges, together } = read;
  const parameters = new Parameters();
  const all = [...measures, ...sketches];
  const time = columnSql(mapping, 'time', 'NULL');
  const bounds = `${parameters.add(edges.map(instantText))}::${timeType}[]`;
  const [from, to] = [edges[0] as number, edges.at(-1) as number].map(
    (ms) => `${parameters.add(instantText(ms))}::${timeType}`,
  );
  const named = dimensions.map((_, i) => `d${i}`);
  const raw = [
    `width_bucket(${time}, ${bounds}) - 1 AS s`,
    ...dimensions.map((dimension, i) => `${dimensionSql(mapping, dimension)} AS d${i}`),
    ...rawColumnsSql(mapping, all),
  ];
  const rows = fromTableSql(mapping, raw, [`${time} >= ${from}`, `${time} < ${to}`]);
  const calls = `SELECT ${['s', ...named, ...derivedColumnsSql(all, prices, parameters)].join(', ')} FROM (${rows}) AS raw OFFSET 0`;
  const buckets = sketches.map((sketch, i) => `${sketch} AS b${i}`);
  const asked: readonly Measure[] = together ? ['calls', ...measures] : measures;
  const valueSql = together ? aggregateSql : rowValueSql;
  const sums = asked.map((measure, i) => `${valueSql(measure)} AS m${i}`);
  const keys = ['s', ...named, ...sketches];
  const lines = `SELECT ${['s', ...named, ...buckets, ...sums].join(', ')} FROM (${calls}) AS call${
    together ? ` GROUP BY ${keys.join(', ')}` : ''
  }`;
  const columns = ['s', ...named, ...sketches.map((_, i) => `b${i}`), ...asked.map((_, i) => `m${i}`)];
  return {
    text: `SELECT ${columns.map((name) => `array_agg(${name})::text AS ${name}`).join(', ')} FROM (${lines}) AS line`,
    values: parameters.values,
  };
}

/** The answer's row as columns. */
export function callColumnsOf(
  { dimensions, measures, sketches, together }: CallRead,
  row: CallColumnsRow,
): CallColumns {
  const textOf = (name: string): string => row[name] ?? '{}';
  const length = lengthOf(textOf('s'));
  const asked: readonly Measure[] = together ? ['calls', ...measures] : measures;
  const sums = new Map<Measure, DecimalColumn>();
  if (!together) sums.set('calls', { units: new Float64Array(length).fill(1), parts: null });
  for (const [i, measure] of asked.entries()) sums.set(measure, decimalsIn(textOf(`m${i}`), length));
  return {
    length,
    segments: integersIn(textOf('s'), length, 0),
    dimensions: new Map(
      dimensions.map((dimension, i) => [dimension, textsIn(textOf(`d${i}`), length)] as const),
    ),
    sums,
    buckets: new Map(
      sketches.map((sketch, i) => [sketch, integersIn(textOf(`b${i}`), length, NO_BUCKET)] as const),
    ),
  };
}
