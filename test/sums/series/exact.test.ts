import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ONE } from '../../../src/model/money.ts';
import {
  addParts,
  CARRY_AFTER,
  carry,
  doubleOf,
  fixedOf,
  isEqual,
  SCALE,
} from '../../../src/sums/series/exact.ts';
import { layoutOf } from '../../../src/sums/series/layout.ts';

const LAYOUT = layoutOf(['cost']);
const parts = fc.integer({ min: 1 - SCALE, max: SCALE - 1 });

function sumIn([units = 0, part = 0]: Float64Array): bigint {
  return fixedOf(units, part);
}

describe('exact sums', () => {
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
