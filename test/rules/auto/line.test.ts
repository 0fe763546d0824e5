import { describe, expect, it } from 'vitest';
import { calendarOf, type Hourly } from '../../../src/rules/auto/hourly.ts';
import { openLines, scoreOf } from '../../../src/rules/auto/line.ts';
import { openUsualHours } from '../../../src/rules/auto/usual.ts';

const HOURS = 126 * 24;
/** A Thursday; the series of the vectors have no weekday of their own. */
const FROM = 20_000 * 24;
const uniform = (i: number): number => ((7919 * i) % 1009) / 1009;

interface Made {
  readonly sums: number[];
  readonly squares: number[];
}

function made(sumOf: (i: number) => number, squaresOf: (sum: number) => number): Made {
  const sums = Array.from({ length: HOURS }, (_, i) => sumOf(i));
  return { sums, squares: sums.map(squaresOf) };
}

const manyCalls = (i: number): number =>
  (10 + 8 * Math.sin((2 * Math.PI * (i % 24)) / 24)) *
  (Math.floor(i / 24) % 7 < 5 ? 1 : 0.4) *
  (0.8 + 0.4 * uniform(i));
const ofMany = (sum: number): number => sum ** 2 / 600;
const fewCalls = (i: number): number =>
  i % 24 >= 8 && i % 24 < 20 && uniform(i) < 0.2 ? 2 * Math.ceil(3 * uniform(i + 1)) : 0;
const ofFew = (sum: number): number => 2 * sum;

/** The vectors of the method's definition: the series, the hour that is judged, and what is set there. */
const SERIES = {
  A: { ...made(manyCalls, ofMany), at: 3014, value: 40, squaresOf: ofMany },
  B: { ...made(fewCalls, ofFew), at: 3010, value: 60, squaresOf: ofFew },
  C: {
    ...made((i) => manyCalls(i) * (i >= 121 * 24 ? 3 : 1), ofMany),
    at: 3014,
    value: 60,
    squaresOf: ofMany,
  },
} as const;

const EXPECTED = {
  'A 1h': [
    40, 8.286747, 0.414337, 1.126406, 1.286202, 0.009815, 12.362236, 0.130948, 0.112011, 0, 21.54235,
    2.670213, 1.78988, 4.659033,
  ],
  'A 24h': [
    132.304297, 8.288193, 9.945832, 4.707613, 4.707613, 0.000647, 12.362236, 0.066741, 0.05, 0, 4.999488,
    100.841517, 83.055386, 149.531154,
  ],
  'B 1h': [
    60, 0.508929, 6, 1.912731, 1.98902, 0.06443, 84, 0.177707, 0.34975, 0, 6.292016, 0.771559, 0, 14.869129,
  ],
  'B 24h': [
    74, 0.497024, 6, 2.857273, 2.879169, 0.070641, 84, 0.199556, 0.299203, 0, 5.022873, 11.413981, 0.110837,
    44.722968,
  ],
  'C 1h': [
    60, 10.938147, 0.546907, 1.173503, 1.322375, 0.009198, 12.362236, 0.13172, 0.109981, 0.888824, 17.204899,
    7.317341, 1.777717, 12.147267,
  ],
  'C 24h': [
    336.91289, 10.664878, 12.797853, 4.735741, 4.735741, 0.000689, 12.362236, 0.069562, 0.05, 1.005048,
    2.326342, 298.512165, 82.856467, 358.049028,
  ],
} as const;

function hourlyOf({ sums, squares, at, value, squaresOf }: (typeof SERIES)[keyof typeof SERIES]): Hourly {
  const first = sums.findIndex((sum) => sum !== 0);
  const between = (list: readonly number[], set: number) => (from: number, to: number) => {
    let total = 0;
    for (let i = from - FROM; i < to - FROM; i += 1) total += i === at ? set : (list[i] ?? 0);
    return total;
  };
  return { first: FROM + first, sum: between(sums, value), squares: between(squares, squaresOf(value)) };
}

describe('the line of an hour', () => {
  it.each(Object.keys(EXPECTED) as (keyof typeof EXPECTED)[])('is that of the definition: %s', (name) => {
    const [series, length] = name.split(' ') as [keyof typeof SERIES, string];
    const hours = Number.parseInt(length, 10);
    const zscore = hours === 1 ? 3 : 3.5;
    const calendar = calendarOf('UTC');
    const usual = openUsualHours(hourlyOf(SERIES[series]), calendar, hours);
    const hour = FROM + SERIES[series].at;
    const line = openLines(usual, calendar, { zscore, minChange: 1 }).at(hour);
    const found = usual.at(hour);
    if (line === null || found === null) throw new Error('not judged');
    const sum = usual.sum(hour);
    const { hourlyMean, added, log, highLog, variance, n, allSpread, spread } = found;
    const z = scoreOf(sum, line, zscore);
    const got = [
      sum,
      hourlyMean,
      added,
      log,
      highLog,
      variance,
      n,
      allSpread,
      spread,
      line.level,
      z,
      line.usual,
      line.low,
      line.bound,
    ];
    for (const [i, value] of got.entries()) {
      expect(value, `figure ${i}`).toBeCloseTo(EXPECTED[name][i] as number, 6);
    }
  });
});
