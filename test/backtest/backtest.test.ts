import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backtest } from '../../src/backtest/backtest.ts';
import { differenceOf } from '../../src/backtest/difference.ts';
import { replay } from '../../src/backtest/replay.ts';
import { plausibleCalls, retryLoop } from '../../src/demo/traffic.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import type { Rule } from '../../src/model/rule.ts';
import { reaches } from '../../src/model/rule.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { openScene, partsOf, type Scene, sentByBacktest, sentByRun } from './scene.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const WEEK = 7 * DAY;
const END = Date.parse('2026-02-14T02:20:00Z');
const FROM = END - 90 * DAY;
const INCIDENT = { from: END - 9 * MINUTE, callsAMinute: 180 };
const STEP = 30 * MINUTE;

describe("the demo's 90 days", () => {
  let scene: Scene;
  const hourlyBurn = ruleOf('threshold', {
    name: 'hourly-burn',
    group_by: ['service'],
    thresholds: { warning: 50, critical: 100 },
  });
  const anomaly = ruleOf('anomaly', {
    name: 'spend-anomaly',
    window: '6h',
    group_by: ['service'],
    method: 'robust',
    min_change: 5,
  });
  const replayed = (rules: readonly Rule[], more: { perWeek?: number; stopping?: AbortSignal } = {}) => {
    const play = { rules, from: FROM, to: END, stepMs: STEP };
    const options = { from: FROM, to: END, perWeek: null, withSeries: true, ...more };
    return backtest(partsOf(scene, play), options);
  };

  beforeAll(async () => {
    scene = await openScene();
    const calls = [...plausibleCalls(FROM, END, 1), ...retryLoop(INCIDENT, FROM, END, 1)];
    for (let i = 0; i < calls.length; i += 5_000) await scene.store.insert(calls.slice(i, i + 5_000));
  });
  afterAll(() => scene?.database.drop());

  it('find the incident at the poll at which the worker finds it, and nothing else', async () => {
    const rules = [hourlyBurn, anomaly];
    const minutely = { rules, from: END - 30 * MINUTE, to: END + MINUTE, stepMs: MINUTE };
    const run = await sentByRun(scene, minutely);
    expect(run.map(({ rule, group, severity }) => [rule, group, severity])).toContainEqual([
      'hourly-burn',
      'search',
      'warning',
    ]);
    expect(await sentByBacktest(scene, minutely)).toEqual(run);
    // Over all days, on a coarser grid, there is no other alert.
    const { alerts } = await replayed(rules);
    expect(alerts.filter(({ notification }) => notification.at < INCIDENT.from)).toEqual([]);
  });

  it('give the distribution of values, exact at minimum and maximum', async () => {
    const { rules } = await replayed([hourlyBurn]);
    const own: number[] = [];
    await replay(partsOf(scene, { rules: [hourlyBurn], from: FROM, to: END, stepMs: STEP }), {
      judged: ({ evaluation }) =>
        own.push(...[...evaluation.judgement.observed].map(({ value }) => value.number)),
    });
    own.sort((a, b) => a - b);
    const rank = (q: number) => own[Math.floor(q * (own.length - 1))] as number;
    const values = rules[0]?.values;
    expect(Number(values?.min) / 1e12).toBeCloseTo(rank(0), 6);
    expect(Number(values?.max) / 1e12).toBeCloseTo(rank(1), 6);
    for (const [name, q] of [['p50', 0.5] as const, ['p95', 0.95] as const]) {
      const relative = Number(values?.[name]) / 1e12 / rank(q);
      expect(Math.abs(relative - 1), name).toBeLessThan(0.01);
    }
    expect(values?.over.map(({ severity }) => severity)).toEqual(['warning', 'critical']);
  });

  it.each([['>='], ['<']])(
    'have a limit suggested for %s that makes about as many alerts as asked for',
    async (operator) => {
      const rule = ruleOf('threshold', {
        group_by: ['service'],
        threshold: operator === '<' ? 0 : 1e6,
        operator,
      });
      const { rules } = await replayed([rule], { perWeek: 2 });
      const suggested = rules[0]?.suggested;
      const weeks = (END - FROM) / WEEK;
      expect((suggested?.alerts ?? 0) / weeks).toBeGreaterThan(1.5);
      expect((suggested?.alerts ?? 0) / weeks).toBeLessThan(2.5);
      // What is promised is what happens with that limit.
      const tried = { ...rule, steps: [{ severity: 'warning', bound: suggested?.limit ?? 0n }] } as const;
      expect((await replayed([tried])).alerts).toHaveLength(suggested?.alerts ?? -1);
      expect(String(suggested?.limit).replace(/0+$/, '').length).toBeLessThanOrEqual(3);
    },
  );

  it.each([['>='], ['>'], ['<='], ['<']])(
    'have no limit suggested for %s that every group meets at all times, however many alerts are asked for',
    async (operator) => {
      const rule = ruleOf('threshold', { group_by: ['service'], threshold: 1, operator });
      const total = ruleOf('threshold', {
        name: 'total',
        metric: 'calls',
        window: '15m',
        threshold: 1,
        operator,
      });
      for (const { suggested, values } of (await replayed([rule, total], { perWeek: 1e6 })).rules) {
        if (suggested === null || values === null)
          throw new Error('there are values, and limits between them');
        const mildest = operator.startsWith('<') ? values.max : values.min;
        expect(reaches(rule.operator, mildest, suggested.limit)).toBe(false);
      }
    },
  );

  it('differ from another file by exactly the alerts of its other limit', async () => {
    const at = (dollars: number) => ({
      ...hourlyBurn,
      steps: [{ severity: 'warning', bound: fixedFromNumber(dollars) }] as const,
    });
    const high = (await replayed([at(1.8)])).alerts;
    const low = (await replayed([at(1.5)])).alerts;
    const added = differenceOf(high, low, 'UTC');
    expect(added.added.length).toBeGreaterThan(0);
    // A lower limit is reached earlier, if at another time.
    expect(added.earlier.length).toBeGreaterThan(0);
    expect({
      ...added,
      added: added.added.length,
      earlier: 0,
      same: added.same + added.earlier.length,
    }).toEqual({
      added: low.length - high.length,
      dropped: [],
      earlier: 0,
      later: [],
      same: high.length,
    });
    const back = differenceOf(low, high, 'UTC');
    expect(back.later.map(({ own, other }) => [other, own])).toEqual(
      [...added.earlier]
        .sort((a, b) => a.own.notification.at - b.own.notification.at)
        .map(({ own, other }) => [own, other]),
    );
    const dropped = differenceOf(low, high, 'UTC');
    expect(dropped.dropped).toHaveLength(low.length - high.length);
    expect(dropped.added).toEqual([]);
  });

  it('are counted by week, with the weeks in which nothing happened', async () => {
    const { rules, alerts } = await replayed([hourlyBurn]);
    const weeks = [...(rules[0]?.byWeek.entries() ?? [])];
    expect(weeks.length).toBe(14);
    expect(weeks.reduce((sum, [, count]) => sum + count, 0)).toBe(alerts.length);
  });

  it('stop at once on request', async () => {
    await expect(replayed([hourlyBurn], { stopping: AbortSignal.abort() })).rejects.toThrow(/stopped/);
  });
});
