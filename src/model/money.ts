// Exact decimals: bigint of 10^-12.

import { currencyDigits, currencySign } from './currency.ts';

/**
 * Exact decimals: a bigint that counts 10^-12 of a unit.
 *
 * Money has this scale because one token of a cheap model costs 10^-8 USD and its cached price a tenth of that;
 * every other additive quantity (calls, tokens, milliseconds) uses the same scale, so that one comparison serves all.
 */
export type Fixed = bigint;

export const FIXED_DIGITS = 12;
export const ONE: Fixed = 10n ** 12n;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/**
 * Parses a decimal such as `12.5`, `-0.000001`, `7.5e-08` exactly; digits beyond 10^-12 are rounded half away
 * from zero. Returns null for anything else (`NaN`, `Infinity`, an empty string, an exponent beyond ±400).
 */
export function parseFixed(text: string): Fixed | null {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > 400) return null;
  const shift = FIXED_DIGITS + exponent - fraction.length;
  const digits = BigInt(whole + fraction);
  const size = shift >= 0 ? digits * 10n ** BigInt(shift) : divideRounded(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -size : size;
}

/** The decimal that a JavaScript number prints as: `0.1` becomes exactly a tenth. The number must be finite. */
export function fixedFromNumber(value: number): Fixed {
  if (Number.isSafeInteger(value)) return BigInt(value) * ONE;
  const fixed = parseFixed(String(value));
  if (fixed === null) throw new RangeError(`not a finite number: ${value}`);
  return fixed;
}

/** A whole count as Fixed. */
export function fixedFromInteger(value: bigint | number): Fixed {
  return BigInt(value) * ONE;
}

/** An amount without its sign. */
export function sizeOf(value: Fixed): Fixed {
  return value < 0n ? -value : value;
}

/** The nearest double; for statistics, charts and ratios, never for a comparison of money. */
export function toNumber(value: Fixed): number {
  return Number(formatFixed(value, FIXED_DIGITS));
}

/** Integer division rounded half away from zero; `divisor` must be positive. */
export function divideRounded(value: bigint, divisor: bigint): bigint {
  const half = divisor / 2n + (divisor % 2n);
  const size = value < 0n ? -value : value;
  const quotient = size / divisor + (size % divisor >= half ? 1n : 0n);
  return value < 0n ? -quotient : quotient;
}

/**
 * Decimal digits with at most `maxPlaces` and at least `minPlaces` after the point, rounded half away from zero,
 * trailing zeros beyond `minPlaces` dropped, no exponent.
 */
export function formatFixed(value: Fixed, maxPlaces: number, minPlaces = 0): string {
  const rounded = divideRounded(value, 10n ** BigInt(FIXED_DIGITS - maxPlaces));
  const negative = rounded < 0n;
  const digits = (negative ? -rounded : rounded).toString().padStart(maxPlaces + 1, '0');
  const whole = digits.slice(0, digits.length - maxPlaces);
  let fraction = digits.slice(digits.length - maxPlaces);
  while (fraction.length > minPlaces && fraction.endsWith('0')) fraction = fraction.slice(0, -1);
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/**
 * Money for people: `$1,234.56`, `-$0.10`, `¥1,235`; amounts that the smallest coin would hide keep two significant digits:
 * `$0.0012`.
 */
export function formatMoney(value: Fixed, currency: string): string {
  const size = value < 0n ? -value : value;
  const digits = currencyDigits(currency);
  const small = size > 0n && size < ONE / 10n ** BigInt(digits);
  const text = formatFixed(size, small ? placesForTwoDigits(size) : digits, digits);
  const [whole = '0', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const isZero = /^[0.]*$/.test(text);
  return `${value < 0n && !isZero ? '-' : ''}${currencySign(currency)}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

function placesForTwoDigits(size: Fixed): number {
  const magnitude = size.toString().length;
  return Math.min(FIXED_DIGITS, FIXED_DIGITS - magnitude + 2);
}
