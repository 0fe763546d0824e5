import fc from 'fast-check';
import { expect, it } from 'vitest';
import { apportioned } from '../../src/model/apportion.ts';

const parts = fc.array(fc.oneof(fc.constant(0n), fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n })), {
  minLength: 1,
  maxLength: 6,
});
const unit = fc.bigInt({ min: 1n, max: 10n ** 10n });
const total = (all: readonly bigint[]): bigint => all.reduce((sum, one) => sum + one, 0n);

it('parts add up to any sum that is asked for', () => {
  fc.assert(
    fc.property(parts, unit, fc.bigInt({ min: -7n, max: 7n }), (all, of, off) => {
      const sum = total(all) / of + off;
      expect(total(apportioned(all, of, sum))).toBe(sum);
    }),
  );
});

it('parts are rounded up or down, where the sum is theirs', () => {
  fc.assert(
    fc.property(parts, unit, fc.boolean(), (all, of, isUp) => {
      const whole = total(all);
      const floor = (whole - (((whole % of) + of) % of)) / of;
      const sum = isUp && whole % of !== 0n ? floor + 1n : floor;
      for (const [i, units] of apportioned(all, of, sum).entries()) {
        const lost = units * of - (all[i] as bigint);
        expect(lost < of && lost > -of).toBe(true);
      }
    }),
  );
});

it('nothing stays nothing beside something', () => {
  fc.assert(
    fc.property(parts, unit, fc.bigInt({ min: -7n, max: 7n }), (all, of, off) => {
      fc.pre(all.some((part) => part !== 0n));
      const units = apportioned(all, of, total(all) / of + off);
      expect(all.flatMap((part, i) => (part === 0n ? [units[i]] : [])).every((one) => one === 0n)).toBe(true);
    }),
  );
});

it.each<[string, bigint[], bigint, bigint[]]>([
  ['the part that lost most gets what is left', [149n, 135n, 16n], 3n, [2n, 1n, 0n]],
  ['of equal ones the first', [150n, 150n], 3n, [2n, 1n]],
  ['parts below 0 round down, too', [250n, -150n], 1n, [3n, -2n]],
  [
    'a sum that was rounded otherwise takes one away from the part that lost least',
    [200n, 101n],
    2n,
    [1n, 1n],
  ],
])('%s', (_, all, sum, expected) => {
  expect(apportioned(all, 100n, sum)).toEqual(expected);
});
