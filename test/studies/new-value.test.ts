import { expect, it } from 'vitest';
import { mixSeeds, seededRandom } from '../../src/demo/random.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type HourlyGroup, hourlyStore } from './hourly-store.ts';
import { DAY, FROM, HOUR, notifiedIn, sentenceOf, TO } from './quarter.ts';
import { rhythmOf, TRAFFIC, trafficFrom } from './traffic.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => 700 + i);
const FIRST = FROM - 40 * DAY;
const HOURS = (TO - FIRST) / HOUR;

const rule = ruleOf('new_value', { metric: undefined, window: undefined, dimension: 'model' });

interface Model {
  readonly name: string;
  readonly callsAnHour: number;
  readonly costOfCall: number;
  /** Without calls before, and from `to` on. */
  readonly from?: number;
  readonly to?: number;
}

/** Five that are used all day, and three that are tried once in a while: every 3, 10 and 20 days on average. */
const MODELS: readonly Model[] = [
  { name: 'gpt-4.1', callsAnHour: 300, costOfCall: 0.02 },
  { name: 'gpt-4.1-mini', callsAnHour: 900, costOfCall: 0.002 },
  { name: 'claude-4', callsAnHour: 80, costOfCall: 0.05 },
  { name: 'o3', callsAnHour: 6, costOfCall: 0.2 },
  { name: 'embeddings', callsAnHour: 2000, costOfCall: 0.0001 },
  { name: 'tried-often', callsAnHour: 1 / 72, costOfCall: 0.3 },
  { name: 'tried-sometimes', callsAnHour: 1 / 240, costOfCall: 0.1 },
  { name: 'tried-seldom', callsAnHour: 1 / 480, costOfCall: 0.05 },
];

function quarter(seed: number, models: readonly Model[]) {
  const groups = models.map(
    ({ name, callsAnHour, costOfCall, from = FIRST, to = TO }, place): HourlyGroup => {
      const traffic = place % 2 === 0 ? TRAFFIC.conv : TRAFFIC.code;
      const { calls, cost } = trafficFrom(FIRST, HOURS, {
        traffic,
        expected: (at) => (at >= from && at < to ? callsAnHour * rhythmOf(traffic, at) : 0),
        random: seededRandom(mixSeeds(seed, place)),
      });
      return { name, calls, cost: cost.map((mean) => mean * costOfCall) };
    },
  );
  return hourlyStore(FIRST, groups);
}

it('known models, however seldom they are tried, are not new', () => {
  const alerts = SEEDS.map((seed) => notifiedIn(rule, quarter(seed, MODELS)).length);
  const mean = alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  console.info(
    `new_value: ${mean.toFixed(2)} false alerts in a quiet quarter, ${Math.max(...alerts)} at most`,
  );
  for (const count of alerts) expect(count).toBeLessThanOrEqual(1);
});

it('a new model is told once in the quarter, by the poll after its first dollar', () => {
  const delays = SEEDS.map((seed) => {
    const random = seededRandom(mixSeeds(seed, 99));
    const from = FROM + DAY + Math.floor(random() * 80 * 24) * HOUR;
    const added: Model = { name: 'gpt-5-pro', callsAnHour: 20, costOfCall: 0.25, from };
    const told = notifiedIn(rule, quarter(seed, [...MODELS, added])).filter(
      ({ group }) => group[0] === 'gpt-5-pro',
    );
    expect(told).toHaveLength(1);
    expect(sentenceOf(rule, told[0])).toMatch(
      /^Model gpt-5-pro spent .* in the last 24 hours, and is new: first call about /,
    );
    return ((told[0]?.at ?? Number.POSITIVE_INFINITY) - from) / HOUR;
  });
  console.info(`new_value: told ${Math.min(...delays)} to ${Math.max(...delays)} h after the first call`);
  // Four calls make a dollar; at night on a weekend there are nine in an hour.
  for (const delay of delays) expect(delay).toBe(1);
});

it('in the first week of a store nothing is new', () => {
  const told = notifiedIn(rule, quarter(1, MODELS), { from: FIRST, to: FIRST + 8 * DAY });
  expect(told).toEqual([]);
});
