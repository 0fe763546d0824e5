import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { type Fixed, fixedFromNumber, toNumber } from '../../src/model/money.ts';
import type { Cell, GroupKey } from '../../src/model/series.ts';
import { type Moments, momentsOf } from '../../src/model/statistics.ts';
import { isoInstant, type Window } from '../../src/model/window.ts';
import type { AnomalyRule } from '../../src/rules/anomaly-rule.ts';
import { dailyAnomaly as anomaly, cellOf, faultsOf, plainly, ruleOf, seriesOf } from './rule-fixtures.ts';

const HOUR = 3_600_000;
const AT = Date.UTC(2026, 10, 20, 2, 5);
const usd = fixedFromNumber;

function at(text: string): number {
  return Temporal.Instant.from(text).epochMilliseconds;
}

function windowsOf(rule: AnomalyRule, context = { at: AT, zone: 'UTC' }): readonly Window[] {
  return anomaly.queries(rule, context)[0]?.windows ?? [];
}

/** Judges one group of which the window's value, the periods' (youngest first) and the days' are known. */
function judgeValues(
  keys: Record<string, unknown>,
  value: number | null,
  periods: readonly (number | null)[],
  days: readonly (number | null)[] = periods,
) {
  const rule = ruleOf('anomaly', { baseline: `${periods.length}d`, ...keys });
  const cells = [value, ...periods, ...days].map((cost) => cellOf(cost));
  return plainly(anomaly.judge(rule, { at: AT, zone: 'UTC' }, [seriesOf([[], ...cells])]));
}

/** Judges a store in which every hour costs a dollar, down to the minute, except that the window costs `value`. */
function judgeSteady(keys: Record<string, unknown>, context: { at: number; zone: string }, value: number) {
  const rule = ruleOf('anomaly', { baseline: '7d', ...keys });
  const windows = windowsOf(rule, context);
  const cells = windows.map(({ from, to }, i) => cellOf(i === 0 ? value : (to - from) / HOUR));
  return plainly(anomaly.judge(rule, context, [seriesOf([[], ...cells])])).observed[0];
}

/** What docs/rules/anomaly.md says of what fires, in whole numbers: |n·x − Σ| against n times each limit. The days are the periods. */
function passesGuards(
  x: Fixed,
  { n, sum, scatter }: Moments,
  keys: { zscore: number; floor_pct: number; min_change: number; min_change_pct: number },
): boolean {
  const size = (value: bigint) => (value < 0n ? -value : value);
  const one = usd(1);
  const count = BigInt(n);
  const far = size(count * x - sum);
  return (
    far > 0n &&
    far * far * (count - 1n) * one * one >= usd(keys.zscore) ** 2n * count * scatter &&
    far * 100n * one * one >= usd(keys.zscore) * usd(keys.floor_pct) * size(sum) &&
    far >= count * usd(keys.min_change) &&
    far * 100n * one >= usd(keys.min_change_pct) * size(sum)
  );
}

const flat = (value: number, n = 7) => new Array<number>(n).fill(value);

describe('the periods of an anomaly', () => {
  it('are the same six clock hours of each earlier day, with the 24 hours that end where each ends', () => {
    const windows = windowsOf(ruleOf('anomaly', { window: '6h', baseline: '7d' }));
    expect(windows).toHaveLength(15);
    const shown = windows.map(({ from, to }) => `${isoInstant(from)}/${isoInstant(to)}`);
    expect(shown[0]).toBe('2026-11-19T20:05:00Z/2026-11-20T02:05:00Z');
    expect(shown[1]).toBe('2026-11-18T20:05:00Z/2026-11-19T02:05:00Z');
    expect(shown[7]).toBe('2026-11-12T20:05:00Z/2026-11-13T02:05:00Z');
    expect(shown[8]).toBe('2026-11-18T02:05:00Z/2026-11-19T02:05:00Z');
    expect(shown[14]).toBe('2026-11-12T02:05:00Z/2026-11-13T02:05:00Z');
  });

  it('need no days for a ratio', () => {
    expect(windowsOf(ruleOf('anomaly', { metric: 'error_rate', baseline: '7d' }))).toHaveLength(8);
  });

  it('keep their local time and a real length of six hours where clocks go forward', () => {
    // 03:00 in New York: 07:00 UTC from March 8 on, 08:00 UTC before. On the 8th three o'clock is where two would be.
    const context = { at: at('2026-03-10T07:00:00Z'), zone: 'America/New_York' };
    const windows = windowsOf(ruleOf('anomaly', { window: '6h', baseline: '7d' }), context);
    expect(windows.slice(0, 4).map(({ to }) => isoInstant(to))).toEqual([
      '2026-03-10T07:00:00Z',
      '2026-03-09T07:00:00Z',
      '2026-03-08T07:00:00Z',
      '2026-03-07T08:00:00Z',
    ]);
    for (const { from, to } of windows.slice(0, 8)) expect(to - from).toBe(6 * HOUR);
  });
});

