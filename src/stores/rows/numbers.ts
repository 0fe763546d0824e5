// Values of drivers as exact decimals; what is no plausible number is not known.

import { MAX_CALL_COST } from '../../model/call-prices.ts';
import { type Fixed, ONE, parseFixed } from '../../model/money.ts';
import type { RowValue } from './row-source.ts';

const MOST_COST = BigInt(MAX_CALL_COST) * ONE;
/** Token counts, milliseconds and other numbers beyond this count as unknown. */
const MOST_QUANTITY = 10n ** 15n * ONE;
/** Digits that every double keeps. PostgreSQL converts with as many, so that 0.1 + 0.2 is 0.3. */
const DOUBLE_DIGITS = 15;
const MICRO = ONE / 1_000_000n;
/** So many have no more than those digits. */
const MOST_MICROS = 10 ** DOUBLE_DIGITS;

/** A cost with 12 places; null where it is not known or not believed. */
export function costIn(value: RowValue): Fixed | null {
  return within(decimalIn(value), MOST_COST);
}

/** What stands for a number or for none: nothing, a number, or the names of what is no finite one. */
const NUMBER_OR_NONE = /^\s*(|[+-]?(nan|inf(inity)?|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?))\s*$/i;

/** Whether a value is there and is no number. An empty text is none, and NaN and absurd ones are numbers that are not believed. */
export function isUnreadable(value: RowValue): boolean {
  return value instanceof Uint8Array || (typeof value === 'string' && !NUMBER_OR_NONE.test(value));
}

/** A count of tokens, or milliseconds; null where it is not known or not believed. */
export function quantityIn(value: RowValue): Fixed | null {
  return within(decimalIn(value), MOST_QUANTITY);
}

/** An HTTP status; null for what is no whole number. */
export function statusIn(value: RowValue): number | null {
  const decimal = decimalIn(value);
  if (decimal === null) return null;
  const whole = Number(decimal / ONE);
  return decimal % ONE === 0n && Number.isSafeInteger(whole) ? whole : null;
}

/** True, false or not known: engines without booleans have 0 and 1, or words. */
export function booleanIn(value: RowValue): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (/^(true|t|yes|1)$/i.test(value)) return true;
    return /^(false|f|no|0)$/i.test(value) ? false : null;
  }
  const decimal = decimalIn(value);
  return decimal === null ? null : decimal !== 0n;
}

/** A dimension's value as text. */
export function textIn(value: RowValue): string | null {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(value);
}

/** The error's text. JSON null and an empty JSON text count as none, too. */
export function errorIn(value: RowValue): string | null {
  const text = textIn(value);
  return text === '' || text === 'null' || text === '""' ? null : text;
}

function decimalIn(value: RowValue): Fixed | null {
  if (typeof value === 'number') return decimalOfDouble(value);
  if (typeof value === 'bigint') return value * ONE;
  if (typeof value === 'boolean') return value ? ONE : 0n;
  return typeof value === 'string' ? parseFixed(value) : null;
}

function decimalOfDouble(value: number): Fixed | null {
  if (Number.isSafeInteger(value)) return BigInt(value) * ONE;
  // Most costs and times have six places at most. A text and its parts would take ten times as long.
  const micros = Math.round(value * 1e6);
  if (Math.abs(micros) < MOST_MICROS && micros / 1e6 === value) return BigInt(micros) * MICRO;
  return Number.isFinite(value) ? parseFixed(value.toPrecision(DOUBLE_DIGITS)) : null;
}

function within(value: Fixed | null, most: Fixed): Fixed | null {
  return value === null || value > most || value < -most ? null : value;
}
