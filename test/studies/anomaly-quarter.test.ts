import { expect, it } from 'vitest';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { faultsOf, HOUR, notifiedIn, sentenceOf, seriesOfQuarter } from './quarter.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => 500 + i);
/** As `init` writes it. With the default of 3 it makes 1.1 alerts a quarter (docs/rules/anomaly.md). */
const rule = ruleOf('anomaly', { window: undefined, group_by: ['service'], zscore: 3.25, min_change: 5 });

it('an anomaly is quiet in quiet quarters', () => {
  const alerts = SEEDS.map((seed) => notifiedIn(rule, seriesOfQuarter(seed)).length);
  const mean = alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  console.info(
    `anomaly: ${mean.toFixed(2)} alerts in a quiet quarter of six services, ${Math.max(...alerts)} at most`,
  );
  expect(mean).toBeLessThanOrEqual(1);
});

it('a loop of $20 an hour is told by the next hourly poll, as the service in which it runs', () => {
  const delays = faultsOf(SEEDS, 6, 20).map(([seed, fault]) => {
    const [first] = notifiedIn(rule, seriesOfQuarter(seed, fault), fault);
    expect(first?.group).toEqual([fault.service]);
    expect(sentenceOf(rule, first)).toMatch(
      new RegExp(`^Service ${fault.service} spent .* in the last hour, .* times the usual `),
    );
    return ((first?.at ?? Number.POSITIVE_INFINITY) - fault.from) / HOUR;
  });
  console.info(`anomaly: told ${Math.min(...delays)} to ${Math.max(...delays)} h after the loop began`);
  for (const delay of delays) expect(delay).toBe(1);
});
