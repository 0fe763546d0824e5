import { AppError } from '../model/errors.ts';
import { type ErrorFilter, errorFilterOf, isSketch, type Measure } from '../model/measure.ts';
import { SKETCH_GAMMA, ZERO_BUCKET } from '../model/sketch.ts';
import type { Mapping, PriceList } from './audit-store.ts';
import { priceSql } from './price-sql.ts';
import { columnSql, type Parameters } from './source-sql.ts';

/** Costs beyond this, USD a call, are not believed. */
const MAX_COST = '1000000000';
/** Token counts and milliseconds beyond this are not believed; the same test drops NaN and the infinities. */
const MAX_QUANTITY = '1000000000000000';

/** What a row is asked for before it is summed, as `expression AS name`; the rest of this file works on these names. */
export function rawColumnsSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  const wanted = new Set(measures.flatMap(rawColumnsOf));
  return RAW.filter(([name]) => wanted.has(name)).map(
    ([name, sql]) => `${sql(mapping, { quantity: quantitySql, double: doubleSql })} AS ${name}`,
  );
}

/** The same columns as the table has them, without names: rows in which they are equal have equal sums. */
export function sourceColumnsSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  const wanted = new Set(measures.flatMap(rawColumnsOf));
  // Numbers are not converted, which would cost as much again as all else that a digest does.
  const asTheyAre = { quantity: (column: string) => column, double: (column: string) => column };
  return [...new Set(RAW.filter(([name]) => wanted.has(name)).map(([, sql]) => sql(mapping, asTheyAre)))];
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

const RAW: readonly (readonly [name: string, sql: (mapping: Mapping, conversions: Conversions) => string])[] =
  [
    ['cost_raw', (mapping) => columnSql(mapping, 'cost', 'NULL::numeric')],
    ['model_raw', (mapping) => `${columnSql(mapping, 'model', 'NULL')}::text`],
    ['input_raw', (mapping, { quantity }) => quantity(columnSql(mapping, 'input_tokens', 'NULL::integer'))],
    ['output_raw', (mapping, { quantity }) => quantity(columnSql(mapping, 'output_tokens', 'NULL::integer'))],
    ['status_raw', (mapping) => `${columnSql(mapping, 'status', 'NULL')}::integer`],
    ['error_raw', (mapping) => `NULLIF(${columnSql(mapping, 'error', 'NULL')}::text, '')`],
    ['latency_raw', (mapping, { quantity }) => quantity(columnSql(mapping, 'latency_ms', 'NULL::float8'))],
    // A logarithm takes a double: by way of a numeric each costs 1 µs more, half of what a call costs in all.
    ['latency_double', (mapping, { double }) => double(columnSql(mapping, 'latency_ms', 'NULL::float8'))],
    ['ttft_double', (mapping, { double }) => double(columnSql(mapping, 'ttft_ms', 'NULL::float8'))],
  ];

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
  // Rounding what has no more places anyway would cost a seventh of a sum of costs.
  const exact =
    'CASE WHEN scale(cost_raw::numeric) > 12 THEN round(cost_raw::numeric, 12) ELSE cost_raw::numeric END';
  const believed = `CASE WHEN cost_raw BETWEEN -${MAX_COST} AND ${MAX_COST} THEN ${exact} END`;
  const priced = prices === null ? 'NULL::numeric' : pricedSql(priceSql('model_raw', prices, parameters));
  return `CASE WHEN cost_raw IS NOT NULL THEN ${believed}
    WHEN input_raw > 0 OR output_raw > 0 THEN ${priced} ELSE 0::numeric END`;
}

/** Tokens at a price in USD per million, in one scalar sub-select so that the list is looked through once. */
function pricedSql(price: string): string {
  const amount = `round((COALESCE(input_raw, 0) * (found.price ->> 'input')::numeric
    + COALESCE(output_raw, 0) * (found.price ->> 'output')::numeric) / 1000000, 12)`;
  return `(SELECT CASE WHEN ${amount} <= ${MAX_COST} THEN ${amount} END FROM (SELECT ${price} AS price OFFSET 0) AS found)`;
}

/** By status, or by the presence of an error text where there is no status. */
const FAILED =
  'CASE WHEN status_raw IS NULL THEN error_raw IS NOT NULL ELSE status_raw NOT BETWEEN 200 AND 399 END';

const TIMED_OUT = `(COALESCE(status_raw IN (408, 504), false) OR COALESCE(error_raw ~* 'timed?[ _-]?out|deadline', false))`;

function narrowedSql(filter: ErrorFilter): string {
  if (filter === null) return '';
  const kinds = filter.map((kind) => {
    if (kind === 'timeout') return TIMED_OUT;
    if (kind === '4xx') return 'COALESCE(status_raw BETWEEN 400 AND 499, false)';
    if (kind === '5xx') return 'COALESCE(status_raw BETWEEN 500 AND 599, false)';
    return `COALESCE(status_raw = ${Math.trunc(kind)}, false)`;
  });
  return ` AND (${kinds.join(' OR ') || 'false'})`;
}

/** The sketch bucket of a value (metric.ts): always this expression, so that sketches of different reads merge. */
function bucketSql(value: string): string {
  const logarithm = `ceil(ln(${value}) / '${Math.log(SKETCH_GAMMA)}'::float8)`;
  return `CASE WHEN ${value} < 0.000000001 THEN ${ZERO_BUCKET} ELSE ${logarithm}::integer END`;
}
