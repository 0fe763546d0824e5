import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDistribution } from '../../src/backtest/distribution.ts';
import { ONE, toNumber } from '../../src/model/money.ts';
import { reaches } from '../../src/model/rule.ts';
import { type Cell, seriesOfCells } from '../../src/model/series.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const AT = Date.parse('2026-03-01T00:00:00Z');

/** Costs that lie far apart, and some that doubles can hardly tell from each other. */
const cost = fc.oneof(
  fc.bigInt({ min: 1n, max: 10n ** 16n }),
  fc.bigInt({ min: 0n, max: 3n }).map((parts) => 5n * ONE + parts),
  fc.bigInt({ min: 0n, max: 3n }).map((parts) => 30_000n * ONE + parts),
);
const instants = fc.array(
  fc.array(fc.record({ cost, calls: fc.integer({ min: 1, max: 3 }) }), { maxLength: 12 }),
  {
    minLength: 1,
    maxLength: 12,
  },
);

describe('the distribution of the values of a rule', () => {
  it('is exact at minimum, maximum and each limit, and within 1 % between', () => {
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom('>=', '<', '>', '<='),
        fc.constantFrom(0, 2),
        (seen, operator, minCalls) => {
          const rule = ruleOf('threshold', {
            operator,
            min_calls: minCalls,
            group_by: ['user'],
            thresholds: operator.startsWith('<') ? { info: 5, warning: 0.001 } : { info: 5, warning: 30_000 },
          });
          const log = openDistribution(rule);
          for (const groups of seen) {
            const series = seriesOfCells(
              groups.map((group, i) => ({
                key: [`u${i}`],
                cells: [
                  { sums: { cost: group.cost, calls: BigInt(group.calls) * ONE }, sketches: {} } as Cell,
                ],
              })),
            );
            const judgement = ruleTypeOf(rule).judge(rule, { at: AT, zone: 'UTC' }, [series]);
            log.add({ at: AT, judgement, pending: [] });
          }
          const values = seen.flat().map((group) => group.cost);
          const found = log.read();
          if (values.length === 0) {
            expect(found).toBeNull();
            return;
          }
          const ascending = values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          expect([found?.min, found?.max]).toEqual([ascending[0], ascending.at(-1)]);
          for (const [q, told] of [
            [0.5, found?.p50],
            [0.95, found?.p95],
          ] as const) {
            const exact = toNumber(ascending[Math.floor(q * (ascending.length - 1))] as bigint);
            expect(Math.abs(toNumber(told as bigint) - exact)).toBeLessThanOrEqual(exact * 0.01);
          }
          // The worst group that had enough calls speaks for its instant.
          const over = rule.steps.map(({ bound }) => {
            const such = seen.filter((groups) =>
              groups.some((group) => group.calls >= minCalls && reaches(rule.operator, group.cost, bound)),
            );
            return such.length / seen.length;
          });
          expect(found?.over.map(({ share }) => share)).toEqual(over);
        },
      ),
      { numRuns: 500 },
    );
  });
});
