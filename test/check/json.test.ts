import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { evaluateOnce, unreadable } from '../../src/check/check.ts';
import { checkJson } from '../../src/check/json.ts';
import { checkSchema } from '../../src/check/schema.ts';
import type { Rule, Silence } from '../../src/model/rule.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { silenced } from '../support/silenced.ts';
import { AT, checkOf, DAY, HOUR, hourlyBurn, logIncident, MINUTE } from './check-parts.ts';

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore();
});
afterAll(() => calls.stop());
beforeEach(() => calls.clear());

async function printed(rules: readonly Rule[], silences: readonly Silence[] = []): Promise<string> {
  const text = [...checkJson(await evaluateOnce(checkOf(calls, rules, { silences }), AT))].join('');
  const json: unknown = JSON.parse(text);
  expect(checkSchema.parse(json)).toEqual(json);
  return text;
}

describe('the JSON of a check', () => {
  it('counts the calls without a price of each value, and names their models', async () => {
    await calls.log(
      { at: AT - MINUTE, cost: 150 },
      { at: AT - MINUTE, cost: null, model: 'gpt-9' },
      { at: AT - 90 * MINUTE, service: 'chat', cost: null, model: 'gpt-9' },
      { at: AT - MINUTE, service: 'chat', cost: 2 },
      { at: AT - DAY, cost: null, model: 'long-ago' },
    );
    const today = ruleOf('threshold', { name: 'today', window: 'today', threshold: 1000 });
    const parsed = JSON.parse(await printed([hourlyBurn(), today])) as {
      data: unknown;
      rules: Record<string, unknown>[];
    };
    expect(parsed.data).toMatchObject({
      unpriced: {
        calls: 2,
        models: [{ model: 'gpt-9', calls: 2 }],
        window: { from: '2026-11-20T00:00:00Z', to: '2026-11-20T02:05:00Z' },
      },
    });
    expect(parsed.rules[0]).toMatchObject({
      observed: [
        { group: { service: 'search' }, value: 150, unpriced_calls: 1 },
        { group: { service: 'chat' }, value: 2 },
      ],
      findings: [
        {
          unpriced: { calls: 1, models: 1 },
          breakdown: {
            model: [
              { key: 'gpt-4.1', value: 150, calls: 1 },
              { key: 'gpt-9', value: 0, calls: 1, unpriced_calls: 1 },
            ],
          },
        },
      ],
    });
    const [, whole] = (parsed.rules[0]?.observed as object[] | undefined) ?? [];
    expect(Object.keys(whole ?? {})).toEqual(['group', 'value']);
    expect(parsed.rules[1]).toMatchObject({ observed: [{ group: {}, value: 152, unpriced_calls: 2 }] });
  });

  it('has the documented members and no others', async () => {
    await logIncident(calls);
    const parsed: unknown = JSON.parse(await printed([hourlyBurn()]));
    expect(parsed).toEqual({
      at: '2026-11-20T02:05:00Z',
      status: 'critical',
      data: { newest_row: '2026-11-20T02:04:58Z', rows_considered: 4, source: 'direct' },
      rules: [
        {
          name: 'hourly-burn',
          type: 'threshold',
          status: 'firing',
          severity: 'critical',
          observed: [
            { group: { service: 'search' }, value: 312.456789 },
            { group: { service: 'chat' }, value: 40 },
          ],
          findings: [
            {
              group: { service: 'search' },
              severity: 'critical',
              metric: 'spend',
              unit: 'USD',
              value: 312.456789,
              bound: 100,
              operator: '>=',
              onset: null,
              window: { from: '2026-11-20T01:05:00Z', to: '2026-11-20T02:05:00Z' },
              baseline: null,
              zscore: null,
              breakdown: {
                model: [
                  { key: 'gpt-4.1', value: 300.1, calls: 1 },
                  { key: 'gpt-4.1-mini', value: 12.3, calls: 1 },
                  { key: 'claude-sonnet-4', value: 0.056789, calls: 1 },
                ],
                user: [
                  { key: 'reindex-job', value: 312.4, calls: 2 },
                  { key: '(none)', value: 0.056789, calls: 1 },
                ],
                endpoint: [{ key: '/v1/chat', value: 312.456789, calls: 3 }],
              },
              calls: 3,
              per_day: 7498.962936,
              yesterday: 0,
              week_ago: 0,
              split: {
                against: { from: '2026-11-20T00:05:00Z', to: '2026-11-20T01:05:00Z' },
                before: 7000,
                now: 312.456789,
                change: -6687.543211,
                calls: 14_000,
                mix: -13_987.643211,
                length: 0,
                price: -6699.9,
              },
            },
          ],
          error: null,
        },
      ],
    });
  });

  it('writes money digit by digit where a sum of doubles would be off', async () => {
    // 0.1 + 0.2 and 29,999.999997 are not what doubles make of them.
    await calls.log(
      ...['9999.999999', '9999.999999', '9999.999999'].map((cost) => ({ at: AT - 1, service: 'a', cost })),
      { at: AT - 1, service: 'b', cost: '0.1' },
      { at: AT - 1, service: 'b', cost: '0.2' },
      { at: AT - 1, service: 'c', cost: '100.000000' },
    );
    const text = await printed([hourlyBurn({ thresholds: { critical: 100 } })]);
    expect(text).toContain('"value": 29999.999997');
    expect(text).toContain('"value": 0.3\n');
    expect(JSON.parse(text).rules[0].findings.map((one: { group: object }) => one.group)).toEqual([
      { service: 'a' },
      { service: 'c' },
    ]);
  });

  it('lists observed groups worst first and at most a hundred, but every finding', async () => {
    const costs = Array.from({ length: 120 }, (_, i) => ((i * 37) % 120) + 1);
    await calls.log(...costs.map((cost, i) => ({ at: AT - 1, service: `s${i}`, cost })));
    const { rules } = JSON.parse(await printed([hourlyBurn({ thresholds: { info: 5 } })]));
    const values = (list: { value: number }[]) => list.map(({ value }) => value);
    expect(values(rules[0].observed)).toEqual(Array.from({ length: 100 }, (_, i) => 120 - i));
    expect(values(rules[0].findings)).toEqual(Array.from({ length: 116 }, (_, i) => 120 - i));
  });

  it('lists the smallest first where low is bad', async () => {
    await calls.log(...[3, 1, 2].map((cost) => ({ at: AT - 1, service: `s${cost}`, cost })));
    const low = hourlyBurn({ thresholds: undefined, threshold: 2, operator: '<=' });
    const { rules, status } = JSON.parse(await printed([low]));
    expect(rules[0].observed.map((one: { value: number }) => one.value)).toEqual([1, 2, 3]);
    expect(rules[0].findings.map((one: { value: number }) => one.value)).toEqual([1, 2]);
    expect(status).toBe('warning');
  });

  it('has the baseline of an anomaly, and the unrounded number of a ratio', async () => {
    for (let day = 0; day <= 10; day += 1) {
      await calls.log({ at: AT - day * DAY - 30 * MINUTE, cost: day === 0 ? 60 : 10 });
    }
    await calls.log({ at: AT - 1, status: 500 }, { at: AT - 1 });
    const anomaly = ruleOf('anomaly', { name: 'odd', group_by: ['service'], baseline: '14d' });
    const rate = ruleOf('threshold', { name: 'rate', metric: 'error_rate', threshold: 0.3 });
    const { rules } = JSON.parse(await printed([anomaly, rate]));
    expect(rules[0].findings).toEqual([
      expect.objectContaining({
        value: 60,
        operator: '>=',
        bound: 11.5,
        zscore: 100,
        baseline: { mean: 10, stddev: 0, floor: 0.5, n: 10 },
      }),
    ]);
    expect(rules[1].findings[0]).toMatchObject({ value: 1 / 3, unit: 'ratio', group: {} });
  });

  it('shows a silenced finding with its reason and end', async () => {
    await logIncident(calls);
    const silence = silenced(AT, AT + HOUR, { rule: 'hourly-burn', match: { service: 'search' } });
    const { rules, status } = JSON.parse(await printed([hourlyBurn()], [silence]));
    expect(status).toBe('critical');
    expect(rules[0].findings[0].silenced).toEqual({ reason: 'load test', until: '2026-11-20T03:05:00Z' });
  });

  it('keeps the shape and the order of the file where the store cannot be read', () => {
    const rules = [hourlyBurn({ name: 'b' }), hourlyBurn({ name: 'a' })];
    const parsed = JSON.parse(
      [...checkJson(unreadable({ rules, zone: 'UTC' }, AT, 'connection refused'))].join(''),
    );
    const rule = { type: 'threshold', status: 'error', severity: null, observed: [], findings: [] };
    expect(checkSchema.parse(parsed)).toEqual(parsed);
    expect(parsed).toEqual({
      at: '2026-11-20T02:05:00Z',
      status: 'unknown',
      data: { newest_row: null, rows_considered: 0 },
      rules: [
        { name: 'b', ...rule, error: 'connection refused' },
        { name: 'a', ...rule, error: 'connection refused' },
      ],
      error: 'connection refused',
    });
  });

  it('has a rule that cannot be read beside one that can', async () => {
    await logIncident(calls);
    const broken = hourlyBurn({ name: 'broken', group_by: ['team'] });
    const { rules, status } = JSON.parse(
      await printed([broken, hourlyBurn({ thresholds: { critical: 1000 } })]),
    );
    expect(status).toBe('unknown');
    expect(rules[0]).toMatchObject({ status: 'error', observed: [], error: expect.stringContaining('team') });
    expect(rules[1]).toMatchObject({ status: 'ok', severity: null, error: null });
  });

  it('distinguishes an empty store from one without spend', async () => {
    const total = ruleOf('threshold', { name: 'total', threshold: 1 });
    const rate = ruleOf('threshold', { name: 'rate', metric: 'error_rate', threshold: 0.5 });
    const parsed = JSON.parse(await printed([total, rate]));
    expect(parsed).toMatchObject({ status: 'ok', data: { newest_row: null, rows_considered: 0 } });
    expect(parsed.rules).toMatchObject([
      { status: 'ok', observed: [{ group: {}, value: 0 }] },
      { status: 'no_data', observed: [] },
    ]);
  });
});
