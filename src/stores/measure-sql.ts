// Measures as SQL.

import { MAX_CALL_COST } from '../model/call-prices.ts';
import { COLUMNS, type Column, type ColumnKind, describeColumn } from '../model/columns.ts';
import { AppError } from '../model/errors.ts';
import { isByMinute, type Measure, type Origin, originOf } from '../model/measure.ts';
import { columnsOf } from '../model/measure-columns.ts';
import type { Mapping } from './audit-store.ts';
import { believedCostSql, costSql } from './cost-sql.ts';
import { errorTextSql, FAILED, narrowedSql } from './failure-sql.ts';
import { ownDerivedSql, ownPartSql, ownRawColumnsSql, ownSourcesSql } from './own-sql.ts';
import { listCostSql, type Pricing } from './price-sql.ts';
import { repeatedSql } from './repeat-sql.ts';
import { bucketSql } from './sketch-sql.ts';
import { columnSql } from './source-sql.ts';

/** Token counts and milliseconds beyond this count as unknown; the same test drops NaN and infinities. */
const MAX_QUANTITY = '1000000000000000';

/**
 * The columns to read of a row before it is summed, as `expression AS name`. The rest of this file refers to these names.
 */
export function rawColumnsSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  const raws = rawsOf(measures, mapping).map((raw) => `${rawSql(raw, mapping, true)} AS ${nameOf(raw)}`);
  return [...raws, ...ownRawColumnsSql(mapping, measures)];
}

/** The same columns unconverted and unnamed: rows in which they are equal have equal sums. */
export function sourceColumnsSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  // Numbers are not converted, which would cost as much as the rest of a digest.
  const raws = rawsOf(measures, mapping).map((raw) => rawSql(raw, mapping, false));
  return [...new Set([...raws, ...ownSourcesSql(mapping, measures)])];
}

/** The expressions that several measures share, over the raw columns: the exact cost, and whether the call failed. */
export function derivedColumnsSql(
  measures: readonly Measure[],
  mapping: Mapping,
  pricing: Pricing,
): string[] {
  const raws = rawsOf(measures, mapping);
  const reads = (name: Column) => raws.some(({ column, as }) => column === name && as === 'value');
  // A parameter that no expression uses is an error.
  const listed = reads('cost') ? listCostSql(pricing) : '';
  const isAsked = (of: Origin['of']) => measures.some((measure) => originOf(measure)?.of === of);
  return [
    ...(reads('cost') ? [`${costSql(listed, pricing)} AS cost`] : []),
    ...(isAsked('list_cost') ? [`${listed} AS list_cost`] : []),
    ...(isAsked('list_cost') || isAsked('listed_cost') ? ['cost_raw IS NULL AS listed'] : []),
    ...(reads('status') ? [`${FAILED} AS failed`] : []),
    // Columns that are summed. A double is needed for its bucket only.
    ...raws.filter(({ column, as }) => as === 'value' && !isPriceOnly(column, measures, mapping)).map(nameOf),
    ...measures.flatMap((measure) => {
      const value = sketchedSql(measure);
      return value === null ? [] : [`${bucketSql(value)} AS ${measure}`];
    }),
    ...ownDerivedSql(measures),
  ];
}

/** What a sketch of columns counts, as a double; null for every other measure. */
function sketchedSql(measure: Measure): string | null {
  const origin = originOf(measure);
  if (origin?.of === 'column' && origin.as === 'sketch')
    return nameOf({ column: origin.column, as: 'double' });
  if (origin?.of !== 'row' || origin.what !== 'tokens') return null;
  const [input, output] = ['input_tokens_double', 'output_tokens_double'];
  return `COALESCE(${input} + ${output}, ${input}, ${output})`;
}

/** The expressions over the columns above and the exact cost. */
export function costedColumnsSql(measures: readonly Measure[], { time }: Pick<Pricing, 'time'>): string[] {
  return [
    ...(measures.includes('cost_sketch') ? [`${bucketSql('cost::float8')} AS cost_sketch`] : []),
    ...(measures.some(isByMinute) ? [`${repeatedSql(time)} AS repeated`] : []),
  ];
}

/** An additive measure over the columns above, as exact numeric text; NULL counts as 0. */
export function aggregateSql(measure: Measure): string {
  const { counted, summed } = partOf(measure);
  if (counted === null) return '(count(*))::text';
  if (counted !== undefined) return `(count(*) FILTER (WHERE ${counted}))::text`;
  return `(sum(${summed}))::text`;
}

/** What one row adds to an additive measure; NULL counts as 0. */
export function rowValueSql(measure: Measure): string {
  const { counted, summed } = partOf(measure);
  if (counted === null) return '1';
  return counted === undefined ? summed : `(${counted})::integer`;
}

/** A measure counts the rows for which a condition holds (null: all rows), or sums a value of theirs. */
type Part =
  | { readonly counted: string | null; readonly summed?: undefined }
  | { readonly counted?: undefined; readonly summed: string };

