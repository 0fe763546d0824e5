// What a store sums or counts over rows. Most measures follow from the catalogue of columns.

import { type ColumnOf, columnsOfKind } from './columns.ts';
import type { Bins } from './sketch.ts';

type TokenColumn = ColumnOf<'tokens'>;
type MsColumn = ColumnOf<'ms'>;
type StemOf<Name extends MsColumn> = Name extends `${infer Stem}_ms` ? Stem : never;

/**
 * Values counted by bucket, from which percentiles are computed: those of a column of milliseconds, and of each call all its
 * tokens and its exact cost.
 */
export type SketchMeasure = `${StemOf<MsColumn> | 'tokens' | 'cost'}_sketch` | `own_values_${string}`;

/**
 * A quantity that a store sums (or, for sketches, counts by bucket) over rows. A column of tokens is summed under its own
 * name; a column such as `latency_ms` gives `latency_sum`, `latency_count` and `latency_sketch`. Measures of failed calls
 * may be narrowed to some kinds of failure: `failed@429,5xx,timeout`, or to all but some: `failed@not:429`.
 */
export type Measure =
  | 'calls'
  | 'cost'
  | 'cost_squares'
  | 'listed_cost'
  | 'list_cost'
  | 'list_cost_recorded'
  | 'list_cost_gap'
  | 'list_cost_unknown'
  | 'unpriced'
  | 'unpriced_tokens'
  | 'unreadable'
  | TokenColumn
  | `${StemOf<MsColumn>}_${'sum' | 'count'}`
  | SketchMeasure
  | `own_${'sum' | 'count'}_${string}`
  | 'repeated'
  | 'repeated_cost'
  | 'repeated_unpriced'
  | `failed${'' | `@${string}`}`
  | `failed_cost${'' | `@${string}`}`
  | `failed_unpriced${'' | `@${string}`}`;

/** An HTTP status, a class of them, or time-outs. */
export type FailureKind = number | '4xx' | '5xx' | 'timeout';

/** Which failed calls count: those of some kinds, or those of none of them; null counts every failed call. */
export type ErrorFilter =
  | { readonly in: readonly FailureKind[] }
  | { readonly notIn: readonly FailureKind[] }
  | null;

/** What a measure takes from a row. Each store translates it into its own query language. */
export type Origin =
  /** 1 for every row. */
  | { readonly of: 'calls' }
  /** The values of a column: their sum, their number, or their number in each bucket. */
  | { readonly of: 'column'; readonly column: TokenColumn | MsColumn; readonly as: 'sum' }
  | { readonly of: 'column'; readonly column: MsColumn; readonly as: 'count' | 'sketch' }
  /** The exact cost: recorded, or by the price list. */
  | { readonly of: 'cost' }
  /** The square of the exact cost: how uneven calls are. */
  | { readonly of: 'cost_squares' }
  /** The exact cost of rows that record none: by the price list. */
  | { readonly of: 'listed_cost' }
  /**
   * The cost by the price list, whatever was recorded: of all rows, or of those whose recorded cost is known; `gap` is how much
   * more was recorded for these. `unknown` is 1 for every row whose cost the list does not tell.
   */
  | { readonly of: 'list_cost'; readonly what: 'all' | 'recorded' | 'gap' | 'unknown' }
  /** 1 for every row of unknown cost. */
  | { readonly of: 'unpriced' }
  /** The tokens of rows of unknown cost. */
  | { readonly of: 'unpriced_tokens' }
  /** 1 for every row whose recorded cost is no number. */
  | { readonly of: 'unreadable' }
  /** All tokens of a row, or its exact cost, counted by bucket. */
  | { readonly of: 'row'; readonly what: 'tokens' | 'cost'; readonly as: 'sketch' }
  /** What the file measures under a name of its own: the sum of the values, their number, or their number in each decimal bin. */
  | { readonly of: 'own'; readonly name: string; readonly as: 'sum' | 'count' | 'values' }
  /** The same as `what`, but for rows that repeat an earlier one of the same minute. */
  | { readonly of: 'repeated'; readonly what: 'calls' | 'cost' | 'unpriced' }
  /** The same as `what`, but for failed rows only. */
  | { readonly of: 'failed'; readonly what: 'calls' | 'cost' | 'unpriced'; readonly errors: ErrorFilter };

type ColumnOrigin = Extract<Origin, { of: 'column' }>;

const COLUMN_MEASURES: ReadonlyMap<string, ColumnOrigin> = new Map([
  ...columnsOfKind('tokens').map((column): [string, ColumnOrigin] => [
    column,
    { of: 'column', column, as: 'sum' },
  ]),
  ...columnsOfKind('ms').flatMap((column) =>
    (['sum', 'count', 'sketch'] as const).map((as): [string, ColumnOrigin] => [
      msMeasure(column, as),
      { of: 'column', column, as },
    ]),
  ),
]);

const OWN = /^own_(sum|count|values)_(.+)$/;

