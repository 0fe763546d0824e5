// Measures as SQL.

import { AppError } from '../model/errors.ts';
import { errorFilterOf, isSketch, type Measure } from '../model/measure.ts';
import type { Column } from '../model/metric.ts';
import { SKETCH_GAMMA, ZERO_BUCKET } from '../model/sketch.ts';
import type { Mapping, PriceList } from './audit-store.ts';
import { errorTextSql, FAILED, narrowedSql } from './failure-sql.ts';
import { priceSql } from './price-sql.ts';
import { columnSql, type Parameters } from './source-sql.ts';

/** Costs beyond this, USD a call, are not believed. */
const MAX_COST = '1000000000';
/** Token counts and milliseconds beyond this are not believed; the same test drops NaN and the infinities. */
const MAX_QUANTITY = '1000000000000000';

/** What a row is asked for before it is summed, as `expression AS name`; the rest of this file works on these names. */
export function rawColumnsSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  const wanted = new Set(measures.flatMap(rawColumnsOf));
  return RAW.filter(({ name }) => wanted.has(name)).map(
    ({ name, sql }) => `${sql(mapping, { quantity: quantitySql, double: doubleSql })} AS ${name}`,
  );
}

/** The same columns as the table has them, without names: rows in which they are equal have equal sums. */
export function sourceColumnsSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  const wanted = new Set(measures.flatMap(rawColumnsOf));
  // Numbers are not converted, which would cost as much again as all else that a digest does.
  const asTheyAre = { quantity: (column: string) => column, double: (column: string) => column };
  return [...new Set(RAW.filter(({ name }) => wanted.has(name)).map(({ sql }) => sql(mapping, asTheyAre)))];
}

/** The expressions that some measures share, over the raw columns: the exact cost, and whether the call failed. */
export function derivedColumnsSql(
  measures: readonly Measure[],
  prices: PriceList | null,
  parameters: Parameters,
): string[] {
  const derived: string[] = [];
  const wanted = new Set(measures.flatMap(rawColumnsOf));
  if (wanted.has('cost_raw')) derived.push(`${costSql(prices, parameters)} AS cost`);
  if (wanted.has('status_raw')) derived.push(`${FAILED} AS failed`, 'status_raw', 'error_raw');
  if (wanted.has('input_raw')) derived.push('input_raw');
  if (wanted.has('output_raw')) derived.push('output_raw');
  if (wanted.has('latency_raw')) derived.push('latency_raw');
  for (const sketch of measures.filter(isSketch)) {
    derived.push(`${bucketSql(sketch === 'ttft_sketch' ? 'ttft_double' : 'latency_double')} AS ${sketch}`);
  }
  return derived;
}

/** An additive measure over the columns above, as exact numeric text; NULL stands for 0. */
export function aggregateSql(measure: Measure): string {
  const { counted, summed } = partOf(measure);
  if (counted === null) return '(count(*))::text';
  if (counted !== undefined) return `(count(*) FILTER (WHERE ${counted}))::text`;
  return `(sum(${summed}))::text`;
}

/** What one row adds to an additive measure; NULL stands for 0. */
export function rowValueSql(measure: Measure): string {
  const { counted, summed } = partOf(measure);
  if (counted === null) return '1';
  return counted === undefined ? summed : `(${counted})::integer`;
}

/** A measure counts the rows for which something is so (null: all of them), or sums what they hold. */
type Part =
  | { readonly counted: string | null; readonly summed?: undefined }
  | { readonly counted?: undefined; readonly summed: string };

function partOf(measure: Measure): Part {
  const part = PARTS[measure];
  if (part !== undefined) return part;
  const kind = measure.split('@')[0];
  const such = `failed${narrowedSql(errorFilterOf(measure))}`;
  if (kind === 'failed') return { counted: such };
  if (kind === 'failed_unpriced') return { counted: `${such} AND cost IS NULL` };
  if (kind === 'failed_cost') return { summed: `CASE WHEN ${such} THEN cost END` };
  throw new AppError('measure_unknown', `The audit store does not know the measure "${measure}".`);
}

const PARTS: Readonly<Partial<Record<Measure, Part>>> = {
  calls: { counted: null },
  cost: { summed: 'cost' },
  unpriced: { counted: 'cost IS NULL' },
  unpriced_tokens: {
    summed: 'CASE WHEN cost IS NULL THEN COALESCE(input_raw, 0) + COALESCE(output_raw, 0) END',
  },
  input_tokens: { summed: 'input_raw' },
  output_tokens: { summed: 'output_raw' },
  latency_sum: { summed: 'round(latency_raw, 6)' },
  latency_count: { counted: 'latency_raw IS NOT NULL' },
};

/** What makes numbers of a column, by what they are needed as. */
interface Conversions {
  quantity(expression: string): string;
  double(expression: string): string;
}

/** A column under the name that this file uses. Some columns have two names, one for each type that they are needed as. */
interface RawColumn {
  readonly name: string;
  readonly column: Column;
  sql(mapping: Mapping, conversions: Conversions): string;
}

