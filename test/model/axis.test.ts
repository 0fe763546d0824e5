import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { niceTicks } from '../../src/model/axis.ts';

describe('the ticks of an axis', () => {
  it.each([
    [0, 312.46, 0, [0, 100, 200, 300, 400]],
    [0, 0.0000041, 0, [0, 0.000001, 0.000002, 0.000003, 0.000004, 0.000005]],
    [0, 12_000_000, 0, [0, 2_500_000, 5_000_000, 7_500_000, 10_000_000, 12_500_000]],
    [-3.1, 4, 0, [-4, -2, 0, 2, 4]],
    [0, 2, 1, [0, 1, 2]],
    [0, 0, 0, [0, 0.1]],
  ])('from %d to %d are round', (low, high, least, ticks) => {
    expect(niceTicks(low, high, least)).toEqual(ticks);
  });

  it('hold all values between them, and are few', () => {
    const value = fc.double({ noNaN: true, min: -1e12, max: 1e12 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [low, high] = [Math.min(a, b, 0), Math.max(a, b, 0)];
        fc.pre(high - low > 1e-9);
        const ticks = niceTicks(low, high);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThan(9);
        expect(ticks[0]).toBeLessThanOrEqual(low + (high - low) * 1e-6);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high - (high - low) * 1e-6);
      }),
    );
  });
});
