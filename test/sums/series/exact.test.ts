import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFixed, ONE } from '../../../src/model/money.ts';
import {
  addParts,
  CARRY_AFTER,
  carry,
  doubleOf,
  fixedOf,
  isEqual,
  SCALE,
  writeDecimal,
} from '../../../src/sums/series/exact.ts';
import { layoutOf } from '../../../src/sums/series/layout.ts';

const LAYOUT = layoutOf(['cost']);
const fixed = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });
const parts = fc.integer({ min: 1 - SCALE, max: SCALE - 1 });

/** A decimal in the two numbers of its row. */
function written(text: string): Float64Array {
  const values = new Float64Array(2);
  writeDecimal(text, values, 0, 1);
  return values;
}

function sumIn([units = 0, part = 0]: Float64Array): bigint {
  return fixedOf(units, part);
}

describe('exact sums', () => {
  it('are the decimals that a store wrote, to the last digit', () => {
    fc.assert(
      fc.property(fixed, fc.integer({ min: 0, max: 12 }), (value, places) => {
        expect(sumIn(written(formatFixed(value, 12, places)))).toBe(value);
      }),
    );
  });

  it('have units alone where there is no place for parts, and no negative 0', () => {
    const values = new Float64Array(1);
    writeDecimal('-12.5', values, 0, null);
    expect(values[0]).toBe(-12);
    writeDecimal('-0', values, 0, null);
    expect(Object.is(values[0], 0)).toBe(true);
  });

  it('stay the same when parts are carried, after as many additions as may be', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: -1_000, max: 1_000 }), (part, units) => {
        const values = Float64Array.of(units, 0);
        for (let i = 0; i < CARRY_AFTER; i += 1) values[1] = (values[1] as number) + part;
        const exact = BigInt(units) * ONE + BigInt(part) * BigInt(CARRY_AFTER);
        expect(sumIn(values)).toBe(exact);
        carry(values, LAYOUT);
        expect(sumIn(values)).toBe(exact);
        expect(Math.abs(values[1] as number)).toBeLessThan(SCALE);
      }),
      { numRuns: 50 },
    );
  });

  it('carry at once where any number of parts may follow', () => {
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 50 }), (all) => {
        const values = new Float64Array(2);
        for (const part of all) addParts(values, 0, 1, part);
        expect(sumIn(values)).toBe(all.reduce((sum, part) => sum + BigInt(part), 0n));
        expect(Math.abs(values[1] as number)).toBeLessThan(SCALE);
      }),
    );
  });

  it('are equal where their decimals are, however units and parts share them', () => {
    const pair = fc.tuple(
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(0, 1, -1, SCALE / 4, SCALE / -4, SCALE * 0.75, SCALE * -0.75),
    );
    fc.assert(
      fc.property(pair, pair, ([units, part], [otherUnits, otherPart]) => {
        const same = fixedOf(units, part) === fixedOf(otherUnits, otherPart);
        expect(isEqual(units, part, otherUnits, otherPart)).toBe(same);
      }),
      { numRuns: 500 },
    );
  });

  it('are doubles within a millionth of a millionth, also where units and parts nearly cancel', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), parts, (units, part) => {
        const exact = Number(fixedOf(units, part)) / SCALE;
        expect(Math.abs(doubleOf(units, part) - exact)).toBeLessThanOrEqual(Math.abs(exact) * 1e-12);
      }),
    );
    expect(doubleOf(1, 1 - SCALE)).toBe(1e-12);
  });
});
