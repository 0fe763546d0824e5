import { expect, it } from 'vitest';
import { mixSeeds, seededRandom } from '../../src/demo/random.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { hourlyStore } from './hourly-store.ts';
import { DAY, FROM, HOUR, notifiedIn, sentenceOf, TO } from './quarter.ts';
import { isWeekend, rhythmOf, TRAFFIC, type Traffic, trafficFrom } from './traffic.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => 500 + i);
const FIRST = FROM - 35 * DAY;
const HOURS = (TO - FIRST) / HOUR;

const rule = ruleOf('absence', { metric: undefined, window: '1h', group_by: ['service'] });

interface Service {
  readonly traffic: Traffic;
  /** Calls that are expected in the hour at `at`, of which `hour` is the hour of the day. */
  expected(at: number, hour: number): number;
}

const SERVICES: Readonly<Record<string, Service>> = {
  search: { traffic: TRAFFIC.conv, expected: (at) => 100 * rhythmOf(TRAFFIC.conv, at) },
  review: { traffic: TRAFFIC.code, expected: (at) => 300 * rhythmOf(TRAFFIC.code, at) },
  // Idle at night, with few calls when the day begins and ends.
  assistant: {
    traffic: TRAFFIC.code,
    expected: (at, hour) =>
      120 * Math.max(0, Math.sin((Math.PI * (hour - 6.5)) / 12)) * (isWeekend(at) ? 0.5 : 1),
  },
  'nightly-report': { traffic: TRAFFIC.code, expected: (_, hour) => (hour === 2 ? 40 : 0) },
  'six-hourly': { traffic: TRAFFIC.code, expected: (_, hour) => (hour % 6 === 0 ? 100 : 0) },
  office: {
    traffic: TRAFFIC.conv,
    expected: (at, hour) => (isWeekend(at) || hour < 9 || hour >= 18 ? 0 : 60),
  },
};

function quarter(seed: number, isSilent: (service: string, at: number) => boolean, services = SERVICES) {
  const groups = Object.entries(services).map(([name, { traffic, expected }], place) => ({
    name,
    ...trafficFrom(FIRST, HOURS, {
      traffic,
      expected: (at) => (isSilent(name, at) ? 0 : expected(at, Math.floor(at / HOUR) % 24)),
      random: seededRandom(mixSeeds(seed, place)),
    }),
  }));
  return hourlyStore(FIRST, groups);
}

const never = () => false;

it('what is idle by its nature, at night or on weekends, is no absence', () => {
  const alerts = SEEDS.map((seed) => notifiedIn(rule, quarter(seed, never)).length);
  const mean = alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  console.info(`absence: ${mean.toFixed(2)} false alerts in a quiet quarter, ${Math.max(...alerts)} at most`);
  for (const count of alerts) expect(count).toBeLessThanOrEqual(1);
});

it('a service that falls silent while it usually works is told as soon as an hour is over, and no other', () => {
  const delays = SEEDS.map((seed) => {
    const random = seededRandom(mixSeeds(seed, 99));
    const day = 7 + Math.floor(random() * 80);
    const service = ['search', 'review', 'assistant', 'nightly-report', 'six-hourly'][seed % 5] ?? 'search';
    const hour = { assistant: 10, 'nightly-report': 2, 'six-hourly': 12 }[service] ?? 8 + (seed % 10);
    const from = FROM + day * DAY + hour * HOUR;
    const isSilent = (name: string, at: number) => name === service && at >= from && at < from + 6 * HOUR;
    const told = notifiedIn(rule, quarter(seed, isSilent), {
      from: from - DAY,
      to: from + DAY,
    });
    expect(told.map(({ group }) => group)).toEqual([[service]]);
    expect(sentenceOf(rule, told[0])).toMatch(
      new RegExp(`^Service ${service} made no calls in the last hour, unlike on `),
    );
    return ((told[0]?.at ?? Number.POSITIVE_INFINITY) - from) / HOUR;
  });
  console.info(`absence: told ${Math.min(...delays)} to ${Math.max(...delays)} h after the last call`);
  for (const delay of delays) expect(delay).toBe(1);
});

it('a store that is not written any more brings no alert', () => {
  const from = FROM + 20 * DAY + 14 * HOUR;
  const stopped = quarter(0, (_, at) => at >= from);
  const told = notifiedIn(rule, stopped, { from: from - DAY, to: from + 2 * DAY });
  expect(told).toEqual([]);
});

it('how often silence comes by chance, for services with few calls', () => {
  const rates = [3, 5, 8, 12];
  const counts = rates.map((rate) => {
    const alerts = SEEDS.slice(0, 4).map((seed) => {
      const services = Object.fromEntries(
        Object.entries({ search: 200, few: rate }).map(([name, calls]) => [
          name,
          { traffic: TRAFFIC.code, expected: () => calls },
        ]),
      );
      return notifiedIn(rule, quarter(seed, never, services)).filter(({ group }) => group[0] === 'few')
        .length;
    });
    return alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  });
  const text = rates.map((rate, i) => `${rate} calls an hour: ${(counts[i] ?? 0).toFixed(1)}`);
  console.info(`absence: false alerts in a quarter at ${text.join(', ')}`);
  expect(counts[3]).toBeLessThanOrEqual(0.5);
});