describe('the numbers of an anomaly', () => {
  it('of 24h are mean, sample deviation and score of the days', () => {
    // Squares around 16: 36 + 16 + 4 + 0 + 4 + 16 + 36 = 112, over 6.
    const judgement = judgeValues({ window: '24h' }, 29, [22, 20, 18, 16, 14, 12, 10]);
    const deviation = Math.sqrt(112 / 6);
    expect(judgement.status).toBe('firing');
    const [firing] = judgement.firing;
    expect(firing?.baseline?.mean).toBe(16);
    expect(firing?.baseline?.stddev).toBeCloseTo(deviation, 12);
    expect(firing?.baseline?.floor).toBeCloseTo(0.8, 12);
    expect(firing?.baseline?.n).toBe(7);
    expect(firing?.zscore).toBeCloseTo(13 / deviation, 12);
    expect(toNumber(firing?.steps[0].bound ?? 0n)).toBeCloseTo(16 + 3 * deviation, 10);
    expect(judgeValues({ window: '24h' }, 28.96, [22, 20, 18, 16, 14, 12, 10]).status).toBe('ok');
  });

  it('of 6h take five percent of the day where six hours are flat', () => {
    // Floor: 5 % of 40 = 2, so three deviations are 6.
    const fires = judgeValues({ window: '6h' }, 11, flat(5), flat(40));
    expect(fires.firing[0]).toMatchObject({
      baseline: { mean: 5, stddev: 0, floor: 2, n: 7 },
      zscore: 3,
      steps: [{ severity: 'warning', bound: usd(11), operator: '>=' }],
    });
    expect(judgeValues({ window: '6h' }, 10.999999, flat(5), flat(40)).status).toBe('ok');
  });

  it('of 1h do not fire on pennies in a quiet hour of a busy day', () => {
    expect(judgeValues({ window: '1h' }, 5, flat(0.5), flat(48)).observed[0]).toMatchObject({
      baseline: { floor: 2.4 },
      zscore: 4.5 / 2.4,
    });
  });

  it('show a score that reaches its limit exactly as no less than the limit', () => {
    // 41.2 + 3 × 2.06 in doubles falls a hair short of three deviations.
    const [firing] = judgeValues({ window: '24h' }, 47.38, flat(41.2)).firing;
    expect(firing?.zscore).toBeGreaterThanOrEqual(3);
    expect(firing?.zscore).toBeCloseTo(3, 12);
    expect(firing?.steps[0].bound).toBe(usd(47.38));
  });

  it('take the size of a mean of credits', () => {
    const [firing] = judgeValues({ window: '24h', min_change_pct: 10 }, -8.5, flat(-10)).firing;
    expect(firing).toMatchObject({
      baseline: { mean: -10, floor: 0.5 },
      zscore: 3,
      steps: [{ bound: usd(-8.5) }],
    });
    expect(judgeValues({ window: '24h', min_change_pct: 20 }, -8.5, flat(-10)).status).toBe('ok');
  });

  it('of today compare the same elapsed part of each day, an hour longer where clocks went back', () => {
    // Noon of November 3 in New York; November 1 had 13 hours before noon. Σ 85, squares 42/49 over 6.
    const seen = judgeSteady(
      { window: 'today' },
      { at: at('2026-11-03T17:00:00Z'), zone: 'America/New_York' },
      12,
    );
    expect(seen?.baseline?.mean).toBeCloseTo(85 / 7, 11);
    expect(seen?.baseline?.stddev).toBeCloseTo(Math.sqrt(1 / 7), 11);
    expect(seen?.baseline?.floor).toBeCloseTo(1.2, 12);
    expect(seen?.zscore).toBeCloseTo(-1 / 7 / 1.2, 10);
  });

  it('of today lose an hour where clocks went forward', () => {
    const seen = judgeSteady(
      { window: 'today' },
      { at: at('2026-03-10T16:00:00Z'), zone: 'America/New_York' },
      12,
    );
    expect(seen?.baseline?.mean).toBeCloseTo((6 * 12 + 11) / 7, 11);
  });

  it('of today lose half an hour on Lord Howe Island, and nothing in Kathmandu', () => {
    const lordHowe = { at: at('2026-10-04T19:00:00Z'), zone: 'Australia/Lord_Howe' };
    expect(judgeSteady({ window: 'today' }, lordHowe, 6)?.baseline?.mean).toBeCloseTo((6 * 6 + 5.5) / 7, 11);
    const kathmandu = { at: at('2026-11-20T00:15:00Z'), zone: 'Asia/Kathmandu' };
    expect(judgeSteady({ window: 'today' }, kathmandu, 6)).toMatchObject({
      baseline: { mean: 6, stddev: 0 },
      zscore: 0,
    });
  });

  it('of yesterday compare whole days', () => {
    const seen = judgeSteady(
      { window: 'yesterday' },
      { at: at('2026-11-04T17:00:00Z'), zone: 'America/New_York' },
      24,
    );
    expect(seen?.baseline?.mean).toBeCloseTo((6 * 24 + 25) / 7, 11);
  });

  it('are cut at 999 where there was never anything, and a value that is the mean scores 0', () => {
    const [firing] = judgeValues({}, 5, [...flat(0, 7)]).firing;
    expect(firing).toMatchObject({
      zscore: 999,
      baseline: { mean: 0, stddev: 0, floor: 0 },
      steps: [{ bound: usd(1) }],
    });
    expect(judgeValues({ min_change: 0, floor_pct: 0 }, 7, flat(7))).toMatchObject({
      status: 'ok',
      observed: [{ zscore: 0 }],
    });
  });
});

