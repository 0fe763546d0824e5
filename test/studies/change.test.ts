import { expect, it } from 'vitest';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { faultsOf, HOUR, notifiedIn, sentenceOf, seriesOfQuarter } from './quarter.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => 500 + i);
/** The example of docs/rules/change.md. */
const rule = ruleOf('change', {
  window: '24h',
  against: 'week',
  group_by: ['service'],
  ratios: { warning: 2, critical: 4 },
});

it('a day that is double that of the week before does not come by chance', () => {
  const alerts = SEEDS.map((seed) => notifiedIn(rule, seriesOfQuarter(seed)).length);
  const mean = alerts.reduce((sum, count) => sum + count, 0) / alerts.length;
  console.info(`change: ${mean.toFixed(2)} alerts in a quiet quarter, ${Math.max(...alerts)} at most`);
  for (const count of alerts) expect(count).toBeLessThanOrEqual(1);
});

it.each([
  [150, 3],
  [50, 7],
])('a retry loop of $%d an hour is told within %d hours, as the service in which it runs', (added, most) => {
  const delays = faultsOf(SEEDS, 12, added).map(([seed, fault]) => {
    const [first] = notifiedIn(rule, seriesOfQuarter(seed, fault));
    expect(first?.group).toEqual([fault.service]);
    expect(sentenceOf(rule, first)).toMatch(
      new RegExp(`^Service ${fault.service} spent .* in the last 24 hours, .* on the week before `),
    );
    return ((first?.at ?? Number.POSITIVE_INFINITY) - fault.from) / HOUR;
  });
  console.info(`change, $${added}: told ${Math.min(...delays)} to ${Math.max(...delays)} h after it began`);
  for (const delay of delays) expect(delay).toBeLessThanOrEqual(most);
});
