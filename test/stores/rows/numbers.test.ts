import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ONE, parseFixed } from '../../../src/model/money.ts';
import { costIn, errorIn, quantityIn, statusIn } from '../../../src/stores/rows/numbers.ts';

it('takes a double for the decimal of its fifteen digits', () => {
  expect(costIn(0.1 + 0.2)).toBe((ONE * 3n) / 10n);
  expect(costIn(7.5e-8)).toBe(75_000n);
  fc.assert(
    fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
      expect(costIn(value)).toBe(parseFixed(value.toPrecision(15)));
    }),
    { numRuns: 500 },
  );
});

it('does not know what is no plausible number', () => {
  for (const value of [Number.NaN, Infinity, 1e9 + 1, 'free', '', null]) expect(costIn(value)).toBeNull();
  expect(quantityIn(10n ** 15n + 1n)).toBeNull();
  expect(statusIn('429')).toBe(429);
  expect(statusIn('success')).toBeNull();
  expect(errorIn('null')).toBeNull();
});
