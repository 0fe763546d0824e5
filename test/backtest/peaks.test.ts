import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPeaks } from '../../src/backtest/peaks.ts';
import { ONE } from '../../src/model/money.ts';
import { reaches } from '../../src/model/rule.ts';
import { seriesOfCells } from '../../src/model/series.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const START = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;

const instants = fc.array(fc.array(fc.bigInt({ min: 1n, max: 60n }), { maxLength: 6 }), { maxLength: 80 });

describe('the worst values of a rule', () => {
  it('are all that can fire at a limit that is not milder than the mildest of them', () => {
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom('>=', '<='),
        fc.integer({ min: 1, max: 5 }),
        (seen, operator, kept) => {
          const rule = ruleOf('threshold', { operator, threshold: 1, group_by: ['user'] });
          const peaks = openPeaks(rule, 'UTC', kept);
          const all: string[] = [];
          const values: bigint[] = [];
          for (const [index, amounts] of seen.entries()) {
            const at = START + index * HOUR;
            const cells = amounts.map((amount, i) => ({
              key: [`u${i}`],
              cells: [{ sums: { cost: amount * ONE, calls: ONE }, sketches: {} }],
            }));
            const judgement = ruleTypeOf(rule).judge(rule, { at, zone: 'UTC' }, [seriesOfCells(cells)]);
            peaks.add(index, { at, judgement, pending: [] });
          }
          const { sightings, limits } = peaks.read();
          const [mildest] = limits;
          expect(mildest === undefined).toBe(seen.flat().length === 0);
          if (mildest === undefined) return;
          for (const [index, amounts] of seen.entries()) {
            for (const [i, amount] of amounts.entries()) {
              if (reaches(operator, amount * ONE, mildest)) all.push(`${index}/u${i}/${amount}`);
              values.push(amount);
            }
          }
          const found = sightings.flatMap(({ index, observed }) =>
            observed.flatMap(({ key, value }) =>
              reaches(operator, value.fixed, mildest) ? [`${index}/${key[0]}/${value.fixed / ONE}`] : [],
            ),
          );
          expect(found.sort()).toEqual(all.sort());
          expect(limits.at(-1)).toBe(
            values.reduce((worst, value) =>
              (operator === '>=' ? value > worst : value < worst) ? value : worst,
            ) * ONE,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
