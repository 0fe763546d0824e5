import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Firing } from '../../src/model/finding.ts';
import type { Rule } from '../../src/model/rule.ts';
import { evaluateRules } from '../../src/pipeline/evaluate-rules.ts';
import { onsetsAndCharts } from '../../src/pipeline/onsets-and-charts.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-11-20T02:05:00Z');
const BEGAN = AT - 46 * MINUTE;

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore();
});
afterAll(() => calls.stop());
beforeEach(() => calls.clear());

const byService = (keys: Record<string, unknown> = {}): Rule =>
  ruleOf('threshold', { group_by: ['service'], threshold: 100, window: '1h', ...keys });

async function firingOf(rule: Rule): Promise<readonly Firing[]> {
  const assignments = [{ rule, times: [{ at: AT, earlier: [] }] }];
  const { outcomes } = await evaluateRules(calls.store, 'UTC', assignments, AT);
  return outcomes[0]?.evaluations[0]?.judgement.firing ?? [];
}

/** Each service spends 2 cents a minute for a day, and from its beginning $4. */
async function logIncident(...services: readonly string[]): Promise<void> {
  for (const service of services) {
    const minutes = Array.from({ length: 1500 }, (_, i) => AT - (1500 - i) * MINUTE);
    await calls.log(...minutes.map((at) => ({ at, service, cost: at >= BEGAN ? 4 : 0.02 })));
  }
}

async function told(rule: Rule, store: Pick<AuditStore, 'read'> = calls.store, zone = 'UTC') {
  const firing = await firingOf(rule);
  return onsetsAndCharts({ explaining: store, zone }, [{ rule, firing }], AT);
}

