import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Firing } from '../../src/model/finding.ts';
import type { Rule } from '../../src/model/rule.ts';
import { type GroupKey, type Query, type Series, seriesOfCells } from '../../src/model/series.ts';
import type { Window } from '../../src/model/window.ts';
import { type EvaluationTime, evaluate, planOf } from '../../src/pipeline/evaluate.ts';
import type { AnomalyObservation } from '../../src/rules/anomaly-rule.ts';
import { cellOf, ruleOf } from '../rules/rule-fixtures.ts';

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 10, 20);
const minute = (n: number) => T0 + n * MINUTE;

/** The instants that a schedule of every minute names before each of the given minutes. */
function times(minutes: readonly number[], forMinutes: number): EvaluationTime[] {
  return minutes.map((n) => ({
    at: minute(n),
    earlier: Array.from({ length: forMinutes }, (_, i) => minute(n - forMinutes + i)),
  }));
}

/** The answers to queries, from the cost that a group has in a window; null is no row. */
function answer(
  queries: readonly Query[],
  keys: readonly GroupKey[],
  cost: (key: GroupKey, window: Window) => number | null,
): Series[] {
  return queries.map(({ windows }) =>
    seriesOfCells(
      keys
        .map((key) => ({ key, cells: windows.map((window) => cellOf(cost(key, window))) }))
        .filter(({ cells }) => cells.some((cell) => cell !== null)),
    ),
  );
}

function run(
  rule: Rule,
  given: readonly EvaluationTime[],
  keys: readonly GroupKey[],
  cost: (key: GroupKey, window: Window) => number | null,
) {
  const plan = planOf(rule, 'UTC', given);
  return evaluate(plan, answer(plan.queries, keys, cost));
}

/** The same series, and how many questions they were asked. */
function counting(series: readonly Series[]): { readonly series: Series[]; asked(): number } {
  let asked = 0;
  const counted = <A extends unknown[], R>(answer: (...args: A) => R) => {
    return (...args: A): R => {
      asked += 1;
      return answer(...args);
    };
  };
  return {
    series: series.map(({ keys, has, cell, estimate }) => ({
      keys,
      has: counted(has),
      cell: counted(cell),
      estimate: counted(estimate),
    })),
    asked: () => asked,
  };
}

const rule = (keys: Record<string, unknown> = {}) =>
  ruleOf('threshold', {
    window: '1m',
    thresholds: { warning: 50, critical: 100 },
    group_by: ['service'],
    ...keys,
  });

describe('the queries of a rule', () => {
  it('ask for the windows of all instants at once, each once', () => {
    const given = times([10, 11], 3);
    const [query, ...more] = planOf(rule({ for: '3m' }), 'UTC', given).queries;
    expect(more).toEqual([]);
    expect(query?.windows.map(({ to }) => to)).toEqual([7, 8, 9, 10, 11].map(minute));
  });

  it('look as far back as the delay of the rule', () => {
    const [query] = planOf(rule({ delay: '2m' }), 'UTC', times([10], 0)).queries;
    expect(query?.windows).toEqual([{ from: minute(7), to: minute(8) }]);
  });

  it('share the windows of a baseline between instants that need the same', () => {
    const yesterday = ruleOf('anomaly', { window: 'yesterday', baseline: '7d' });
    const [query] = planOf(yesterday, 'UTC', times([600, 601, 602], 0)).queries;
    // One window, seven periods and their days, which are the same spans for whole days.
    expect(query?.windows).toHaveLength(8);
  });
});