/** What a measure takes from a row; null for a name that is no measure. */
export function originOf(measure: Measure): Origin | null {
  const ofColumn = COLUMN_MEASURES.get(measure);
  if (ofColumn !== undefined) return ofColumn;
  const [, as, name] = OWN.exec(measure) ?? [];
  if (name !== undefined) return { of: 'own', name, as: as as 'sum' | 'count' | 'values' };
  switch (measure.split('@')[0]) {
    case 'calls':
      return { of: 'calls' };
    case 'cost':
      return { of: 'cost' };
    case 'cost_squares':
      return { of: 'cost_squares' };
    case 'listed_cost':
      return { of: 'listed_cost' };
    case 'list_cost':
      return { of: 'list_cost', what: 'all' };
    case 'list_cost_recorded':
      return { of: 'list_cost', what: 'recorded' };
    case 'list_cost_gap':
      return { of: 'list_cost', what: 'gap' };
    case 'list_cost_unknown':
      return { of: 'list_cost', what: 'unknown' };
    case 'unpriced':
      return { of: 'unpriced' };
    case 'unpriced_tokens':
      return { of: 'unpriced_tokens' };
    case 'unreadable':
      return { of: 'unreadable' };
    case 'tokens_sketch':
      return { of: 'row', what: 'tokens', as: 'sketch' };
    case 'cost_sketch':
      return { of: 'row', what: 'cost', as: 'sketch' };
    case 'repeated':
      return { of: 'repeated', what: 'calls' };
    case 'repeated_cost':
      return { of: 'repeated', what: 'cost' };
    case 'repeated_unpriced':
      return { of: 'repeated', what: 'unpriced' };
    case 'failed':
      return { of: 'failed', what: 'calls', errors: errorFilterOf(measure) };
    case 'failed_cost':
      return { of: 'failed', what: 'cost', errors: errorFilterOf(measure) };
    case 'failed_unpriced':
      return { of: 'failed', what: 'unpriced', errors: errorFilterOf(measure) };
    default:
      return null;
  }
}

/** The measure that sums, counts or sketches a column of milliseconds. */
export function msMeasure<As extends 'sum' | 'count' | 'sketch'>(
  column: MsColumn,
  as: As,
): `${StemOf<MsColumn>}_${As}` {
  return `${column.slice(0, -'_ms'.length) as StemOf<MsColumn>}_${as}`;
}

/** Whether a measure counts rows, so that its sums are whole numbers. */
export function isCount(measure: Measure): boolean {
  const origin = originOf(measure);
  switch (origin?.of) {
    case 'calls':
    case 'unpriced':
    case 'unreadable':
      return true;
    case 'column':
      return origin.as === 'count';
    case 'failed':
    case 'repeated':
      return origin.what !== 'cost';
    case 'list_cost':
      return origin.what === 'unknown';
    case 'own':
      return origin.as === 'count';
    default:
      return false;
  }
}

/** A measure of failed calls that counts only the filtered ones; every other measure as it is. */
export function narrowed(measure: Measure, errors: ErrorFilter): Measure {
  if (errors === null || !isOfFailedCalls(measure)) return measure;
  return `${measure}@${filterName(errors)}`;
}

/** `429,5xx`, or `not:429`: equal for equal filters. */
function filterName(errors: NonNullable<ErrorFilter>): string {
  const kinds = 'in' in errors ? errors.in : errors.notIn;
  const names = [...new Set(kinds.map(String))].sort().join(',');
  return 'in' in errors ? names : `${NOT}${names}`;
}

const NOT = 'not:';

function isOfFailedCalls(measure: Measure): measure is 'failed' | 'failed_cost' | 'failed_unpriced' {
  return measure === 'failed' || measure === 'failed_cost' || measure === 'failed_unpriced';
}

/** The filter that a narrowed measure carries: `failed@429,5xx` → `{ in: [429, '5xx'] }`; null for every other measure. */
export function errorFilterOf(measure: Measure): ErrorFilter {
  const at = measure.indexOf('@');
  if (at < 0) return null;
  const name = measure.slice(at + 1);
  return name.startsWith(NOT) ? { notIn: kindsIn(name.slice(NOT.length)) } : { in: kindsIn(name) };
}

function kindsIn(names: string): FailureKind[] {
  return names
    .split(',')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : (part as Exclude<FailureKind, number>)));
}

/** Whether a measure is kept as a sketch (a count per bucket) instead of a sum. */
export function isSketch(measure: Measure): measure is SketchMeasure {
  return measure.startsWith('own_') ? measure.startsWith('own_values_') : measure.endsWith('_sketch');
}

/** Whether a measure compares the calls of a minute with each other, so that it must see whole minutes. */
export function isByMinute(measure: Measure): boolean {
  return originOf(measure)?.of === 'repeated';
}

/** How the bins of a sketch are made. */
export function binsOf(sketch: Measure): Bins {
  return sketch.startsWith('own_') ? 'decimal' : 'logarithmic';
}