describe('what is told of an alert', () => {
  it('is when it began, and the values of its window over the last day, with one read', async () => {
    await logIncident('search', 'chat');
    let reads = 0;
    const counting: Pick<AuditStore, 'read'> = {
      read: (asked, ...rest) => {
        reads += asked.length;
        return calls.store.read(asked, ...rest);
      },
    };
    const rule = byService();
    const firing = await firingOf(rule);
    const [answers = []] = await onsetsAndCharts(
      { explaining: counting, zone: 'UTC' },
      [{ rule, firing }],
      AT,
    );
    expect(reads).toBe(1);
    expect(answers.map(({ onset }) => onset)).toEqual(
      ['chat', 'search'].map(() => ({ at: BEGAN, beforePerHour: 1.2, afterPerHour: 240 })),
    );
    const chart = answers[1]?.chart;
    expect(chart).toMatchObject({
      title: 'service search: spend in 1h',
      plainTitle: 'spend in 1h',
      last: '$184.28',
      limits: [{ severity: 'warning', value: 100, label: 'limit $100' }],
      usual: null,
      onset: BEGAN,
      window: { from: AT - HOUR, to: AT },
      alt: 'Chart of spend in 1h of service search, 2026-11-19 02:05 to 2026-11-20 02:05 UTC: $184.28 at the end, above $100.00. It began about 2026-11-20 01:19 UTC.',
    });
    expect(chart?.points).toHaveLength(145);
    expect(chart?.points[0]).toEqual([AT - DAY, 1.2]);
    expect(chart?.points.at(-1)).toEqual([AT, 184.28]);
    expect(chart?.ticks.map(({ label }) => label)).toEqual(['$0', '$50', '$100', '$150', '$200']);
  });

  it('is no onset but a chart for metrics that do not add up, with gaps where there was no call', async () => {
    await calls.log(
      ...[1, 2, 3].map((n) => ({ at: AT - n * MINUTE, status: 500 })),
      ...[70, 80].map((n) => ({ at: AT - n * MINUTE })),
    );
    const rule = byService({ metric: 'error_rate', threshold: 0.2, window: '30m' });
    const [[answer] = []] = await told(rule);
    expect(answer?.onset).toBeNull();
    const points = answer?.chart?.points ?? [];
    expect(points.at(-1)).toEqual([AT, 1]);
    expect(points.filter(([, value]) => value === 0).map(([at]) => (AT - at) / MINUTE)).toEqual([
      70, 60, 50, 40,
    ]);
    expect(points.filter(([, value]) => value === null)).toHaveLength(145 - 5);
    expect(answer?.chart?.ticks.map(({ label }) => label)).toEqual([
      '0%',
      '20%',
      '40%',
      '60%',
      '80%',
      '100%',
    ]);
  });

  it('is the usual range of an anomaly', async () => {
    const days = Array.from({ length: 14 }, (_, i) => AT - (i + 1) * DAY - 10 * MINUTE);
    await calls.log(...days.map((at, i) => ({ at, cost: 10 + (i % 3) })), { at: AT - MINUTE, cost: 100 });
    const rule = ruleOf('anomaly', { group_by: ['service'], window: '1h', baseline: '14d' });
    const [[answer] = []] = await told(rule);
    expect(answer?.chart).toMatchObject({ limits: [], usual: { low: null, label: 'usual $10.93' } });
    expect(answer?.chart?.usual?.high).toBeLessThan(100);
  });

  it('is the share of a group over time, of the total of all groups, and only where that is divided', async () => {
    const minutes = [90, 80, 20, 10];
    await calls.log(
      ...minutes.flatMap((ago) => [
        { at: AT - ago * MINUTE, service: 'search', cost: ago < 30 ? 9 : 2 },
        { at: AT - ago * MINUTE, service: 'chat', cost: 1 },
        // Too little to be divided.
        { at: AT - (ago + 600) * MINUTE, service: 'search', cost: 0.5 },
        { at: AT - (ago + 600) * MINUTE, service: 'chat', cost: 0.1 },
      ]),
    );
    const keys = { group_by: ['service'], window: '30m', threshold: '80%', min_total: 5 };
    const [[answer] = []] = await told(ruleOf('share', keys));
    expect(answer?.onset).toBeNull();
    const chart = answer?.chart;
    expect(chart).toMatchObject({
      title: 'service search: share of spend in 30m',
      last: '90 %',
      limits: [{ value: 0.8, label: 'limit 80 %' }],
      alt: expect.stringContaining(': 90 % of the total spend at the end, above 80 %.'),
    });
    expect(chart?.ticks.map(({ label }) => label)).toEqual(['0 %', '20 %', '40 %', '60 %', '80 %', '100 %']);
    const known = chart?.points.flatMap(([at, value]) =>
      value === null ? [] : [[(AT - at) / MINUTE, value]],
    );
    expect(known).toEqual([
      [70, 0.666667],
      [60, 0.666667],
      [10, 0.9],
      [0, 0.9],
    ]);
  });

  it.each(['today', 'yesterday', 'this_week', 'this_month', '24h', '7d', '30d'])(
    'is a chart that ends with the value of a window of %s',
    async (window) => {
      const span = Array.from({ length: 40 }, (_, i) => ({ at: AT - MINUTE - i * 7 * HOUR, cost: 10 }));
      await calls.log(...span);
      const rule = byService({ window, threshold: 5 });
      const [firing] = await firingOf(rule);
      const [[answer] = []] = await told(rule, calls.store, 'Asia/Kathmandu');
      const points = answer?.chart?.points ?? [];
      expect(points.length).toBeGreaterThan(10);
      expect(points.length).toBeLessThan(200);
      expect(points.at(-1)).toEqual([firing?.window.to, firing?.value.number]);
      expect(points.map(([at]) => at)).toEqual(points.map(([at]) => at).sort((a, b) => a - b));
    },
  );

  it('is told of the worst thirty of a rule, so that minutes of thousands of groups are not read', async () => {
    await calls.log(
      ...Array.from({ length: 40 }, (_, i) => ({ at: AT - MINUTE, user: `u${i}`, cost: 200 + i })),
    );
    const [answers = []] = await told(byService({ group_by: ['user'] }));
    expect(answers.map(({ chart }) => chart !== null)).toEqual(Array.from({ length: 40 }, (_, i) => i < 30));
  });

  it('is nothing where the store fails', async () => {
    await logIncident('search');
    const failing = { read: () => Promise.reject(new Error('away')) };
    expect(await told(byService(), failing)).toEqual([[{ onset: null, chart: null }]]);
    expect(await onsetsAndCharts({ explaining: failing, zone: 'UTC' }, [], AT)).toEqual([]);
  });
});
