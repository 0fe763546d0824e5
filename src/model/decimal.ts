// Exact decimals with any number of digits, for prices per token.

import { divideRounded, FIXED_DIGITS, type Fixed } from './money.ts';

/** `units` / 10^`places`. A price per token has more digits than Fixed, and none of them may be lost. */
export interface Decimal {
  readonly units: bigint;
  readonly places: number;
}

export const ZERO: Decimal = { units: 0n, places: 0 };

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const MAX_EXPONENT = 400;

/** Parses a decimal such as `12.5` or `1.5e-07`. Returns null for anything else, and for an exponent beyond ±400. */
export function parseDecimal(text: string): Decimal | null {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText);
  if (whole + fraction === '' || Math.abs(exponent) > MAX_EXPONENT) return null;
  const size = BigInt(whole + fraction);
  return shifted({ units: sign === '-' ? -size : size, places: fraction.length }, exponent);
}

/** The decimal times 10^`exponent`. */
export function shifted({ units, places }: Decimal, exponent: number): Decimal {
  const moved = places - exponent;
  return moved >= 0 ? { units, places: moved } : { units: units * 10n ** BigInt(-moved), places: 0 };
}

export function plus(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places);
  return { units: unitsAt(a, places) + unitsAt(b, places), places };
}

export function minus(a: Decimal, b: Decimal): Decimal {
  return plus(a, { units: -b.units, places: b.places });
}

export function times(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, places: a.places + b.places };
}

/** Rounded half away from zero to 10^-12. */
export function toFixed({ units, places }: Decimal): Fixed {
  return places <= FIXED_DIGITS
    ? units * 10n ** BigInt(FIXED_DIGITS - places)
    : divideRounded(units, 10n ** BigInt(places - FIXED_DIGITS));
}

export function ofFixed(value: Fixed): Decimal {
  return { units: value, places: FIXED_DIGITS };
}

/** All of its digits, without exponent and without trailing zeros after the point. */
export function decimalText({ units, places }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const point = digits.length - places;
  const fraction = digits.slice(point).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, point)}${fraction === '' ? '' : `.${fraction}`}`;
}

function unitsAt({ units, places }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - places);
}
