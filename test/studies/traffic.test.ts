import { describe, expect, it } from 'vitest';
import { mixSeeds, seededRandom } from '../../src/demo/random.ts';
import { meanOf } from '../../src/model/doubles.ts';
import { REAL_SERVICES, realTraffic } from '../support/real-traffic.ts';
import { HOUR, isWeekend, rhythmOf, TRAFFIC, trafficFrom } from './traffic.ts';

const FIVE_MINUTES = 300_000;
const MONDAY = Date.UTC(2026, 0, 5);
const REAL = REAL_SERVICES.map((service) => ({ service, lines: realTraffic(service) }));

describe.each(REAL)('the figures of $service', ({ service, lines }) => {
  it.skipIf(lines === null)('are those of the hour of real calls', () => {
    const calls = (lines ?? []).map((line) => {
      const [time = '', input, output] = line.split(',');
      return {
        at: Date.parse(`${time.slice(0, 23).replace(' ', 'T')}Z`),
        cost: Number(input) + 4 * Number(output),
      };
    });
    const from = calls[0]?.at ?? 0;
    const whole = Math.floor(((calls.at(-1)?.at ?? 0) - from) / FIVE_MINUTES);
    const counts = new Float64Array(whole + 1);
    for (const { at } of calls) {
      const place = Math.floor((at - from) / FIVE_MINUTES);
      counts[place] = (counts[place] as number) + 1;
    }
    const { mean, variance, correlation } = momentsOf([...counts.subarray(0, whole)]);
    const cost = momentsOf(calls.map((call) => call.cost));
    const { fiveMinutes, costVariance } = TRAFFIC[service];
    expect(Math.sqrt(variance - mean) / mean).toBeCloseTo(fiveMinutes.deviation, 2);
    expect(correlation).toBeCloseTo(fiveMinutes.correlation, 2);
    expect(cost.variance / cost.mean ** 2).toBeCloseTo(costVariance, 2);
  });

  it('make hours that are as rough, and as busy by hour and weekday', () => {
    const traffic = TRAFFIC[service];
    const weeks = 200;
    const { calls, cost } = trafficFrom(MONDAY, weeks * 168, {
      traffic,
      expected: (at) => 1000 * rhythmOf(traffic, at),
      random: seededRandom(mixSeeds(1, service.length)),
    });
    const logs = Array.from(calls, (count, i) =>
      Math.log(count / 1000 / rhythmOf(traffic, MONDAY + i * HOUR)),
    );
    const rough = momentsOf(logs);
    const bursts = traffic.fiveMinutes.deviation / Math.sqrt(12);
    expect(Math.sqrt(rough.variance)).toBeGreaterThan(Math.hypot(traffic.hours.deviation, bursts));
    expect(rough.correlation).toBeGreaterThan(0.2);
    const share = (isDay: (at: number) => boolean) =>
      meanOf([...calls].filter((_, i) => isDay(MONDAY + i * HOUR))) / 1000;
    expect(share((at) => !isWeekend(at))).toBeCloseTo(1, 1);
    expect(share(isWeekend)).toBeCloseTo(meanOf(traffic.weekend), 1);
    expect(meanOf([...cost]) / meanOf([...calls])).toBeCloseTo(1, 2);
  });
});

function momentsOf(values: readonly number[]) {
  const mean = meanOf(values);
  const off = values.map((value) => value - mean);
  const sum = (of: (value: number, i: number) => number) =>
    off.reduce((all, value, i) => all + of(value, i), 0);
  const squares = sum((value) => value * value);
  const neighbours = sum((value, i) => value * (off[i + 1] ?? 0));
  return { mean, variance: squares / values.length, correlation: neighbours / squares };
}
