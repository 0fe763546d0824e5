// Values of a row as exact decimals and texts, in ClickHouse's SQL. rows/numbers.ts reads the same of what a driver returns.

import { AppError } from '../../model/errors.ts';
import type { ValueType } from './types.ts';

/** Costs beyond 10^9 and quantities beyond 10^15 count as unknown. */
const EXPONENT = { cost: 9, quantity: 15 } as const;
export type Believed = keyof typeof EXPONENT;

/** The type of every number that is summed. */
const DECIMAL = 'Decimal(38, 12)';

/** A value as text; invalid bytes are replaced here, so that groups do not become the same after they were told apart. */
export function textSql(value: string): string {
  return `CAST(toValidUTF8(toString(${value})) AS Nullable(String))`;
}

/** The error's text, or NULL. JSON null and an empty JSON text count as none, too. */
export function errorSql(value: string): string {
  return `nullIf(nullIf(nullIf(${textSql(value)}, ''), 'null'), '""')`;
}

/** A value as a decimal with 12 places; NULL for what is no plausible number. `name` stands in errors. */
export function decimalSql(value: string, type: ValueType, believed: Believed, name: string): string {
  const exponent = EXPONENT[believed];
  const within = (limit: string): string => `${value} BETWEEN -${limit} AND ${limit}`;
  /** Functions compute the values that a condition leaves out, too, and must not fail there. */
  const where = (condition: string, decimal: (safe: string) => string, zero: string): string =>
    `if(${condition}, ${decimal(`if(ifNull(${condition}, 0), assumeNotNull(${value}), ${zero})`)}, NULL)`;
  switch (type.kind) {
    case 'null':
      return `CAST(NULL AS Nullable(${DECIMAL}))`;
    case 'boolean':
      return `CAST(${value} AS Nullable(${DECIMAL}))`;
    case 'integer':
    case 'large':
      return where(within(`1${'0'.repeat(exponent)}`), (safe) => `toDecimal128(toInt64(${safe}), 12)`, '0');
    case 'decimal': {
      const { digits, places } = type;
      const limit = `toDecimal256('1${'0'.repeat(exponent)}', ${places})`;
      const isSure = digits - places <= exponent;
      const rounded = (safe: string): string => (places > 12 ? `round(${safe}, 12)` : safe);
      return where(
        isSure ? `${value} IS NOT NULL` : within(limit),
        (safe) => `toDecimal128(${rounded(safe)}, 12)`,
        `CAST(0 AS Decimal(${digits}, ${places}))`,
      );
    }
    case 'float32':
      // Its shortest text: its double has digits that were never written.
      return writtenDecimalSql(`toString(${value})`, exponent);
    case 'float64':
      return where(within(`1e${exponent}`), floatSql, 'toFloat64(0)');
    case 'text':
      return textDecimalSql(`toString(${value})`, exponent);
    default:
      throw new AppError(
        'store_query_failed',
        `${name} is ${type.kind === 'other' ? type.name : `a ${type.kind}`}, which is not a number.`,
        { hint: 'Map a column or an expression that gives a number.' },
      );
  }
}

/** What most costs and times have: six places at most, and fifteen digits. Others become the decimal of their 15 digits. */
function floatSql(value: string): string {
  const micros = `round(${value} * 1000000)`;
  const isMicros = `abs(${micros}) < 1e15 AND ${micros} / 1000000 = ${value}`;
  const whole = `toDecimal128(toInt64(if(${isMicros}, ${micros}, 0)), 0)`;
  const quick = `toDecimal128(${whole} * toDecimal128('0.000001', 6), 12)`;
  const digits = `printf('%.15g', if(${isMicros}, 0., ${value}))`;
  return `if(${isMicros}, ${quick}, toDecimal128(round(toDecimal256OrZero(${digits}, 30), 12), 12))`;
}

/** What a number looks like. ClickHouse reads a lone sign or exponent as 0. */
const NUMBER = '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$';

/** Whether a value is there and is no number, as rows/numbers.ts says. */
export function unreadableSql(value: string, type: ValueType): string {
  if (type.kind !== 'text') return '0';
  const none = '[+-]?(nan|inf(inity)?)';
  return `ifNull(NOT match(${trimmedSql(`toString(${value})`)}, '(?i)^$|^${none}$|${NUMBER}'), 0)`;
}

function textDecimalSql(text: string, exponent: number): string {
  const trimmed = trimmedSql(text);
  return writtenDecimalSql(`if(ifNull(match(${trimmed}, '${NUMBER}'), 0), ${trimmed}, NULL)`, exponent);
}

function trimmedSql(text: string): string {
  return `trim(BOTH ' \\t\\r\\n' FROM ${text})`;
}

function writtenDecimalSql(text: string, exponent: number): string {
  // Without an exponent, 46 digits before the point are the most.
  const number = `toDecimal256OrNull(${text}, 30)`;
  const limit = `toDecimal256('1${'0'.repeat(exponent)}', 30)`;
  const isBelieved = `ifNull(${number} BETWEEN -${limit} AND ${limit}, 0)`;
  const safe = `if(${isBelieved}, assumeNotNull(${number}), toDecimal256('0', 30))`;
  return `if(${isBelieved}, toDecimal128(round(${safe}, 12), 12), NULL)`;
}

/** A status as a whole number, or NULL. */
export function statusSql(value: string, type: ValueType, name: string): string {
  const number = decimalSql(value, type, 'quantity', name);
  return `if(${number} = truncate(${number}), toInt64(${number}), NULL)`;
}

/** True, false or NULL for not known. */
export function booleanSql(value: string, type: ValueType, name: string): string {
  if (type.kind === 'boolean') return value;
  if (type.kind === 'text') {
    const word = `lower(toString(${value}))`;
    return `multiIf(${word} IN ('true', 't', 'yes', '1'), true, ${word} IN ('false', 'f', 'no', '0'), false, NULL)`;
  }
  return `${decimalSql(value, type, 'quantity', name)} != 0`;
}

/** A decimal as two columns: whole units, and the parts of 10^-12. */
export function sumColumnsSql(sum: string): [units: string, parts: string] {
  const known = `ifNull(${sum}, toDecimal128(0, 12))`;
  const units = `toInt128(${known})`;
  return [
    `toFloat64(${units})`,
    `toInt64((${known} - toDecimal128(${units}, 12)) * toDecimal128(1000000000000, 0))`,
  ];
}
