import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Fixed } from '../../src/model/money.ts';
import { anomaly } from '../../src/rules/anomaly.ts';
import { ruleOf, seriesOf } from './rule-fixtures.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5);

/** Costs of very different sizes, and many that are the same. */
const cost: fc.Arbitrary<Fixed> = fc.oneof(
  fc.constant(0n),
  fc.constantFrom(100n * 10n ** 12n, 100n * 10n ** 12n + 1n),
  fc.bigInt({ min: 0n, max: 10n ** 9n }),
  fc.bigInt({ min: -(10n ** 14n), max: 10n ** 15n }),
  fc.bigInt({ min: 10n ** 20n, max: 10n ** 21n }),
);

it('the pre-filter leaves out nothing that fires, down to the last digit, whatever the sizes', () => {
  fc.assert(
    fc.property(
      fc.array(cost, { minLength: 7, maxLength: 28 }),
      fc.record({
        zscore: fc.constantFrom(0.1, 3, 999),
        floor_pct: fc.constantFrom(0, 5),
        min_change: fc.constantFrom(0, 1),
        min_change_pct: fc.constantFrom(0, 50),
        method: fc.constantFrom('zscore', 'robust'),
        direction: fc.constantFrom('up', 'down'),
      }),
      (periods, keys) => {
        const rule = ruleOf('anomaly', { ...keys, baseline: `${periods.length}d` });
        const cell = (sum: Fixed) => ({ sums: { cost: sum, calls: 10n ** 12n }, sketches: {} });
        const history = [...periods, ...periods].map(cell);
        const firingAt = (value: Fixed) =>
          anomaly.judge(rule, { at: AT, zone: 'UTC' }, [seriesOf([[], cell(value), ...history])]).firing[0];
        const away = keys.direction === 'up' ? 1n : -1n;
        // Far out nothing is left out, and what fires there names the value at which it begins to.
        const bound = firingAt(away * 10n ** 33n)?.steps[0].bound as Fixed;
        expect(firingAt(bound)?.steps[0].bound).toBe(bound);
        expect(firingAt(bound - away)).toBeUndefined();
      },
    ),
    { numRuns: 2_000 },
  );
});