const RAW: readonly RawColumn[] = [
  { name: 'cost_raw', column: 'cost', sql: (mapping) => columnSql(mapping, 'cost', 'NULL::numeric') },
  { name: 'model_raw', column: 'model', sql: (mapping) => `${columnSql(mapping, 'model', 'NULL')}::text` },
  {
    name: 'input_raw',
    column: 'input_tokens',
    sql: (mapping, { quantity }) => quantity(columnSql(mapping, 'input_tokens', 'NULL::integer')),
  },
  {
    name: 'output_raw',
    column: 'output_tokens',
    sql: (mapping, { quantity }) => quantity(columnSql(mapping, 'output_tokens', 'NULL::integer')),
  },
  {
    name: 'status_raw',
    column: 'status',
    sql: (mapping) => `${columnSql(mapping, 'status', 'NULL')}::integer`,
  },
  { name: 'error_raw', column: 'error', sql: errorTextSql },
  {
    name: 'latency_raw',
    column: 'latency_ms',
    sql: (mapping, { quantity }) => quantity(columnSql(mapping, 'latency_ms', 'NULL::float8')),
  },
  // A logarithm takes a double: by way of a numeric each costs 1 µs more, half of what a call costs in all.
  {
    name: 'latency_double',
    column: 'latency_ms',
    sql: (mapping, { double }) => double(columnSql(mapping, 'latency_ms', 'NULL::float8')),
  },
  {
    name: 'ttft_double',
    column: 'ttft_ms',
    sql: (mapping, { double }) => double(columnSql(mapping, 'ttft_ms', 'NULL::float8')),
  },
];

/** The canonical columns that a measure is made of. */
export function columnsOf(measure: Measure): readonly Column[] {
  const raw = rawColumnsOf(measure);
  return [...new Set(RAW.filter(({ name }) => raw.includes(name)).map(({ column }) => column))];
}

/** All expressions that statements ever make of one column alone. */
export function madeOfColumn(column: Column, mapping: Mapping): string[] {
  return RAW.filter((raw) => raw.column === column).map(({ name, sql }) => {
    const raw = sql(mapping, { quantity: quantitySql, double: doubleSql });
    if (name === 'cost_raw') return believedCostSql(raw);
    return name.endsWith('_double') ? bucketSql(raw) : raw;
  });
}

const COST = ['cost_raw', 'model_raw', 'input_raw', 'output_raw'];
const FAILURE = ['status_raw', 'error_raw'];

function rawColumnsOf(measure: Measure): readonly string[] {
  switch (measure.split('@')[0]) {
    case 'cost':
    case 'unpriced':
    case 'unpriced_tokens':
      return COST;
    case 'input_tokens':
      return ['input_raw'];
    case 'output_tokens':
      return ['output_raw'];
    case 'failed':
      return FAILURE;
    case 'failed_cost':
    case 'failed_unpriced':
      return [...COST, ...FAILURE];
    case 'latency_sum':
    case 'latency_count':
      return ['latency_raw'];
    case 'latency_sketch':
      return ['latency_double'];
    case 'ttft_sketch':
      return ['ttft_double'];
    default:
      return [];
  }
}

/** Doubles become decimals row by row; what is NaN, infinite or beyond belief becomes NULL before it can spoil a sum. */
function quantitySql(expression: string): string {
  return believedSql(expression, 'numeric');
}

function doubleSql(expression: string): string {
  return believedSql(expression, 'float8');
}

function believedSql(expression: string, type: 'numeric' | 'float8'): string {
  return `CASE WHEN ${expression} BETWEEN -${MAX_QUANTITY} AND ${MAX_QUANTITY} THEN ${expression}::${type} END`;
}

/** A call's cost as numeric with 12 places; NULL is an unknown cost. */
function costSql(prices: PriceList | null, parameters: Parameters): string {
  const believed = believedCostSql('cost_raw');
  const priced = prices === null ? 'NULL::numeric' : pricedSql(priceSql('model_raw', prices, parameters));
  return `CASE WHEN cost_raw IS NOT NULL THEN ${believed}
    WHEN input_raw > 0 OR output_raw > 0 THEN ${priced} ELSE 0::numeric END`;
}

function believedCostSql(cost: string): string {
  // Rounding is left out where there is nothing to round: it would cost a seventh of the time of a sum.
  const exact = `CASE WHEN scale(${cost}::numeric) > 12 THEN round(${cost}::numeric, 12) ELSE ${cost}::numeric END`;
  return `CASE WHEN ${cost} BETWEEN -${MAX_COST} AND ${MAX_COST} THEN ${exact} END`;
}

/** Tokens at a price in USD per million, in one scalar sub-select so that the list is looked through once. */
function pricedSql(price: string): string {
  const amount = `round((COALESCE(input_raw, 0) * (found.price ->> 'input')::numeric
    + COALESCE(output_raw, 0) * (found.price ->> 'output')::numeric) / 1000000, 12)`;
  return `(SELECT CASE WHEN ${amount} <= ${MAX_COST} THEN ${amount} END FROM (SELECT ${price} AS price OFFSET 0) AS found)`;
}

/** The sketch bucket of a value (metric.ts): always this expression, so that sketches of different reads merge. */
function bucketSql(value: string): string {
  const logarithm = `ceil(ln(${value}) / '${Math.log(SKETCH_GAMMA)}'::float8)`;
  return `CASE WHEN ${value} < 0.000000001 THEN ${ZERO_BUCKET} ELSE ${logarithm}::integer END`;
}
