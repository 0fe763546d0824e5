// Measures in ClickHouse's SQL: the columns of a call that they need, and what is summed or counted.

import { MAX_CALL_COST } from '../../model/call-prices.ts';
import { describeColumn } from '../../model/columns.ts';
import { AppError } from '../../model/errors.ts';
import { binsOf, type ErrorFilter, type Measure, originOf } from '../../model/measure.ts';
import {
  DECIMAL_DIGITS,
  DECIMAL_STRIDE,
  SKETCH_GAMMA,
  SMALLEST_EXPONENT,
  ZERO_BUCKET,
} from '../../model/sketch.ts';
import { sumColumnsSql } from './values-sql.ts';

/** What a statement selects for an additive measure: whole units, and for what is no count the parts of 10^-12. */
export function sumsSql(measure: Measure): readonly [units: string, parts: string | null] {
  const { counted, summed } = partOf(measure);
  if (counted === null) return ['count()', null];
  if (counted !== undefined) return [`countIf(${counted})`, null];
  return sumColumnsSql(`sum(${summed})`);
}

/** A measure counts the calls for which a condition holds (null: all), or sums a decimal of theirs. */
type Part =
  | { readonly counted: string | null; readonly summed?: undefined }
  | { readonly counted?: undefined; readonly summed: string };

function partOf(measure: Measure): Part {
  const origin = originOf(measure);
  switch (origin?.of) {
    case 'calls':
      return { counted: null };
    case 'column': {
      const column = `sw_q_${origin.column}`;
      if (origin.as === 'count') return { counted: `${column} IS NOT NULL` };
      // Milliseconds count to the nanosecond.
      return { summed: describeColumn(origin.column).kind === 'ms' ? `round(${column}, 6)` : column };
    }
    case 'cost':
      return { summed: 'sw_cost' };
    case 'cost_squares': {
      const square = 'round(toDecimal256(sw_cost, 12) * toDecimal256(sw_cost, 12), 12)';
      const most = `toDecimal256('${MAX_CALL_COST}', 24)`;
      return { summed: `toDecimal128(if(${square} > ${most}, ${most}, ${square}), 12)` };
    }
    case 'listed_cost':
      return { summed: 'if(sw_recorded, NULL, sw_cost)' };
    case 'list_cost':
      return origin.what === 'unknown'
        ? { counted: 'sw_list_cost IS NULL' }
        : { summed: LIST_SUMS[origin.what] };
    case 'unpriced':
      return { counted: 'sw_cost IS NULL' };
    case 'unpriced_tokens': {
      const tokens = ['sw_q_input_tokens', 'sw_q_output_tokens'].map(
        (one) => `ifNull(${one}, toDecimal128(0, 12))`,
      );
      return { summed: `if(sw_cost IS NULL, ${tokens.join(' + ')}, NULL)` };
    }
    case 'unreadable':
      return { counted: 'sw_unreadable' };
    case 'own':
      return origin.as === 'count'
        ? { counted: `${ownColumn(origin.name)} IS NOT NULL` }
        : { summed: ownColumn(origin.name) };
    case 'repeated':
      return partOfSuch('sw_repeated', origin.what);
    case 'failed':
      return partOfSuch(`sw_failed${narrowedSql(origin.errors)}`, origin.what);
    default:
      throw new AppError('measure_unknown', `The audit store does not know the measure "${measure}".`);
  }
}

const LIST_SUMS = {
  all: 'sw_list_cost',
  recorded: 'if(sw_recorded AND sw_cost IS NOT NULL, sw_list_cost, NULL)',
  gap: 'if(sw_recorded, sw_cost - sw_list_cost, NULL)',
} as const;

function partOfSuch(such: string, what: 'calls' | 'cost' | 'unpriced'): Part {
  if (what === 'calls') return { counted: such };
  if (what === 'unpriced') return { counted: `${such} AND sw_cost IS NULL` };
  return { summed: `if(${such}, sw_cost, NULL)` };
}

/** The column of what the file measures under a name of its own. */
export function ownColumn(name: string): string {
  return `sw_own_${name}`;
}

