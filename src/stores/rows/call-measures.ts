// Measures of one call: what it adds to a sum, and its bin in a sketch.

import { NO_BIN } from '../../model/call-columns.ts';
import { MAX_CALL_COST } from '../../model/call-prices.ts';
import { describeColumn } from '../../model/columns.ts';
import { AppError } from '../../model/errors.ts';
import { binsOf, type ErrorFilter, type Measure, originOf } from '../../model/measure.ts';
import { divideRounded, type Fixed, ONE, toNumber } from '../../model/money.ts';
import {
  DECIMAL_DIGITS,
  DECIMAL_STRIDE,
  SKETCH_GAMMA,
  SMALLEST_EXPONENT,
  ZERO_BUCKET,
} from '../../model/sketch.ts';
import { type CallFacts, ownName } from './call-facts.ts';
import { isUnreadable } from './numbers.ts';

/** What a call adds to an additive measure; NULL counts as 0. */
export function amountOf(measure: Measure): (call: CallFacts) => Fixed {
  const origin = originOf(measure);
  switch (origin?.of) {
    case 'calls':
      return () => ONE;
    case 'column': {
      const { column, as } = origin;
      if (as === 'count') return (call) => count(call.quantity(column) !== null);
      const isMs = describeColumn(column).kind === 'ms';
      return (call) => {
        const value = call.quantity(column) ?? 0n;
        return isMs ? toNanoseconds(value) : value;
      };
    }
    case 'cost':
      return (call) => call.cost ?? 0n;
    case 'cost_squares':
      return ({ cost }) => (cost === null ? 0n : least(divideRounded(cost * cost, ONE), MOST_COST));
    case 'listed_cost':
      return (call) => (call.isRecorded ? 0n : (call.cost ?? 0n));
    case 'list_cost':
      return listAmountOf(origin.what);
    case 'unpriced':
      return (call) => count(call.cost === null);
    case 'unpriced_tokens':
      return (call) =>
        call.cost === null
          ? (call.quantity('input_tokens') ?? 0n) + (call.quantity('output_tokens') ?? 0n)
          : 0n;
    case 'unreadable':
      return (call) => count(isUnreadable(call.value('cost')));
    case 'own': {
      const name = ownName(origin.name);
      if (origin.as === 'count') return (call) => count(call.quantity(name) !== null);
      return (call) => call.quantity(name) ?? 0n;
    }
    case 'repeated':
      return amountOfSuch((call) => call.isRepeated, origin.what);
    case 'failed': {
      const isOne = isOfKind(origin.errors);
      return amountOfSuch((call) => call.hasFailed && isOne(call), origin.what);
    }
    default:
      throw new AppError('measure_unknown', `The audit store does not know the measure "${measure}".`);
  }
}

/** The bin of a call in a sketch; NO_BIN for one without a value. */
export function binOf(sketch: Measure): (call: CallFacts) => number {
  const value = sketchedOf(sketch);
  const bin = binsOf(sketch) === 'decimal' ? decimalBin : logarithmicBin;
  return (call) => {
    const found = value(call);
    return found === null ? NO_BIN : bin(found);
  };
}

const MOST_COST = BigInt(MAX_CALL_COST) * ONE;
const NANOSECOND = ONE / 1_000_000n;

function count(holds: boolean): Fixed {
  return holds ? ONE : 0n;
}

function least(a: Fixed, b: Fixed): Fixed {
  return a < b ? a : b;
}

/** Milliseconds count to the nanosecond. */
function toNanoseconds(ms: Fixed): Fixed {
  return divideRounded(ms, NANOSECOND) * NANOSECOND;
}

function listAmountOf(what: 'all' | 'recorded' | 'gap' | 'unknown'): (call: CallFacts) => Fixed {
  const isKnown = ({ isRecorded, cost }: CallFacts): boolean => isRecorded && cost !== null;
  switch (what) {
    case 'all':
      return (call) => call.listCost ?? 0n;
    case 'unknown':
      return (call) => count(call.listCost === null);
    case 'recorded':
      return (call) => (isKnown(call) ? (call.listCost ?? 0n) : 0n);
    case 'gap':
      return (call) => (isKnown(call) && call.listCost !== null ? (call.cost as Fixed) - call.listCost : 0n);
  }
}

function amountOfSuch(
  isSuch: (call: CallFacts) => boolean,
  what: 'calls' | 'cost' | 'unpriced',
): (call: CallFacts) => Fixed {
  if (what === 'calls') return (call) => count(isSuch(call));
  if (what === 'unpriced') return (call) => count(call.cost === null && isSuch(call));
  return (call) => (isSuch(call) ? (call.cost ?? 0n) : 0n);
}

const TIMED_OUT = /timed?[ _-]?out|deadline/i;

function isOfKind(filter: ErrorFilter): (call: CallFacts) => boolean {
  if (filter === null) return () => true;
  const kinds = 'in' in filter ? filter.in : filter.notIn;
  const isWanted = 'in' in filter;
  return ({ status, error }) => {
    const isOne = kinds.some((kind) => {
      if (kind === 'timeout')
        return status === 408 || status === 504 || (error !== null && TIMED_OUT.test(error));
      if (kind === '4xx') return status !== null && status >= 400 && status <= 499;
      if (kind === '5xx') return status !== null && status >= 500 && status <= 599;
      return status === Math.trunc(kind);
    });
    return isOne === isWanted;
  };
}

/** What a sketch counts, as a double. */
function sketchedOf(sketch: Measure): (call: CallFacts) => number | null {
  const origin = originOf(sketch);
  const number = (value: Fixed | null): number | null => (value === null ? null : toNumber(value));
  if (origin?.of === 'column') return (call) => number(call.quantity(origin.column));
  if (origin?.of === 'own') return (call) => number(call.quantity(ownName(origin.name)));
  if (origin?.of === 'row' && origin.what === 'cost') return (call) => number(call.cost);
  return (call) => {
    const input = call.quantity('input_tokens');
    const output = call.quantity('output_tokens');
    return input === null && output === null ? null : toNumber((input ?? 0n) + (output ?? 0n));
  };
}

/** The same bins as stores/sketch-sql.ts. */
function logarithmicBin(value: number): number {
  return value < 1e-9 ? ZERO_BUCKET : Math.ceil(Math.log(value) / Math.log(SKETCH_GAMMA));
}

function decimalBin(value: number): number {
  const size = Math.abs(value);
  if (size < 10 ** SMALLEST_EXPONENT) return 0;
  const [digits = '', exponent = ''] = size.toExponential(DECIMAL_DIGITS - 1).split('e');
  const bin = (Number(exponent) - (SMALLEST_EXPONENT - 1)) * DECIMAL_STRIDE + Number(digits.replace('.', ''));
  return value < 0 ? -bin : bin;
}
