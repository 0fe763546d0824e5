import { describe, expect, it } from 'vitest';
import { calendarOf } from '../../src/rules/auto/hourly.ts';
import { alertDays, type Scene, WEEK } from '../rules/auto/hourly-scenes.ts';

const SEEDS = Array.from({ length: 40 }, (_, i) => 100 + i);
const BUSY = { callsAnHour: 600, cost: 0.02 };
const LONG = 20 * WEEK;

/** Alert days in four weeks, on average over 40 seeded series. */
function mean(scene: Scene): number {
  const days = SEEDS.map((seed) => alertDays(scene, seed, calendarOf('UTC')).length);
  return days.reduce((sum, count) => sum + count, 0) / days.length;
}

/** Each case of ordinary life, and the most alert days in four weeks that it may bring. */
const CASES: readonly (readonly [name: string, most: number, scene: Scene])[] = [
  ['a usual month', 0.7, { ...BUSY, history: LONG }],
  ['one of 60 calls an hour', 0.7, { callsAnHour: 60, cost: 0.2, history: LONG }],
  ['the first weeks, with a week of history', 0.5, { ...BUSY, history: WEEK }],
  ['three calls a day', 0.7, { callsAnHour: 0.125, cost: 2, history: LONG }],
  ['growth of 30 % a month', 0.7, { ...BUSY, history: LONG, factor: (hour) => 1.3 ** (hour / 730) }],
  ['no calls at night', 0.7, { ...BUSY, history: LONG, factor: (hour) => (hour % 24 < 6 ? 0 : 1) }],
  [
    'clocks that change',
    0.5,
    { ...BUSY, history: LONG, offset: (hour) => (hour >= LONG + 2 * WEEK ? 1 : 0) },
  ],
  [
    'two days at a tenth, then as before',
    0.7,
    { ...BUSY, history: LONG, factor: (hour) => (hour >= LONG - 96 && hour < LONG - 48 ? 0.1 : 1) },
  ],
  [
    'an incident in the history',
    0.7,
    {
      ...BUSY,
      history: LONG,
      extra: (hour) => (hour >= LONG - 3 * WEEK && hour < LONG - 3 * WEEK + 9 ? 400 : 0),
    },
  ],
];

describe('alert days in four weeks of ordinary life, on average over 40 series', () => {
  it.each(CASES)('%s: at most %f', (name, most, scene) => {
    const days = mean(scene);
    console.info(`auto, ${name}: ${days.toFixed(2)} alert days in 28`);
    expect(days).toBeLessThanOrEqual(most);
  });

  it('a launch at three times the old level is told for some days, and then known', () => {
    const scene: Scene = { ...BUSY, history: LONG, factor: (hour) => (hour >= LONG ? 3 : 1) };
    const all = SEEDS.map((seed) => alertDays(scene, seed, calendarOf('UTC')));
    const told = all.reduce((sum, days) => sum + days.length, 0) / all.length;
    console.info(`auto, a launch at three times the level: ${told.toFixed(2)} alert days in 28`);
    expect(told).toBeLessThanOrEqual(5);
    for (const days of all) expect(days[0]).toBe(0);
  });

  it('a batch that is new on Mondays is told twice, and then known', () => {
    const isBatch = (hour: number): boolean => hour >= LONG && hour % WEEK === 3;
    const scene: Scene = { ...BUSY, history: LONG, extra: (hour) => (isBatch(hour) ? 60 : 0) };
    const all = SEEDS.map((seed) => alertDays(scene, seed, calendarOf('UTC')));
    const told = all.reduce((sum, days) => sum + days.length, 0) / all.length;
    console.info(`auto, a batch that is new on Mondays: ${told.toFixed(2)} alert days in 28`);
    for (const days of all) expect(days).toEqual(expect.arrayContaining([0, 7]));
    expect(told).toBeLessThanOrEqual(3.5);
  });
});
