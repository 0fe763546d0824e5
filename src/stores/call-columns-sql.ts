// Reads calls in one statement, whose single row becomes columns.

import { type CallColumns, type CallRead, type DecimalColumn, NO_BIN } from '../model/call-columns.ts';
import type { PriceTable } from '../model/call-prices.ts';
import { type Measure, msMeasure, narrowed, originOf } from '../model/measure.ts';
import {
  arraySql,
  decimalsIn,
  integersIn,
  lengthOf,
  listSql,
  type SomeDecimals,
  textsIn,
} from './array-text.ts';
import type { Mapping } from './audit-store.ts';
import { callsSql } from './calls-sql.ts';
import { aggregateSql, rawColumnsSql, rowValueSql } from './measure-sql.ts';
import { dimensionSql, fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { rowTime, type TimeType } from './time-sql.ts';

/** The single row of the answer, one text per column; all NULL without calls. */
export type CallColumnsRow = Readonly<Record<string, string | null>>;

/**
 * Selects all lines as one row of texts. Each row costs the driver 2 µs and the server a message; a member of a list costs
 * both a tenth of that (136,000 calls with ten columns: 0.6 s instead of 1.1 s). Numbers need no array, which would cost the
 * server another tenth; texts do, as they may contain separators.
 */
export function callColumnsSql(
  read: CallRead,
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceTable | null,
): Statement {
  const { dimensions, sketches, edges, together } = read;
  const asked = askedOf(read);
  const all = [...asked, ...sketches];
  const parameters = new Parameters();
  const time = rowTime(mapping, timeType, parameters);
  const within = time.within({ from: edges[0] as number, to: edges.at(-1) as number });
  const named = dimensions.map((_, i) => `d${i}`);
  const raw = [
    `${time.segment(edges)} AS s`,
    ...dimensions.map((dimension, i) => `${dimensionSql(mapping, dimension)} AS d${i}`),
    ...rawColumnsSql(mapping, all),
  ];
  const rows = fromTableSql(mapping, raw, within);
  const calls = callsSql(['s', ...named], all, rows, mapping, { prices, parameters, time });
  const bins = sketches.map((sketch, i) => `${sketch} AS b${i}`);
  const valueSql = together ? aggregateSql : rowValueSql;
  const sums = asked.map((measure, i) => `${valueSql(measure)} AS m${i}`);
  const keys = ['s', ...named, ...sketches];
  const lines = `SELECT ${['s', ...named, ...bins, ...sums].join(', ')} FROM (${calls}) AS call${
    together ? ` GROUP BY ${keys.join(', ')}` : ''
  }`;
  const numbers = ['s', ...sketches.map((_, i) => `b${i}`), ...asked.map((_, i) => `m${i}`)];
  const columns = [
    ...named.map((name) => `${arraySql(name)} AS ${name}`),
    ...numbers.map((name) => `${listSql(name)} AS ${name}`),
  ];
  return { text: `SELECT ${columns.join(', ')} FROM (${lines}) AS line`, values: parameters.values };
}

/** Parses the row of the answer. */
export function callColumnsOf(read: CallRead, row: CallColumnsRow): CallColumns {
  const { dimensions, sketches, together } = read;
  const length = lengthOf(row.s ?? '');
  const numbers = (name: string): string => row[name] ?? '';
  const selected = new Map(
    askedOf(read).map((measure, i) => [measure, decimalsIn(numbers(`m${i}`), length)] as const),
  );
  return {
    length,
    segments: integersIn(numbers('s'), length, 0),
    dimensions: new Map(
      dimensions.map((dimension, i) => [dimension, textsIn(row[`d${i}`] ?? '{}', length)] as const),
    ),
    sums: together ? selected : sumsOf(read, selected, length),
    bins: new Map(
      sketches.map((sketch, i) => [sketch, integersIn(numbers(`b${i}`), length, NO_BIN)] as const),
    ),
  };
}

/**
 * The measures to select. Of single calls, those that follow from others are left out: a third of what the server would
 * send.
 */
function askedOf({ measures, together }: CallRead): readonly Measure[] {
  return together ? ['calls', ...measures] : [...new Set(measures.flatMap(sourcesOf))];
}

/** The selected measures from which a measure of a single call follows. */
function sourcesOf(measure: Measure): readonly Measure[] {
  const origin = originOf(measure);
  if (origin?.of === 'unpriced') return ['cost'];
  if (origin?.of === 'column' && origin.as === 'count') return [msMeasure(origin.column, 'sum')];
  if (origin?.of === 'repeated' && origin.what === 'cost') return ['cost', 'repeated'];
  if (origin?.of === 'failed' && origin.what === 'cost') return ['cost', narrowed('failed', origin.errors)];
  return [measure];
}

/** The sums of single calls, computed from the selected measures. */
function sumsOf(
  { measures }: CallRead,
  selected: ReadonlyMap<Measure, SomeDecimals>,
  length: number,
): Map<Measure, DecimalColumn> {
  const sumOf = (measure: Measure): DecimalColumn => {
    const [first, second] = sourcesOf(measure).map((source) => selected.get(source) as SomeDecimals) as [
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

/** The values of a column where `holds` has a 1; 0 where it has a 0. */
function where({ units, parts }: DecimalColumn, holds: DecimalColumn): DecimalColumn {
  const kept = (values: Float64Array): Float64Array =>
    values.map((value, line) => value * (holds.units[line] as number));
  return { units: kept(units), parts: parts === null ? null : kept(parts) };
}
