import { describe, expect, it } from 'vitest';
import { onsetOf } from '../../src/model/onset.ts';
import { DAY_MINUTES, dayWith, type Incident } from '../model/onset-scenes.ts';
import { REAL_SERVICES, realTraffic } from '../support/real-traffic.ts';

const MINUTE = 60_000;
const SEEDS = Array.from({ length: 200 }, (_, seed) => 1000 + seed);
const WINDOWS = [60, DAY_MINUTES];

/** Minutes of an hour of real requests, over their mean; not part of the repository. */
const TRAFFIC = REAL_SERVICES.flatMap((service) => {
  const lines = realTraffic(service);
  if (lines === null) return [];
  const counts = new Map<string, number>();
  for (const line of lines) {
    const minute = line.slice(0, 16);
    counts.set(minute, (counts.get(minute) ?? 0) + 1);
  }
  const whole = [...counts.values()].slice(1, -1);
  const mean = whole.reduce((sum, count) => sum + count, 0) / whole.length;
  return [whole.map((count) => count / mean)];
});

function study(incident: Incident, windowMinutes: number) {
  const to = DAY_MINUTES * MINUTE;
  const errors = SEEDS.flatMap((seed) => {
    const { sums, began } = dayWith(incident, seed, TRAFFIC);
    const value = sums.slice(-windowMinutes).reduce((sum, minute) => sum + minute, 0);
    const onset = onsetOf({ from: 0, sums }, { from: to - windowMinutes * MINUTE, to }, value);
    return onset === null ? [] : [Math.abs(onset.at / MINUTE - (began ?? 0))];
  });
  const near = errors.filter((minutes) => minutes <= 10).length;
  console.info(
    `onset, window ${windowMinutes} min, ${incident}: told in ${errors.length} of ${SEEDS.length}, ${near} within 10 min`,
  );
  return { told: errors.length, near };
}

describe.each(WINDOWS)('over 200 seeded days and a window of %i minutes, the onset', (window) => {
  it('of steps is within ten minutes in 95 % of those it tells, and it tells most', () => {
    const { told, near } = study('step', window);
    expect(near / told).toBeGreaterThanOrEqual(0.95);
    expect(told).toBeGreaterThan(150);
  });

  it('of bursts is, too', () => {
    const { told, near } = study('burst', window);
    expect(near / told).toBeGreaterThanOrEqual(0.95);
    expect(told).toBeGreaterThan(150);
  });

  it('of ramps, which have no sharp beginning, is near in most', () => {
    const { told, near } = study('ramp', window);
    expect(near / told).toBeGreaterThanOrEqual(0.8);
  });

  it('is told of next to no quiet day', () => {
    expect(study('none', window).told).toBeLessThanOrEqual(6);
  });
});
