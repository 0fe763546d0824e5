import { expect, it } from 'vitest';
import { invoiceGap } from '../../src/model/invoice-gap.ts';
import { fixedFromNumber } from '../../src/model/money.ts';

function gap(billed: number, recorded: number) {
  return invoiceGap({ billed: fixedFromNumber(billed), recorded: fixedFromNumber(recorded) });
}

it.each([
  ['9 % more was billed', 109, 100, 0.09, false],
  ['11 % more was billed', 111, 100, 0.11, true],
  ['9 % more was recorded', 100, 109, 0.09, false],
  ['11 % more was recorded', 100, 111, 0.11, true],
  ['it is exactly 10 %', 110, 100, 0.1, false],
  ['it is a micro-dollar more', 110.000001, 100, 0.10000001, true],
  ['it is the same', 100, 100, 0, false],
])(
  'says how much the larger is above the smaller, and tells above 10 %%: %s',
  (_, billed, recorded, part, isTold) => {
    const found = gap(billed, recorded);
    expect(found.part).toBeCloseTo(part, 12);
    expect(found.isTold).toBe(isTold);
    expect(found.difference).toBe(fixedFromNumber(billed) - fixedFromNumber(recorded));
  },
);

it('tells whatever is billed where nothing is recorded, without a part of nothing', () => {
  expect(gap(5, 0)).toMatchObject({ part: null, isTold: true });
  expect(gap(0, 0)).toMatchObject({ part: null, isTold: false });
  expect(gap(5, -1)).toMatchObject({ part: null, isTold: true });
});
