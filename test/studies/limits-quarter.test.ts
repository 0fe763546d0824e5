import { expect, it } from 'vitest';
import { toNumber } from '../../src/model/money.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { DAY, faultsOf, HOUR, notifiedIn, sentenceOf, seriesOfQuarter } from './quarter.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => 500 + i);

/** As `init` writes it. */
const burn = ruleOf('threshold', { group_by: ['service'], thresholds: { warning: 50, critical: 100 } });
/** About 1.4 times what each service spends in a month. */
const AMOUNTS: Readonly<Record<string, number>> = {
  search: 11_000,
  chat: 8_300,
  review: 5_700,
  mail: 4_800,
  images: 4_100,
  tests: 2_600,
};
const budget = ruleOf('budget', {
  window: undefined,
  period: 'month',
  group_by: ['service'],
  amounts: AMOUNTS,
  forecast: 'warning',
});
/** How often a budget is looked at here; each time it reads a month of days. */
const EVERY = 6 * HOUR;

it.each([
  ['threshold', burn, HOUR],
  ['budget', budget, EVERY],
] as const)('a %s is quiet in quiet quarters', (name, rule, every) => {
  const alerts = SEEDS.map((seed) => notifiedIn(rule, seriesOfQuarter(seed), { every }).length);
  console.info(`${name}: ${Math.max(...alerts)} alerts in a quiet quarter of six services at most`);
  for (const count of alerts) expect(count).toBeLessThanOrEqual(1);
});

it('a loop of $100 an hour reaches the limit by the next hourly poll, in the service in which it runs', () => {
  for (const [seed, fault] of faultsOf(SEEDS, 6, 100)) {
    const [first] = notifiedIn(burn, seriesOfQuarter(seed, fault), fault);
    expect(first).toMatchObject({ group: [fault.service], at: fault.from + HOUR, severity: 'critical' });
    expect(sentenceOf(burn, first)).toMatch(
      new RegExp(`^Service ${fault.service} spent .* in the last hour, .* its limit of \\$100\\.`),
    );
  }
});

it('a loop of $100 an hour is told as the budget of its service within three days, before the amount is spent', () => {
  const delays = faultsOf(SEEDS, 10 * 24, 100).map(([seed, fault]) => {
    const [first] = notifiedIn(budget, seriesOfQuarter(seed, fault), {
      from: Math.floor(fault.from / EVERY) * EVERY,
      to: fault.to,
      every: EVERY,
    });
    expect(first?.group).toEqual([fault.service]);
    expect(toNumber(first?.firing.value.fixed ?? 0n)).toBeLessThan(AMOUNTS[fault.service] as number);
    expect(sentenceOf(budget, first)).toMatch(
      new RegExp(`^Service ${fault.service} spent .* month.*, (on course for|\\d+ % of its) `),
    );
    return ((first?.at ?? Number.POSITIVE_INFINITY) - fault.from) / HOUR;
  });
  console.info(`budget: told ${Math.min(...delays)} to ${Math.max(...delays)} h after the loop began`);
  for (const delay of delays) expect(delay * HOUR).toBeLessThanOrEqual(3 * DAY);
});
