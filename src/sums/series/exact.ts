// Exact decimals as two doubles: whole units, and 10^-12 parts.

import { type Fixed, ONE } from '../../model/money.ts';
import type { Layout } from './layout.ts';

/*
 * A sum is two doubles that are both whole numbers: units, and parts of 10^-12 of one. Doubles add whole numbers exactly
 * up to 2^53, which is 9,007 × 10^12. Parts that are carried are smaller than 10^12 in size, so 9,007 of them may be added
 * or subtracted before they must be carried again. Adding two doubles is fast and makes no garbage; a bigint does neither.
 * Units and parts may differ in sign, and one sum can be written in several ways: compare with `isEqual`.
 */

/** Parts of one unit. */
export const SCALE = Number(ONE);

/** After so many additions, parts are carried: below the 9,007 that are exact. */
export const CARRY_AFTER = 8_000;

/** Moves whole units out of the parts of all sums; both keep the sign they have. */
export function carry(values: Float64Array, { columns, width }: Layout): void {
  for (const { units, parts } of columns) {
    if (parts === null) continue;
    for (let row = 0; row < values.length; row += width) {
      const part = values[row + parts] as number;
      if (part > -SCALE && part < SCALE) continue;
      const whole = Math.trunc(part / SCALE);
      values[row + units] = (values[row + units] as number) + whole;
      values[row + parts] = part - whole * SCALE;
    }
  }
}

/** Adds carried parts to carried parts and carries at once, so that any number of them may follow. */
export function addParts(values: Float64Array, unitsAt: number, partsAt: number, parts: number): void {
  let sum = (values[partsAt] as number) + parts;
  if (sum >= SCALE || sum <= -SCALE) {
    const unit = sum > 0 ? 1 : -1;
    sum -= unit * SCALE;
    values[unitsAt] = (values[unitsAt] as number) + unit;
  }
  values[partsAt] = sum;
}

/** A sum as a Fixed. */
export function fixedOf(units: number, parts: number): Fixed {
  return parts === 0 ? BigInt(units) * ONE : BigInt(units) * ONE + BigInt(parts);
}

/**
 * A sum as a double, within a millionth of a millionth of itself. It is added up in parts: where units and parts have
 * different signs and nearly cancel, the rounding of a quotient would be larger than what is left.
 */
export function doubleOf(units: number, parts: number): number {
  return (units * SCALE + parts) / SCALE;
}

/** Whether two sums with carried parts are equal, however each is written: -1 and 0.25 × 10^12 parts is 0 and -0.75 × 10^12. */
export function isEqual(units: number, parts: number, otherUnits: number, otherParts: number): boolean {
  return (units - otherUnits) * SCALE === otherParts - parts;
}