/** The exact cost: recorded, or by the price list. A call without tokens costs what the list says of calls. */
export function costSql(hasPerCall: boolean): string {
  const has = (column: string): string => `ifNull(${column} > 0, 0)`;
  const zero = 'toDecimal128(0, 12)';
  const without = hasPerCall ? `ifNull(sw_list_cost, ${zero})` : zero;
  return `multiIf(sw_recorded, sw_cost_recorded, ${has('sw_q_input_tokens')} OR ${has('sw_q_output_tokens')}, sw_list_cost, ${without})`;
}

export const FAILED =
  'if(sw_v_status IS NULL, sw_v_error IS NOT NULL, NOT ifNull(sw_v_status BETWEEN 200 AND 399, 0))';

const TIMED_OUT =
  "ifNull(sw_v_status IN (408, 504), 0) OR ifNull(match(sw_v_error, '(?i)timed?[ _-]?out|deadline'), 0)";

function narrowedSql(filter: ErrorFilter): string {
  if (filter === null) return '';
  const kinds = ('in' in filter ? filter.in : filter.notIn).map((kind) => {
    if (kind === 'timeout') return TIMED_OUT;
    if (kind === '4xx') return 'ifNull(sw_v_status BETWEEN 400 AND 499, 0)';
    if (kind === '5xx') return 'ifNull(sw_v_status BETWEEN 500 AND 599, 0)';
    return `ifNull(sw_v_status = ${Math.trunc(kind)}, 0)`;
  });
  return ` AND ${'in' in filter ? '' : 'NOT '}(${kinds.join(' OR ') || '0'})`;
}

/**
 * The first call of those that are the same is the earliest, then the dearest; ids make the order certain. A partition takes
 * NULLs for equal.
 */
export const REPEATED = `ifNull(sw_q_input_tokens > 0, 0) AND row_number() OVER (
  PARTITION BY intDiv(sw_at, 60000), sw_c_service, sw_c_user, sw_c_session, sw_c_model, sw_q_input_tokens
  ORDER BY sw_at, sw_cost DESC NULLS LAST, sw_c_id ASC NULLS LAST, sw_c_request_id ASC NULLS LAST) > 1`;

/** The bin of a call in a sketch; NULL for one without a value. `doubleOf` gives a column's value as a double. */
export function binSql(sketch: Measure, doubleOf: (column: string) => string): string {
  const value = sketchedSql(sketch, doubleOf);
  const bin = binsOf(sketch) === 'decimal' ? decimalBinSql : logarithmicBinSql;
  // Of NULL, greatest() is the other value.
  return `if(${value} IS NULL, NULL, ${bin(value)})`;
}

function sketchedSql(sketch: Measure, doubleOf: (column: string) => string): string {
  const origin = originOf(sketch);
  if (origin?.of === 'column') return doubleOf(`sw_q_${origin.column}`);
  if (origin?.of === 'own') return doubleOf(ownColumn(origin.name));
  if (origin?.of === 'row' && origin.what === 'cost') return 'toFloat64(sw_cost)';
  const [input, output] = [doubleOf('sw_q_input_tokens'), doubleOf('sw_q_output_tokens')];
  return `coalesce(${input} + ${output}, ${input}, ${output})`;
}

/** The same bins as stores/sketch-sql.ts. */
function logarithmicBinSql(value: string): string {
  return `if(${value} < 1e-9, ${ZERO_BUCKET}, toInt32(ceil(log(greatest(${value}, 1e-9)) / ${Math.log(SKETCH_GAMMA)})))`;
}

function decimalBinSql(value: string): string {
  const size = `greatest(abs(${value}), 1e${SMALLEST_EXPONENT})`;
  const exponent = `toInt32(floor(log10(${size})))`;
  const digits = `toInt32(floor(${size} * pow(10, ${DECIMAL_DIGITS - 1} - ${exponent}) + 0.5))`;
  const most = 10 ** DECIMAL_DIGITS;
  const bin = `if(${digits} >= ${most}, (${exponent} - ${SMALLEST_EXPONENT - 2}) * ${DECIMAL_STRIDE} + ${most / 10}, (${exponent} - ${SMALLEST_EXPONENT - 1}) * ${DECIMAL_STRIDE} + ${digits})`;
  return `if(abs(${value}) < 1e${SMALLEST_EXPONENT}, 0, toInt32(sign(${value})) * ${bin})`;
}