describe('what a group is compared with', () => {
  it('begins at its oldest period with a row; later empty ones are zeros', () => {
    const periods = [null, 7, null, 7, 7, 7, 7, null, null, null];
    expect(judgeValues({}, 5, periods).observed[0]?.baseline).toMatchObject({ mean: 5, n: 7 });
    const younger = [null, 7, null, 7, 7, 7, null, null, null, null];
    expect(judgeValues({}, 5, younger)).toEqual({ status: 'no_data', observed: [], firing: [] });
  });

  it('leaves empty periods of a ratio out', () => {
    const rule = ruleOf('anomaly', { metric: 'error_rate', baseline: '9d' });
    const failing = (failed: number | null) =>
      cellOf(failed === null ? null : 0, 100, { failed: failed ?? 0 });
    const judge = (current: Cell | null, periods: readonly (number | null)[]) =>
      plainly(
        anomaly.judge(rule, { at: AT, zone: 'UTC' }, [seriesOf([[], current, ...periods.map(failing)])]),
      );
    const seven = [2, null, 2, 2, 2, null, 2, 2, 2];
    // Mean 0.02, floor 5 % of it; the change must be 0.05.
    expect(judge(failing(7), seven).firing[0]).toMatchObject({
      baseline: { mean: 0.02, floor: 0.001, n: 7 },
      steps: [{ bound: usd(0.07) }],
    });
    expect(judge(failing(6), seven).status).toBe('ok');
    expect(judge(failing(7), [2, null, 2, 2, 2, null, 2, 2, null]).status).toBe('no_data');
    expect(judge(null, seven).status).toBe('no_data');
    expect(judge(cellOf(0, 29, { failed: 29 }), seven)).toMatchObject({
      status: 'ok',
      observed: [{ value: { calls: 29 } }],
    });
  });

  it('judges a group that has rows only in the baseline as zero', () => {
    expect(judgeValues({}, null, flat(50))).toMatchObject({
      status: 'ok',
      observed: [{ value: { fixed: 0n }, zscore: -20 }],
    });
    const down = judgeValues({ direction: 'down' }, null, flat(50));
    expect(down.firing[0]?.steps).toEqual([{ severity: 'warning', bound: usd(42.5), operator: '<=' }]);
  });

  it('keeps a normal Monday quiet after a quiet weekend, by either method', () => {
    // Monday's whole day, seen at midnight; the days before it from Sunday on.
    const days = Array.from({ length: 28 }, (_, i) => (i % 7 < 2 ? 10 : 100));
    for (const method of ['zscore', 'robust']) {
      expect(judgeValues({ method, window: '24h' }, 105, days)).toMatchObject({
        status: 'ok',
        observed: [{ baseline: { n: 28 } }],
      });
    }
  });

  it('does not let an incident of last week hide the one of today, if robust', () => {
    const days = Array.from({ length: 28 }, (_, i) => (i === 6 ? 5_000 : 95 + (i % 11)));
    expect(judgeValues({ method: 'zscore', window: '24h' }, 400, days).status).toBe('ok');
    const robust = judgeValues({ method: 'robust', window: '24h' }, 400, days);
    expect(robust.status).toBe('firing');
    // The floor stays that of the days as they were: 5 % of their mean.
    const mean = days.reduce((a, b) => a + b, 0) / 28;
    expect(robust.firing[0]?.baseline?.floor).toBeCloseTo(mean * 0.05, 10);
    expect(robust.firing[0]?.baseline?.mean).toBeLessThan(110);
  });
});