describe('an evaluation', () => {
  it('gives a rule the windows that it asked for, also where two of them are the same span', () => {
    // Each period of 24 h is also the day that ends with it: 8 columns answer 15 windows.
    const daily = ruleOf('anomaly', { window: '24h', baseline: '7d' });
    const cost = (_: GroupKey, { to }: Window) => (to === minute(600) ? 100 : 10 + ((to / 86_400_000) % 3));
    const [evaluation] = run(daily, times([600], 0), [[]], cost);
    const [firing] = (evaluation?.judgement.firing ?? []) as readonly Firing<AnomalyObservation>[];
    expect(firing?.baseline).toMatchObject({ n: 7 });
    expect(firing?.baseline?.floor).toBeCloseTo(((firing?.baseline?.mean ?? 0) * daily.floorPct) / 100, 9);
  });

  it('judges every evaluation time by its own window, in their order', () => {
    const cost = (_: GroupKey, { to }: Window) => (to === minute(5) ? 120 : to === minute(7) ? null : 10);
    const given = times([7, 5, 6], 0);
    const evaluations = run(rule(), given, [['a']], cost);
    expect(evaluations.map(({ at }) => at)).toEqual(given.map(({ at }) => at));
    expect(evaluations.map(({ judgement }) => judgement.status)).toEqual(['ok', 'firing', 'ok']);
    // A group without a row in the window of an instant is not looked at there.
    expect(evaluations.map(({ judgement }) => judgement.observed.length)).toEqual([0, 1, 1]);
  });

  it('judges as of the instant less the delay', () => {
    const [evaluation] = run(rule({ delay: '2m' }), times([10], 0), [['a']], (_, { to }) =>
      to === minute(8) ? 60 : 0,
    );
    expect(evaluation?.at).toBe(minute(10));
    expect(evaluation?.judgement.firing[0]?.window).toEqual({ from: minute(7), to: minute(8) });
  });

  it('is no_data where there are no rows', () => {
    const ratio = ruleOf('threshold', { metric: 'error_rate', threshold: 0.5 });
    expect(run(ratio, times([1], 0), [], () => null)[0]?.judgement.status).toBe('no_data');
  });
});

