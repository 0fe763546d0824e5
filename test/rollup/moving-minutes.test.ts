import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openMovingMinutes } from '../../src/rollup/moving-minutes.ts';
import { fixedOf, type LooseCell, pack } from '../../src/rollup/packed-cells.ts';
import { openRecent } from '../../src/rollup/recent.ts';
import { emptyTotals } from '../../src/rollup/totals.ts';

const MEASURES = 2;
const GROUP_OF = Int32Array.from([0, 1, -1, 0]);
const GROUPS = 2;

const amount = fc
  .tuple(fc.boolean(), fc.nat({ max: 10 ** 9 }), fc.nat({ max: 10 ** 12 - 1 }))
  .map(([negative, units, parts]) => `${negative ? '-' : ''}${units}.${String(parts).padStart(12, '0')}`);
const cell: fc.Arbitrary<LooseCell> = fc.record({
  minute: fc.nat({ max: 59 }),
  key: fc.nat({ max: 3 }),
  sums: fc.tuple(fc.nat({ max: 9 }).map(String), amount),
});
const minutes = fc
  .tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);

it('sums that are moved along are those of the minutes that they were moved to, to the last digit', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(cell, { maxLength: 60, selector: ({ minute, key }) => `${minute}/${key}` }),
      fc.array(minutes, { minLength: 1, maxLength: 12 }),
      (cells, moves) => {
        const detail = pack(cells, MEASURES, true);
        const moving = openMovingMinutes(detail, emptyTotals(0));
        for (const [from = 0, to = 0] of moves) {
          moving.moveTo(from, to, GROUP_OF, MEASURES, GROUPS);
          const expected = new Array<bigint>(GROUPS * MEASURES).fill(0n);
          for (const { minute, key, sums } of cells) {
            const group = GROUP_OF[key] as number;
            if (group < 0 || minute < from || minute >= to) continue;
            sums.forEach((text, m) => {
              const [units = '0', parts = '0'] = text.replace('-', '').split('.');
              const size = BigInt(units) * 10n ** 12n + BigInt(parts.padEnd(12, '0'));
              expected[group * MEASURES + m] =
                (expected[group * MEASURES + m] as bigint) + (text.startsWith('-') ? -size : size);
            });
          }
          const { units, parts } = moving.totals;
          expect(expected.map((_, i) => fixedOf(units[i] as number, parts[i] as number))).toEqual(expected);
          expect([...parts].every((part) => Math.abs(part) < 1e12)).toBe(true);
        }
      },
    ),
    { numRuns: 500 },
  );
});

it('what a turn did not ask for is forgotten', () => {
  const recent = openRecent<number>();
  recent.set('a', 1);
  recent.set('b', 2);
  recent.turn();
  expect(recent.get('a')).toBe(1);
  recent.turn();
  expect([recent.get('a'), recent.get('b')]).toEqual([1, undefined]);
  recent.clear();
  expect(recent.get('a')).toBeUndefined();
});
