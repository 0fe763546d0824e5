import fc from 'fast-check';
import { expect, test } from 'vitest';
import { breakdownTable, breakdownTables, commonFact } from '../../src/model/breakdown-table.ts';
import type { Others } from '../../src/model/finding.ts';
import { sharesText } from '../../src/model/shares.ts';
import { amount } from '../channels/sample-messages.ts';

const part = (key: string | null, value: string, calls = 1) => ({ key, value: amount(value, calls) });
const others = (keys: number, value: string, credits: Others['credits'] = null): Others => ({
  keys,
  value: amount(value),
  calls: keys * 10,
  credits,
});
const rowsOf = (parts: ReturnType<typeof part>[], rest?: Others) =>
  breakdownTable({ metric: 'spend', others: rest === undefined ? {} : { user: rest } }, 'user', parts).rows;

test('shares add up to 100, and only all is 100% and only nothing 0%', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(0n, 10n ** 20n), { minLength: 1, maxLength: 7 }), (parts) => {
      const shares = sharesText(parts);
      const whole = parts.reduce((sum, one) => sum + one, 0n);
      const percents = shares.map((share) =>
        share === '<1%' ? 0 : share === '>99%' ? 100 : Number.parseInt(share, 10),
      );
      expect(percents.reduce((sum, one) => sum + one, 0)).toBe(whole === 0n ? 0 : 100);
      for (const [i, share] of shares.entries()) {
        expect(share === '0%').toBe(parts[i] === 0n || whole === 0n);
        if (share === '100%') expect(parts[i]).toBe(whole);
      }
    }),
  );
  expect(sharesText([1n, 1n, 1n])).toEqual(['34%', '33%', '33%']);
});

test('what the largest parts leave out is one row', () => {
  expect(rowsOf([part('a', '60'), part('b', '30')], others(12, '10'))).toEqual([
    ['a', '$60.00', '1', '60%'],
    ['b', '$30.00', '1', '30%'],
    ['12 others', '$10.00', '120', '10%'],
  ]);
  expect(rowsOf([part('a', '60')], others(1, '40')).at(-1)).toEqual(['1 other', '$40.00', '10', '40%']);
});

test('a credit is a credit, and makes no share larger than all', () => {
  expect(rowsOf([part('a', '331'), part('b', '-231')])).toEqual([
    ['a', '$331.00', '1', '100%'],
    ['b', '-$231.00', '1', 'credit'],
  ]);
  const credits = { keys: 2, value: amount('-50'), calls: 3 };
  expect(rowsOf([part('a', '75')], others(5, '-25', credits)).slice(1)).toEqual([
    ['3 others', '$25.00', '47', '25%'],
    ['2 credits', '-$50.00', '3', 'credit'],
  ]);
  expect(rowsOf([part('a', '75')], others(2, '-50', credits)).slice(1)).toEqual([
    ['2 credits', '-$50.00', '3', 'credit'],
  ]);
});

test('averages have no share, and the others of a ratio may have no value', () => {
  const rest = { model: { keys: 3, value: null, calls: 0, credits: null } };
  expect(breakdownTable({ metric: 'error_rate', others: rest }, 'model', [part('m', '0.5', 8)])).toEqual({
    title: 'By model',
    columns: ['model', 'failed', 'calls'],
    rows: [
      ['m', '50%', '8'],
      ['3 others', 'none', '0'],
    ],
  });
});

test('a part is a lower bound where some of its calls have no price, and has no amount where all have none', () => {
  const parts = [
    { ...part('a', '3', 5), unpriced: 2 },
    { ...part('b', '0', 4), unpriced: 4 },
  ];
  expect(rowsOf(parts)).toEqual([
    ['a', '≥ $3.00', '5', 'unknown'],
    ['b', 'no price', '4', 'unknown'],
  ]);
});

test('a breakdown of one part is no table, but a line', () => {
  const breakdown = {
    model: [part('m', '5')],
    user: [part('u', '3'), part('v', '2')],
    service: [part(null, '5')],
  };
  expect(breakdownTables({ metric: 'spend', breakdown, others: {} }).map(({ title }) => title)).toEqual([
    'By user',
  ]);
  expect(commonFact({ breakdown, others: {} })).toEqual(['All calls', 'model m, service (none)']);
  expect(commonFact({ breakdown: { user: breakdown.user }, others: {} })).toBeNull();
});