describe('for', () => {
  const held = (minutes: readonly number[], forMinutes: number, costAt: (n: number) => number | null) =>
    run(rule({ for: `${forMinutes}m` }), times(minutes, forMinutes), [['a']], (_, { to }) =>
      costAt((to - T0) / MINUTE),
    );

  it('fires where it held at every earlier instant too', () => {
    const [evaluation] = held([10], 5, () => 60);
    expect(evaluation).toMatchObject({
      judgement: { status: 'firing', firing: [{ key: ['a'] }] },
      pending: [],
    });
  });

  it('is pending where one instant broke it, and is not firing', () => {
    const [evaluation] = held([10], 5, (n) => (n === 7 ? 49 : 60));
    expect(evaluation).toMatchObject({ judgement: { status: 'ok', firing: [] }, pending: [{ key: ['a'] }] });
    expect(evaluation?.judgement.observed.length).toBe(1);
  });

  it('is broken by an instant without a row', () => {
    expect(held([10], 5, (n) => (n === 5 ? null : 60))[0]?.pending).toHaveLength(1);
  });

  it('is neither firing nor pending where it does not hold now', () => {
    expect(held([10], 5, (n) => (n === 10 ? 1 : 60))[0]).toMatchObject({
      judgement: { status: 'ok' },
      pending: [],
    });
  });

  it('judges each step by itself: critical for a minute is still a warning that held', () => {
    const [evaluation] = held([10], 5, (n) => (n >= 9 ? 150 : 60));
    expect(evaluation?.judgement.firing[0]?.steps.map(({ severity }) => severity)).toEqual(['warning']);
    expect(evaluation?.pending).toEqual([]);
  });

  it('counts a higher step as holding the lower one', () => {
    const [evaluation] = held([10], 5, (n) => (n === 10 ? 60 : 150));
    expect(evaluation?.judgement.firing[0]?.steps.map(({ severity }) => severity)).toEqual(['warning']);
  });

  it('keeps groups apart', () => {
    const [evaluation] = run(
      rule({ for: '3m' }),
      times([10], 3),
      [['a'], [null], ['null']],
      ([name], { to }) => (name === null && to === minute(8) ? 10 : 60),
    );
    expect(evaluation?.judgement.firing.map(({ key }) => key[0])).toEqual(['a', 'null']);
    expect(evaluation?.pending.map(({ key }) => key[0])).toEqual([null]);
  });

  it('is not broken by instants of other evaluation times that lie between', () => {
    // Every second minute is scheduled; someone also asks about an odd one, at which nothing holds.
    const even: EvaluationTime = { at: minute(10), earlier: [4, 6, 8].map(minute) };
    const odd: EvaluationTime = { at: minute(7), earlier: [] };
    const evaluations = run(rule({ for: '6m' }), [even, odd], [['a']], (_, { to }) =>
      to === minute(7) ? 0 : 60,
    );
    expect(evaluations.map(({ judgement }) => judgement.status)).toEqual(['firing', 'ok']);
  });

  it('agrees with judging every instant by itself', () => {
    const history = fc.array(fc.constantFrom(null, 10, 60, 150), { minLength: 40, maxLength: 40 });
    const asked = fc.uniqueArray(fc.integer({ min: 12, max: 39 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        history,
        asked,
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 3 }),
        (costs, minutes, span, every) => {
          const given = minutes.map((n) => ({
            at: minute(n),
            earlier: Array.from({ length: span }, (_, i) => n - span + i)
              .filter((m) => m % every === 0)
              .map(minute),
          }));
          const costAt = (instant: number) => costs[(instant - T0) / MINUTE] ?? 0;
          const evaluations = run(
            rule({ for: '1m' }),
            given,
            [['a']],
            (_, { to }) => costs[(to - T0) / MINUTE] ?? null,
          );
          evaluations.forEach(({ judgement, pending }, i) => {
            const { at, earlier } = given[i] as EvaluationTime;
            const expected = [50, 100].filter((bound) =>
              [at, ...earlier].every((instant) => costAt(instant) >= bound),
            );
            const now = costAt(at) >= 50;
            expect(judgement.firing[0]?.steps.length ?? 0).toBe(expected.length);
            expect(pending.length).toBe(now && expected.length === 0 ? 1 : 0);
            expect(judgement.status).toBe(expected.length > 0 ? 'firing' : 'ok');
          });
        },
      ),
    );
  });

  it('asks for each window of each group a few times at most, over a day of minutes and 2,000 groups', () => {
    const given = times([1_440], 1_440);
    const day = rule({ for: '24h' });
    const keys = Array.from({ length: 2_000 }, (_, i) => [`user-${i}`]);
    const hot = cellOf(60);
    const cold = cellOf(10);
    const plan = planOf(day, 'UTC', given);
    const series = plan.queries.map(({ windows }) =>
      seriesOfCells(keys.map((key, i) => ({ key, cells: windows.map(() => (i < 200 ? hot : cold)) }))),
    );
    const counted = counting(series);
    const [evaluation] = evaluate(plan, counted.series);
    expect(evaluation?.judgement.firing).toHaveLength(200);
    const cells = keys.length * (plan.queries[0]?.windows.length ?? 0);
    expect(counted.asked()).toBeGreaterThan(0);
    expect(counted.asked()).toBeLessThan(4 * cells);
  });

  it('looks back from every minute of a day without asking each instant again', () => {
    const given = times(
      Array.from({ length: 1_440 }, (_, i) => 1_440 + i),
      1_440,
    );
    const day = rule({ for: '24h' });
    const keys = Array.from({ length: 20 }, (_, i) => [`service-${i}`]);
    const plan = planOf(day, 'UTC', given);
    const counted = counting(answer(plan.queries, keys, () => 60));
    const evaluations = evaluate(plan, counted.series);
    expect(evaluations.every(({ judgement }) => judgement.firing.length === 20)).toBe(true);
    // Each instant of 1,440, asked again for each of those before it, would be 40 million.
    expect(counted.asked()).toBeLessThan(1_000_000);
  });
});
