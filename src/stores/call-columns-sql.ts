// Calls -> one statement; its one row -> columns.

import { type CallColumns, type CallRead, type DecimalColumn, NO_BUCKET } from '../model/call-columns.ts';
import { type Measure, msMeasure, narrowed, originOf } from '../model/measure.ts';
import { decimalsIn, integersIn, lengthOf, type SomeDecimals, textsIn } from './array-text.ts';
import type { Mapping, PriceList } from './audit-store.ts';
import { aggregateSql, derivedColumnsSql, rawColumnsSql, rowValueSql } from './measure-sql.ts';
import { dimensionSql, fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { rowTime, type TimeType } from './time-sql.ts';

/** The one row of the answer: a text a column; all NULL where there is no call. */
export type CallColumnsRow = Readonly<Record<string, string | null>>;

/**
 * All lines as one row of texts. A row of its own costs the driver 2 µs and the server a message; a member of a list
 * costs both a tenth of that (136,000 calls with ten columns: 0.6 s instead of 1.1 s). Numbers need no array, which would
 * cost the server another tenth; texts may hold whatever stands between them.
 */
export function callColumnsSql(
  read: CallRead,
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceList | null,
): Statement {
  const { dimensions, sketches, edges, together } = read;
  const asked = askedOf(read);
  const all = [...asked, ...sketches];
  const parameters = new Parameters();
  const time = rowTime(mapping, timeType, parameters);
  const within = time.within(time.bound(edges[0] as number), time.bound(edges.at(-1) as number));
  const named = dimensions.map((_, i) => `d${i}`);
  const raw = [
    `${time.segment(edges)} AS s`,
    ...dimensions.map((dimension, i) => `${dimensionSql(mapping, dimension)} AS d${i}`),
    ...rawColumnsSql(mapping, all),
  ];
  const rows = fromTableSql(mapping, raw, within);
  const calls = `SELECT ${['s', ...named, ...derivedColumnsSql(all, prices, parameters)].join(', ')} FROM (${rows}) AS raw OFFSET 0`;
  const buckets = sketches.map((sketch, i) => `${sketch} AS b${i}`);
  const valueSql = together ? aggregateSql : rowValueSql;
  const sums = asked.map((measure, i) => `${valueSql(measure)} AS m${i}`);
  const keys = ['s', ...named, ...sketches];
  const lines = `SELECT ${['s', ...named, ...buckets, ...sums].join(', ')} FROM (${calls}) AS call${
    together ? ` GROUP BY ${keys.join(', ')}` : ''
  }`;
  const numbers = ['s', ...sketches.map((_, i) => `b${i}`), ...asked.map((_, i) => `m${i}`)];
  const columns = [
    ...named.map((name) => `array_agg(${name})::text AS ${name}`),
    ...numbers.map((name) => `string_agg(COALESCE(${name}::text, ''), ',') AS ${name}`),
  ];
  return { text: `SELECT ${columns.join(', ')} FROM (${lines}) AS line`, values: parameters.values };
}

/** The answer's row as columns. */
export function callColumnsOf(read: CallRead, row: CallColumnsRow): CallColumns {
  const { dimensions, sketches, together } = read;
  const length = lengthOf(row.s ?? '');
  const numbers = (name: string): string => row[name] ?? '';
  const told = new Map(
    askedOf(read).map((measure, i) => [measure, decimalsIn(numbers(`m${i}`), length)] as const),
  );
  return {
    length,
    segments: integersIn(numbers('s'), length, 0),
    dimensions: new Map(
      dimensions.map((dimension, i) => [dimension, textsIn(row[`d${i}`] ?? '{}', length)] as const),
    ),
    sums: together ? told : sumsOf(read, told, length),
    buckets: new Map(
      sketches.map((sketch, i) => [sketch, integersIn(numbers(`b${i}`), length, NO_BUCKET)] as const),
    ),
  };
}

/** What is asked for: of single calls nothing that follows from the rest, a third of what the server would send. */
function askedOf({ measures, together }: CallRead): readonly Measure[] {
  return together ? ['calls', ...measures] : [...new Set(measures.flatMap(sourcesOf))];
}

/** What tells a measure of a single call. */
function sourcesOf(measure: Measure): readonly Measure[] {
  const origin = originOf(measure);
  if (origin?.of === 'unpriced') return ['cost'];
  if (origin?.of === 'column' && origin.as === 'count') return [msMeasure(origin.column, 'sum')];
  if (origin?.of === 'failed' && origin.what === 'cost') return ['cost', narrowed('failed', origin.errors)];
  return [measure];
}

/** The sums of single calls, by what was told of them. */
function sumsOf(
  { measures }: CallRead,
  told: ReadonlyMap<Measure, SomeDecimals>,
  length: number,
): Map<Measure, DecimalColumn> {
  const sumOf = (measure: Measure): DecimalColumn => {
    const [first, second] = sourcesOf(measure).map((source) => told.get(source) as SomeDecimals) as [
      SomeDecimals,
      SomeDecimals?,
    ];
    if (second !== undefined) return where(first, second);
    const origin = originOf(measure);
    if (origin?.of === 'unpriced') return { units: new Float64Array(first.absent), parts: null };
    if (origin?.of === 'column' && origin.as === 'count')
      return { units: new Float64Array(first.absent).map((one) => 1 - one), parts: null };
    return first;
  };
  const calls: DecimalColumn = { units: new Float64Array(length).fill(1), parts: null };
  return new Map([['calls', calls], ...measures.map((measure) => [measure, sumOf(measure)] as const)]);
}

/** Those values that stand where the other column has a 1, not a 0. */
function where({ units, parts }: DecimalColumn, holds: DecimalColumn): DecimalColumn {
  const kept = (values: Float64Array): Float64Array =>
    values.map((value, line) => value * (holds.units[line] as number));
  return { units: kept(units), parts: parts === null ? null : kept(parts) };
}