function partOf(measure: Measure): Part {
  const origin = originOf(measure);
  switch (origin?.of) {
    case 'calls':
      return { counted: null };
    case 'column': {
      const name = nameOf({ column: origin.column, as: 'value' });
      if (origin.as === 'count') return { counted: `${name} IS NOT NULL` };
      if (origin.as === 'sum') return { summed: SUMMED[describeColumn(origin.column).kind]?.(name) ?? name };
      break;
    }
    case 'cost':
      return { summed: 'cost' };
    case 'cost_squares':
      return { summed: `LEAST(round(cost * cost, 12), ${MAX_CALL_COST})` };
    case 'listed_cost':
      return { summed: 'CASE WHEN listed THEN cost END' };
    case 'list_cost':
      return origin.what === 'unknown'
        ? { counted: 'list_cost IS NULL' }
        : { summed: LIST_SUMS[origin.what] };
    case 'unpriced':
      return { counted: 'cost IS NULL' };
    case 'unpriced_tokens':
      return {
        summed:
          'CASE WHEN cost IS NULL THEN COALESCE(input_tokens_raw, 0) + COALESCE(output_tokens_raw, 0) END',
      };
    case 'unreadable':
      // PostgreSQL refuses to read such a cost.
      return { counted: 'false' };
    case 'own':
      if (origin.as === 'values') break;
      return ownPartSql(origin.name, origin.as);
    case 'repeated':
      return partOfSuch('repeated', origin.what);
    case 'failed':
      return partOfSuch(`failed${narrowedSql(origin.errors)}`, origin.what);
  }
  throw new AppError('measure_unknown', `The audit store does not know the measure "${measure}".`);
}

const LIST_SUMS = {
  all: 'list_cost',
  recorded: 'CASE WHEN NOT listed AND cost IS NOT NULL THEN list_cost END',
  gap: 'CASE WHEN NOT listed THEN cost - list_cost END',
} as const;

/** What counts the rows for which a condition holds, or sums their cost. */
function partOfSuch(such: string, what: 'calls' | 'cost' | 'unpriced'): Part {
  switch (what) {
    case 'calls':
      return { counted: such };
    case 'cost':
      return { summed: `CASE WHEN ${such} THEN cost END` };
    case 'unpriced':
      return { counted: `${such} AND cost IS NULL` };
  }
}

/** Milliseconds count to the nanosecond. */
const SUMMED: Readonly<Partial<Record<ColumnKind, (name: string) => string>>> = {
  ms: (name) => `round(${name}, 6)`,
};

/** A column as a statement reads it: as its value, or as a double for a logarithm. */
interface Raw {
  readonly column: Column;
  readonly as: 'value' | 'double';
}

/** The columns that the measures read, in the order of the catalogue. */
function rawsOf(measures: readonly Measure[], { priced }: Mapping): Raw[] {
  const wanted = new Set(
    measures.flatMap((measure) => {
      const as = sketchedSql(measure) === null ? 'value' : 'double';
      return columnsOf(measure, priced).map((column) => nameOf({ column, as }));
    }),
  );
  return COLUMNS.flatMap((column): Raw[] => [
    { column, as: 'value' },
    { column, as: 'double' },
  ]).filter((raw) => wanted.has(nameOf(raw)));
}

/** The name of a column in the rest of the statement. */
function nameOf({ column, as }: Raw): string {
  return `${column}_${as === 'double' ? 'double' : 'raw'}`;
}

/** Whether a column is needed for the cost only: not to be summed, and not to compare calls with each other. */
function isPriceOnly(column: Column, measures: readonly Measure[], { priced }: Mapping): boolean {
  if (measures.some(isByMinute)) return column === 'cost';
  const summed: readonly string[] = measures.includes('unpriced_tokens')
    ? [...measures, 'input_tokens', 'output_tokens']
    : measures;
  return columnsOf('cost', priced).includes(column) && !summed.includes(column);
}

/** A column's value by its kind, or NULL of its type where the table has no such column. */
function rawSql({ column, as }: Raw, mapping: Mapping, isConverted: boolean): string {
  if (column === 'error') return errorTextSql(mapping);
  const { absent, read } = READ[describeColumn(column).kind];
  const value = columnSql(mapping, column, absent);
  if (read === 'number') {
    if (!isConverted) return value;
    // A logarithm takes a double. Converting by way of numeric costs 1 µs each, half of the whole cost of a call.
    return as === 'double' ? believedSql(value, 'float8') : believedSql(value, 'numeric');
  }
  return read === null ? value : `${value}::${read}`;
}

/** How values of a kind are read: by a cast, as plausible numbers, or with null as they are. */
const READ: Readonly<
  Record<
    ColumnKind,
    { readonly absent: string; readonly read: 'number' | 'integer' | 'boolean' | 'text' | null }
  >
> = {
  time: { absent: 'NULL', read: null },
  money: { absent: 'NULL::numeric', read: null },
  dimension: { absent: 'NULL', read: 'text' },
  text: { absent: 'NULL', read: 'text' },
  tokens: { absent: 'NULL::integer', read: 'number' },
  status: { absent: 'NULL', read: 'integer' },
  ms: { absent: 'NULL::float8', read: 'number' },
  boolean: { absent: 'NULL', read: 'boolean' },
  id: { absent: 'NULL', read: null },
};

/** All expressions that sums are ever made of, for one column. */
export function madeOfColumn(column: Column, mapping: Mapping): string[] {
  const value = rawSql({ column, as: 'value' }, mapping, true);
  switch (describeColumn(column).kind) {
    case 'money':
      return [believedCostSql(value)];
    case 'ms':
      return [value, bucketSql(rawSql({ column, as: 'double' }, mapping, true))];
    case 'tokens':
    case 'status':
    case 'boolean':
      return [value];
    default:
      return column === 'error' ? [value] : [];
  }
}

/**
 * Converts doubles to decimals row by row. NaN, infinities and implausible values become NULL before they can spoil a sum.
 */
function believedSql(expression: string, type: 'numeric' | 'float8'): string {
  return `CASE WHEN ${expression} BETWEEN -${MAX_QUANTITY} AND ${MAX_QUANTITY} THEN ${expression}::${type} END`;
}
