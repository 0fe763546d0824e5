import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fixed, fixedFromNumber, toNumber } from '../../src/model/money.ts';
import {
  clipOutliers,
  deviationOf,
  deviationsAway,
  divideDown,
  divideUp,
  meanOf,
  median,
  medianDeviation,
  momentsOf,
  zScore,
} from '../../src/model/statistics.ts';

const usd = (...values: number[]): Fixed[] => values.map(fixedFromNumber);
const cents = fc.array(fc.integer({ min: -1_000_000, max: 100_000_000 }), { minLength: 2, maxLength: 60 });

describe('mean and deviation', () => {
  it('give the textbook numbers', () => {
    const moments = momentsOf(usd(2, 4, 4, 4, 5, 5, 7, 9));
    expect(toNumber(meanOf(moments))).toBe(5);
    expect(deviationOf(moments)).toBeCloseTo(Math.sqrt(32 / 7), 14);
  });

  it('find a flat baseline exactly flat, whatever the amount', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }),
        fc.integer({ min: 2, max: 60 }),
        (value, n) => {
          const moments = momentsOf(new Array<Fixed>(n).fill(value));
          expect(deviationOf(moments)).toBe(0);
          expect(meanOf(moments)).toBe(value);
          expect(zScore(value, moments, 0)).toBe(0);
        },
      ),
    );
  });

  it('agree with a naive computation in doubles', () => {
    fc.assert(
      fc.property(cents, (values) => {
        const dollars = values.map((cent) => cent / 100);
        const mean = dollars.reduce((a, b) => a + b, 0) / dollars.length;
        const variance = dollars.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (dollars.length - 1);
        const moments = momentsOf(usd(...dollars));
        expect(toNumber(meanOf(moments))).toBeCloseTo(mean, 6);
        expect(deviationOf(moments)).toBeCloseTo(Math.sqrt(variance), 4);
      }),
    );
  });

  it('are zero of too few values', () => {
    expect(meanOf(momentsOf([]))).toBe(0n);
    expect(deviationOf(momentsOf(usd(7)))).toBe(0);
    expect(deviationsAway(momentsOf(usd(7)), fixedFromNumber(3))).toBe(0n);
    expect(median([])).toBe(0n);
  });
});

describe('the score', () => {
  const moments = momentsOf(usd(90, 100, 110));

  it('counts spreads from the mean, with its sign', () => {
    expect(zScore(fixedFromNumber(130), moments, 10)).toBe(3);
    expect(zScore(fixedFromNumber(70), moments, 10)).toBe(-3);
    expect(zScore(fixedFromNumber(100), moments, 10)).toBe(0);
  });

  it('is cut to 999 where nothing ever varied', () => {
    expect(zScore(fixedFromNumber(100.01), moments, 0)).toBe(999);
    expect(zScore(fixedFromNumber(99.99), moments, 0)).toBe(-999);
    expect(zScore(fixedFromNumber(1e9), moments, 0.001)).toBe(999);
  });
});

describe('the distance of so many deviations', () => {
  it('is exact where the deviation is', () => {
    // Deviation 10, n = 3: 3 deviations are 30, times n.
    expect(deviationsAway(momentsOf(usd(90, 100, 110)), fixedFromNumber(3))).toBe(fixedFromNumber(90));
  });

  it('is the least whole number that reaches it', () => {
    fc.assert(
      fc.property(cents, fc.integer({ min: 1, max: 9_999 }), (values, thousandths) => {
        const factor = fixedFromNumber(thousandths / 1_000);
        const moments = momentsOf(usd(...values.map((cent) => cent / 100)));
        const away = deviationsAway(moments, factor);
        // (T / n)² ≥ factor² · scatter / (n · (n − 1)), in whole numbers.
        const n = BigInt(moments.n);
        const reaches = (t: bigint) => t * t * (n - 1n) * 10n ** 24n >= factor * factor * n * moments.scatter;
        expect(reaches(away)).toBe(true);
        if (away > 0n) expect(reaches(away - 1n)).toBe(false);
      }),
    );
  });
});

describe('median, MAD and clipping', () => {
  it('give the textbook numbers', () => {
    expect(median(usd(9, 1, 5))).toBe(fixedFromNumber(5));
    expect(median(usd(9, 1, 5, 6))).toBe(fixedFromNumber(5.5));
    expect(medianDeviation(usd(1, 1, 2, 2, 4, 6, 9))).toBe(fixedFromNumber(1));
  });

  it('cuts a single incident to the median ± 4 × 1.4826 × MAD', () => {
    // Median 10, MAD 1.
    const quiet = [8, 9, 9, 9, 10, 10, 10, 11, 11, 11, 12];
    expect(clipOutliers(usd(...quiet, 10, 500)).at(-1)).toBe(fixedFromNumber(15.9304));
    expect(clipOutliers(usd(...quiet, 10, -500)).at(-1)).toBe(fixedFromNumber(4.0696));
  });

  it('leaves all as they are where more than a tenth lie outside, and clips at a tenth', () => {
    const weekly = [...new Array<number>(20).fill(100), ...new Array<number>(8).fill(10)];
    expect(clipOutliers(usd(...weekly))).toEqual(usd(...weekly));
    const tenth = [...new Array<number>(9).fill(100), 500];
    expect(clipOutliers(usd(...tenth))).toEqual(usd(...new Array<number>(10).fill(100)));
  });

  it('never moves a value that lies inside, nor the median', () => {
    fc.assert(
      fc.property(cents, (values) => {
        const given = usd(...values);
        const clipped = clipOutliers(given);
        const changed = clipped.filter((value, i) => value !== given[i]);
        expect(changed.length * 10).toBeLessThanOrEqual(given.length);
        expect(median(clipped)).toBe(median(given));
      }),
    );
  });
});

it('divides up and down around zero', () => {
  expect([7n, -7n, 6n, -6n, 0n].map((value) => divideUp(value, 3n))).toEqual([3n, -2n, 2n, -2n, 0n]);
  expect([7n, -7n, 6n, -6n, 0n].map((value) => divideDown(value, 3n))).toEqual([2n, -3n, 2n, -2n, 0n]);
});
