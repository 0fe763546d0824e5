import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openMovingMinutes } from '../../src/rollup/moving-minutes.ts';
import { fixedOf, type LooseCell, pack, spliced } from '../../src/rollup/packed-cells.ts';
import { openRecent } from '../../src/rollup/recent.ts';

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
const hour = fc.uniqueArray(cell, { maxLength: 60, selector: ({ minute, key }) => `${minute}/${key}` });
const move = fc.record({
  span: fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 })),
  /** What is read anew before it, of which minutes; the whole hour, as by another reading of it, or nothing. */
  reading: fc.option(fc.record({ cells: hour, minutes: fc.option(fc.array(fc.nat({ max: 59 }))) })),
});
const GROUPING = { groupOf: GROUP_OF, measures: MEASURES, groups: GROUPS };

it('sums that are moved along are those of the minutes that they were moved to, to the last digit', () => {
  fc.assert(
    fc.property(hour, fc.array(move, { minLength: 1, maxLength: 12 }), (first, moves) => {
      let cells = first;
      let detail = pack(cells, MEASURES, true);
      const moving = openMovingMinutes();
      for (const { span, reading } of moves) {
        if (reading !== null) {
          const isKept = (minute: number): boolean => reading.minutes?.includes(minute) === false;
          cells = [
            ...cells.filter(({ minute }) => isKept(minute)),
            ...reading.cells.filter(({ minute }) => !isKept(minute)),
          ];
          detail = spliced(detail, pack(reading.cells, MEASURES, true), isKept, MEASURES);
        }
        const [from, to] = [Math.min(...span), Math.max(...span)];
        moving.moveTo(detail, from, to, GROUPING);
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
    }),
    { numRuns: 500 },
  );
});

it('sums begin anew where other measures were read', () => {
  const detail = pack([{ minute: 1, key: 0, sums: ['1', '2'] }], MEASURES, true);
  const moving = openMovingMinutes();
  moving.moveTo({ ...detail, lacks: [1] }, 0, 60, GROUPING);
  expect(moving.totals.lacks).toEqual([1]);
  moving.moveTo(detail, 0, 60, GROUPING);
  expect(moving.totals.lacks).toEqual([]);
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
