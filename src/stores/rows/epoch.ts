// Numbers since 1970 as instants, and instants as such numbers.

import type { EpochUnit } from '../audit-store.ts';
import { EPOCH_DIGITS } from '../time-types.ts';
import type { RowValue } from './row-source.ts';

/** The instant (ms) of a number of the unit, rounded down; null for what is no number. */
export function epochMs(value: RowValue, unit: EpochUnit): number | null {
  const shift = EPOCH_DIGITS[unit] - 3;
  if (typeof value === 'bigint') {
    const ms = shift < 0 ? value * 1000n : floorDivided(value, 10n ** BigInt(shift));
    return Number(ms);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  if (Number.isSafeInteger(value)) return shift < 0 ? value * 1000 : Math.floor(value / 10 ** shift);
  // By way of the decimal that the double stands for: 0.123 s are 123 ms.
  return Math.floor(Number((value / 10 ** shift).toPrecision(15)));
}

function floorDivided(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

/** An instant as a number of the unit, rounded down. */
export function epochOf(ms: number, unit: EpochUnit): bigint {
  const shift = EPOCH_DIGITS[unit] - 3;
  const whole = BigInt(Math.floor(ms));
  const number = shift < 0 ? floorDivided(whole, 1000n) : whole * 10n ** BigInt(shift);
  const most = 2n ** 63n - 1n;
  return number > most ? most : number < -most ? -most : number;
}
