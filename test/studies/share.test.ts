import { expect, it } from 'vitest';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { faultsOf, HOUR, notifiedIn, sentenceOf, seriesOfQuarter } from './quarter.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => 300 + i);
/** The example of docs/rules/share.md. */
const rule = ruleOf('share', {
  window: '1h',
  group_by: ['service'],
  thresholds: { warning: '60%', critical: '80%' },
});

it('a share of 60 % is quiet in quiet quarters', () => {
  const alerts = SEEDS.map((seed) => notifiedIn(rule, seriesOfQuarter(seed)).length);
  const mean = alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  console.info(`share: ${mean.toFixed(2)} alerts in a quiet quarter, ${Math.max(...alerts)} at most`);
  for (const count of alerts) expect(count).toBeLessThanOrEqual(1);
});

it('a retry loop of $150 an hour is told by the next hourly poll, as the service in which it runs', () => {
  const delays = faultsOf(SEEDS, 6, 150).map(([seed, fault]) => {
    const [first] = notifiedIn(rule, seriesOfQuarter(seed, fault));
    expect(first?.group).toEqual([fault.service]);
    expect(sentenceOf(rule, first)).toMatch(
      new RegExp(
        `^Service ${fault.service} made up .* of the total spend in the last hour, .* over its limit`,
      ),
    );
    return ((first?.at ?? Number.POSITIVE_INFINITY) - fault.from) / HOUR;
  });
  console.info(`share: told ${Math.min(...delays)} to ${Math.max(...delays)} h after the loop began`);
  for (const delay of delays) expect(delay).toBe(1);
});