describe('the guards of an anomaly', () => {
  it('need a change of min_change, which is the bound where it is the widest', () => {
    const rule = { min_change: 5, floor_pct: 1 };
    expect(judgeValues(rule, 14.99, flat(10)).status).toBe('ok');
    expect(judgeValues(rule, 15, flat(10)).firing[0]?.steps[0].bound).toBe(usd(15));
  });

  it('need a change of min_change_pct of the mean', () => {
    const rule = { min_change_pct: 100 };
    expect(judgeValues(rule, 19.99, flat(10)).status).toBe('ok');
    expect(judgeValues(rule, 20, flat(10)).firing[0]?.steps[0].bound).toBe(usd(20));
  });

  it.each([
    ['spend', usd(1)],
    ['wasted_spend', usd(1)],
    ['repeated_spend', 0n],
    ['repeated_calls', 0n],
    ['price_gap', 0n],
    ['calls', usd(10)],
    ['errors', usd(10)],
    ['unpriced_calls', usd(10)],
    ['error_rate', usd(0.05)],
    ['tokens', 0n],
    ['latency_p95', 0n],
  ])('default for %s to a min_change of %s', (metric, minChange) => {
    expect(ruleOf('anomaly', { metric }).minChange).toBe(minChange);
  });

  it('need thirty calls for ratios and percentiles only, unless configured', () => {
    expect(
      ['spend', 'calls', 'error_rate', 'latency_p95'].map((metric) => ruleOf('anomaly', { metric }).minCalls),
    ).toEqual([0, 0, 30, 30]);
    expect(ruleOf('anomaly', { metric: 'spend', min_calls: 5 }).minCalls).toBe(5);
  });

  it('fire on the side that direction names', () => {
    const sides = (direction: string) =>
      [40, 60].filter((value) => judgeValues({ direction }, value, flat(50)).status === 'firing');
    expect(sides('up')).toEqual([60]);
    expect(sides('down')).toEqual([40]);
    expect(sides('both')).toEqual([40, 60]);
  });

  it('make the bound the very value at which it begins to fire', () => {
    const cents = fc.integer({ min: -100_000, max: 10_000_000 });
    fc.assert(
      fc.property(
        fc.array(cents, { minLength: 7, maxLength: 28 }),
        fc.record({
          zscore: fc.integer({ min: 1, max: 80 }).map((n) => n / 10),
          floor_pct: fc.integer({ min: 0, max: 200 }).map((n) => n / 10),
          min_change: fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100),
          min_change_pct: fc.integer({ min: 0, max: 300 }),
          method: fc.constantFrom('zscore', 'robust'),
        }),
        fc.constantFrom('up', 'down'),
        (periods, keys, direction) => {
          const rule = ruleOf('anomaly', { ...keys, direction, baseline: `${periods.length}d` });
          const history = [...periods, ...periods].map((cent) => cellOf(cent / 100));
          const judge = (cost: Fixed) => {
            const current: Cell = { sums: { cost, calls: usd(1) }, sketches: {} };
            return plainly(
              anomaly.judge(rule, { at: AT, zone: 'UTC' }, [seriesOf([[], current, ...history])]),
            ).firing[0];
          };
          const away = direction === 'up' ? 1n : -1n;
          const firing = judge(away * usd(1e12));
          const bound = firing?.steps[0].bound as Fixed;
          expect(judge(bound)?.steps[0].bound).toBe(bound);
          expect(Math.abs(judge(bound)?.zscore ?? 0)).toBeGreaterThanOrEqual(keys.zscore);
          expect(judge(bound - away)).toBeUndefined();
          if (keys.method === 'robust') return;
          const moments = momentsOf(periods.map((cent) => usd(cent / 100)));
          expect(passesGuards(bound, moments, keys)).toBe(true);
          expect(passesGuards(bound - away, moments, keys)).toBe(false);
        },
      ),
    );
  });
});

