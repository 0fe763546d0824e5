import { describe, expect, it } from 'vitest';
import { onsetOf } from '../../src/model/onset.ts';
import { DAY_MINUTES, dayWith, type Incident } from './onset-scenes.ts';

const MINUTE = 60_000;
const FROM = Date.parse('2026-11-19T02:05:00Z');
const TO = FROM + DAY_MINUTES * MINUTE;
const at = (minute: number): number => FROM + minute * MINUTE;
const LAST_HOUR = { from: TO - 60 * MINUTE, to: TO };

/** `unseen` is the part of the window's value after its last whole minute. */
const told = (sums: readonly number[], window = LAST_HOUR, falls = false, unseen = 0) => {
  const value = sums.slice((window.from - FROM) / MINUTE).reduce((sum, minute) => sum + minute, unseen);
  return onsetOf({ from: FROM, sums }, window, value, falls);
};

/** Minutes by stretches of [how many, each]. */
const minutes = (...stretches: readonly (readonly [number, number])[]): number[] =>
  stretches.flatMap(([count, value]) => new Array<number>(count).fill(value));

describe('the onset', () => {
  it('is the minute at which a rate left its usual level, with the rates before and after', () => {
    const sums = minutes([1394, 0.02], [46, 3.1]);
    expect(told(sums)).toEqual({ at: at(1394), beforePerHour: 1.2, afterPerHour: 186 });
  });

  it('of a rate that is zero but for a few calls is told all the same', () => {
    const sums = Array.from({ length: DAY_MINUTES }, (_, i) => (i >= 1400 ? 40 : i % 97 === 0 ? 1 : 0));
    expect(told(sums)).toEqual({ at: at(1400), beforePerHour: 0, afterPerHour: 2400 });
  });

  it('is that of the first of several steps', () => {
    expect(told(minutes([1380, 1], [20, 5], [40, 60]))?.at).toBe(at(1380));
  });

  it('is that of a burst that is over, as long as the window holds some of it', () => {
    const sums = minutes([1360, 2], [30, 90], [50, 2]);
    expect(told(sums)).toEqual({ at: at(1360), beforePerHour: 120, afterPerHour: 5400 });
    expect(told(sums, { from: at(1420), to: TO })).toBeNull();
  });

  it('is that of a step which began before the window and goes on', () => {
    expect(told(minutes([700, 2], [740, 30]))?.at).toBe(at(700));
  });

  it('is not an earlier step where the value comes from the last minutes, which show no beginning yet', () => {
    const lastMinute = { from: TO - MINUTE, to: TO };
    const plateau = minutes([500, 0.002], [940, 0.03]);
    expect(told(plateau, lastMinute)?.at).toBe(at(500));
    expect(told(plateau, lastMinute, false, 10)).toBeNull();
    expect(told(minutes([500, 0.002], [939, 0.03], [1, 10]), lastMinute)).toBeNull();
    expect(told(minutes([500, 0.002], [937, 0.03], [3, 10]), lastMinute)?.at).toBe(at(1437));
  });

  it('is that of a fall where low values fire', () => {
    const sums = minutes([1400, 10], [40, 0]);
    expect(told(sums, LAST_HOUR, true)).toMatchObject({ at: at(1400), beforePerHour: 600, afterPerHour: 0 });
    expect(told(sums)).toBeNull();
    expect(told(minutes([1400, 10], [40, 90]), LAST_HOUR, true)).toBeNull();
  });

  it.each([
    ['no minutes', []],
    ['nothing at all', minutes([1440, 0])],
    ['a level', minutes([1440, 5])],
    ['credits only', minutes([1440, -5])],
    ['a first call', minutes([1439, 0], [1, 1])],
    ['too little before it', minutes([100, 1], [60, 50])],
    ['less than twice the usual', minutes([1400, 10], [40, 19])],
    ['a slow rise', Array.from({ length: DAY_MINUTES }, (_, i) => 10 * 1.3 ** (i / 60))],
  ])('is not told of %s', (_, sums) => {
    expect(told(sums)).toBeNull();
  });

  it('of seeded steps is within ten minutes wherever it is told, and quiet days have none', () => {
    const seeds = Array.from({ length: 15 }, (_, seed) => seed);
    const errorsOf = (incident: Incident): number[] =>
      seeds.flatMap((seed) => {
        const { sums, began } = dayWith(incident, seed);
        const onset = told(sums);
        return onset === null ? [] : [Math.abs((onset.at - at(began ?? 0)) / MINUTE)];
      });
    const steps = errorsOf('step');
    expect(steps.length).toBeGreaterThan(10);
    expect(steps.filter((minutesOff) => minutesOff > 10)).toEqual([]);
    expect(errorsOf('none')).toEqual([]);
  });
});
