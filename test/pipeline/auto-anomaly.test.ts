import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import type { AutoObservation } from '../../src/rules/auto/auto-rule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import { openLiveSource } from '../support/live-source.ts';
import { HOUR, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const DAY = 24 * HOUR;
const AT = Date.parse('2026-11-20T14:05:00Z');
let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const rule = (keys: object = {}) =>
  ruleTypes.anomaly.schema.parse({
    type: 'anomaly',
    name: 'spend-anomaly',
    metric: 'spend',
    group_by: ['service'],
    notify: ['oncall'],
    ...keys,
  })({ severity: 'warning', notify: ['oncall'] });

/** A call every twenty minutes for some weeks: more by day, less at weekends. */
async function weeks(count: number, until = AT): Promise<void> {
  const calls = [];
  const random = seededRandom(7);
  for (let at = until - count * 7 * DAY; at < until; at += 20 * MINUTE) {
    const hour = Math.floor(at / HOUR) % 24;
    const isWeekend = [0, 6].includes(new Date(at).getUTCDay());
    const cost =
      (1 + 0.8 * Math.sin((2 * Math.PI * hour) / 24)) * (isWeekend ? 0.4 : 1) * (0.8 + 0.4 * random());
    calls.push({ at, service: 'search', cost: cost.toFixed(6) });
  }
  await world.calls.log(...calls);
}

describe('an anomaly rule without a window', () => {
  it('is quiet on a usual hour, and says what a loop is compared with', async () => {
    await weeks(14);
    const { source } = openLiveSource(world.calls.store);
    const quiet = await world.poll([rule()], AT, { source });
    expect(quiet.error).toBeNull();
    expect(quiet.rules[0]?.latest?.status).toBe('ok');
    await world.calls.log({ at: AT - MINUTE, service: 'search', cost: '40' });
    const report = await world.poll([rule()], AT + MINUTE, { source });
    const [alert] = report.queued;
    expect(alert?.message.title).toMatch(
      /^\[WARNING\] spend-anomaly: search \$4\d\.\d\d in 1h \(usually \$\d\S* to \$\d\S* at this hour of a Friday\)$/,
    );
    expect(String(alert?.message.lead)).toMatch(
      /^Service search spent \$41\.\d\d in the last hour, 1\d times the usual \$\d\.\d\d; /,
    );
    // The store alone gives the same.
    const direct = await world.poll([rule({ name: 'direct' })], AT + MINUTE);
    const [a, b] = [report, direct].map(
      (one) => one.rules[0]?.latest?.firing[0] as unknown as AutoObservation,
    );
    expect(b?.zscore).toBeCloseTo(a?.zscore ?? 0, 9);
    expect(b?.baseline.high).toBeCloseTo(a?.baseline.high ?? 0, 9);
  });

  it('shares its hours with a rule of another sensitivity, and each has its own range', async () => {
    await weeks(14);
    const { source } = openLiveSource(world.calls.store);
    const [where, groupBy] = [{}, ['service']];
    const rules = [2.5, 4].map((zscore) => ({ ...rule({ name: `z-${zscore}`, zscore }), where, groupBy }));
    const lows = async (order: typeof rules, from?: typeof source): Promise<(number | undefined)[]> => {
      const report = await world.poll(order, AT, from === undefined ? {} : { source: from });
      return report.rules.map(
        ({ latest }) => ([...(latest?.observed ?? [])] as unknown as AutoObservation[])[0]?.baseline.low,
      );
    };
    const direct = await lows(rules);
    expect(direct[0]).toBeGreaterThan(direct[1] ?? Number.NaN);
    const kept = await lows(rules, source);
    const turned = await lows([...rules].reverse(), source);
    for (const [i, low] of direct.entries()) {
      expect(kept[i]).toBeCloseTo(low ?? Number.NaN, 9);
      expect(turned[1 - i]).toBeCloseTo(low ?? Number.NaN, 9);
    }
  });
});