it('puts the largest score first, whatever its sign, equal ones by value', () => {
  const group = (key: string, value: number): [GroupKey, ...(Cell | null)[]] => [
    [key],
    ...[value, ...flat(100), ...flat(100)].map((cost) => cellOf(cost)),
  ];
  const rule = ruleOf('anomaly', { baseline: '7d', group_by: ['service'], direction: 'both' });
  const series = seriesOf(group('calm', 101), group('low', 10), group('high', 150), group('mirror', 50));
  const judgement = plainly(anomaly.judge(rule, { at: AT, zone: 'UTC' }, [series]));
  expect(judgement.observed.map(({ key }) => key[0])).toEqual(['low', 'high', 'mirror', 'calm']);
  expect(judgement.firing.map(({ key }) => key[0])).toEqual(['low', 'high', 'mirror']);
});

describe('the keys of an anomaly', () => {
  it('have the defaults that the documentation names', () => {
    expect(ruleOf('anomaly', {})).toMatchObject({
      baselineDays: 28,
      method: 'zscore',
      zscore: 3,
      direction: 'up',
      minHistory: 7,
      floorPct: 5,
      minChangePct: 0,
      severity: 'warning',
    });
  });

  it.each([
    [{ window: '25h' }, 'window', 'too long', 'at most 24h'],
    [{ window: 'this_week' }, 'window', 'too long', 'yesterday'],
    [{ window: 'this_month' }, 'window', 'too long', 'today'],
    [{ baseline: '5d' }, 'baseline', '5 days can never hold 7', 'min_history at most 5'],
    [{ baseline: '36h' }, 'baseline', 'whole number of days', '28d'],
    [{ baseline: 28 }, 'baseline', 'expected string', ''],
    [{ zscore: 0 }, 'zscore', 'not a number in range', 'above 0'],
    [{ min_history: 1 }, 'min_history', 'not a whole number in range', 'at least 2'],
    [{ min_change: -1 }, 'min_change', 'negative', ''],
    [{ errors: [429] }, 'errors', 'does not look', ''],
  ])('refuse %j at %s', (keys, path, message, hint) => {
    const fault = faultsOf('anomaly', keys).find((one) => one.path === path);
    expect(fault?.message).toContain(message);
    expect(fault?.hint).toContain(hint);
  });

  it('allow windows of up to a day', () => {
    for (const window of ['24h', 'today', 'yesterday', '90s'])
      expect(faultsOf('anomaly', { window })).toEqual([]);
  });
});

it('has an identity of what it measures and its limits', () => {
  const identity = (keys: Record<string, unknown>) =>
    JSON.stringify(anomaly.identity(ruleOf('anomaly', keys)));
  for (const keys of [
    { name: 'x' },
    { notify: [] },
    { baseline: '4w' },
    { min_change: '1.0' },
    { zscore: '3' },
  ]) {
    expect(identity(keys)).toBe(identity({}));
  }
  const changes = [
    {},
    { baseline: '14d' },
    { method: 'robust' },
    { zscore: 4 },
    { direction: 'both' },
    { min_history: 8 },
    { floor_pct: 6 },
    { min_change: 2 },
    { min_change_pct: 1 },
    { severity: 'critical' },
    { window: '6h' },
  ];
  expect(new Set(changes.map(identity)).size).toBe(changes.length);
});
