import { expect, it } from 'vitest';
import { mixSeeds, poisson, seededRandom } from '../../src/demo/random.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { hourlyStore } from './hourly-store.ts';
import { DAY, FROM, HOUR, notifiedIn, TO } from './quarter.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => 500 + i);
const FIRST = FROM - 35 * DAY;
const HOURS = (TO - FIRST) / HOUR;

const rule = ruleOf('absence', { metric: undefined, window: '1h', group_by: ['service'] });

/** Calls an hour, by the hour of the day and whether it is a weekend. */
const SERVICES: Readonly<Record<string, (hour: number, isWeekend: boolean) => number>> = {
  search: (hour, isWeekend) =>
    200 * (1 + 0.7 * Math.cos((2 * Math.PI * (hour - 14)) / 24)) * (isWeekend ? 0.5 : 1),
  // Idle at night, with few calls when the day begins and ends.
  assistant: (hour, isWeekend) =>
    120 * Math.max(0, Math.sin((Math.PI * (hour - 6.5)) / 12)) * (isWeekend ? 0.5 : 1),
  'nightly-report': (hour) => (hour === 2 ? 40 : 0),
  'six-hourly': (hour) => (hour % 6 === 0 ? 100 : 0),
  office: (hour, isWeekend) => (isWeekend || hour < 9 || hour >= 18 ? 0 : 60),
};

interface Silence {
  readonly service: string;
  readonly from: number;
  readonly to: number;
}

function quarter(seed: number, silence: Silence | null = null, services = SERVICES) {
  const groups = Object.entries(services).map(([name, rate], place) => {
    const random = seededRandom(mixSeeds(seed, place));
    const calls = Float64Array.from({ length: HOURS }, (_, i) => {
      const at = FIRST + i * HOUR;
      const count = poisson(rate(i % 24, [0, 6].includes(new Date(at).getUTCDay())), random);
      return silence?.service === name && at >= silence.from && at < silence.to ? 0 : count;
    });
    return { name, calls, costOfCall: 0.01 };
  });
  return hourlyStore(FIRST, groups);
}

it('what is idle by its nature, at night or on weekends, is no absence', () => {
  const alerts = SEEDS.map((seed) => notifiedIn(rule, quarter(seed)).length);
  const mean = alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  console.info(`absence: ${mean.toFixed(2)} false alerts in a quiet quarter, ${Math.max(...alerts)} at most`);
  for (const count of alerts) expect(count).toBeLessThanOrEqual(1);
});

it('a service that falls silent while it usually works is told as soon as an hour is over, and no other', () => {
  const delays = SEEDS.map((seed) => {
    const random = seededRandom(mixSeeds(seed, 99));
    const day = 7 + Math.floor(random() * 80);
    const service = ['search', 'assistant', 'nightly-report', 'six-hourly'][seed % 4] ?? 'search';
    const hour = { search: 8 + (seed % 12), assistant: 10, 'nightly-report': 2 }[service] ?? 12;
    const from = FROM + day * DAY + hour * HOUR;
    const told = notifiedIn(rule, quarter(seed, { service, from, to: from + 6 * HOUR }), {
      from: from - DAY,
      to: from + DAY,
    });
    expect(told.map(({ group }) => group)).toEqual([[service]]);
    return ((told[0]?.at ?? Number.POSITIVE_INFINITY) - from) / HOUR;
  });
  console.info(`absence: told ${Math.min(...delays)} to ${Math.max(...delays)} h after the last call`);
  for (const delay of delays) expect(delay).toBe(1);
});

it('a store that is not written any more brings no alert', () => {
  const from = FROM + 20 * DAY + 14 * HOUR;
  const stopped = Object.entries(SERVICES).map(([name, rate], place) => {
    const random = seededRandom(place);
    const calls = Float64Array.from({ length: HOURS }, (_, i) =>
      FIRST + i * HOUR >= from ? 0 : poisson(rate(i % 24, false), random),
    );
    return { name, calls, costOfCall: 0.01 };
  });
  const told = notifiedIn(rule, hourlyStore(FIRST, stopped), { from: from - DAY, to: from + 2 * DAY });
  expect(told).toEqual([]);
});

it('how often silence comes by chance, for services with few calls', () => {
  const rates = [3, 5, 8, 12];
  const counts = rates.map((rate) => {
    const alerts = SEEDS.slice(0, 4).map((seed) => {
      const services = { search: () => 200, few: () => rate };
      return notifiedIn(rule, quarter(seed, null, services)).filter(({ group }) => group[0] === 'few').length;
    });
    return alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  });
  const text = rates.map((rate, i) => `${rate} calls an hour: ${(counts[i] ?? 0).toFixed(1)}`);
  console.info(`absence: false alerts in a quarter at ${text.join(', ')}`);
  expect(counts[3]).toBeLessThanOrEqual(0.5);
});
