import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { jsonText } from '../../src/model/json.ts';
import { parseFixed } from '../../src/model/money.ts';
import type { Report } from '../../src/model/report.ts';
import { reportJson } from '../../src/model/report-json.ts';

const WINDOW = { from: Date.parse('2026-11-01T23:00:00Z'), to: Date.parse('2026-11-08T23:00:00Z') };
const fixed = (text: string) => parseFixed(text) as bigint;
const row = { spend: { now: fixed('3'), before: fixed('4') }, calls: { now: fixed('2'), before: null } };
const sample = { fixed: fixed('0.5'), number: 0.5, calls: 2 };
const figure = { metric: 'cache_hit_rate', now: sample, before: null } as const;

/** With each part once. */
const REPORT: Report = {
  name: 'weekly',
  period: 'week',
  window: WINDOW,
  before: WINDOW,
  at: WINDOW.to,
  zone: 'Europe/Berlin',
  currency: 'USD',
  where: { service: { in: ['search', null] }, user: { notIn: ['u1'] } },
  newestRow: null,
  spend: { now: fixed('29999.999999999999'), before: fixed('10000') },
  figures: [{ metric: 'wasted_spend', now: { ...sample, fixed: fixed('0.000000000001') }, before: sample }],
  days: [{ window: WINDOW, spend: fixed('-0.5') }],
  budgets: [
    {
      rule: 'monthly',
      metric: 'spend',
      groupBy: ['service'],
      key: [null],
      amount: fixed('100'),
      spent: fixed('12.5'),
      window: WINDOW,
      periodEnd: WINDOW.to,
    },
  ],
  forecasts: [{ period: 'month', window: WINDOW, spent: 1n, byMean: fixed('2'), byWeekday: null }],
  tables: [{ dimension: 'service', rows: [{ key: null, ...row }], others: { count: 2, ...row } }],
  movers: [
    {
      dimension: 'service',
      key: null,
      split: { before: 0n, now: 1n, change: 1n, calls: 1n, mix: 0n, length: 0n, price: 0n },
    },
  ],
  models: [{ model: null, figures: [figure] }],
  routing: [
    { route: { from: 'a', to: 'b', belowTokens: 9 }, calls: 2, recorded: fixed('5'), rerouted: fixed('1.5') },
    { route: { from: 'a', to: 'c', belowTokens: null }, calls: 2, recorded: fixed('5'), rerouted: null },
  ],
  invoices: [{ month: '2026-10', window: WINDOW, billed: fixed('111'), recorded: fixed('100') }],
  incidentCount: 1,
  incidents: [
    {
      id: 'inc-1',
      subject: 'service search',
      severity: 'critical',
      rules: ['burn'],
      openedAt: WINDOW.from,
      closedAt: null,
      cost: null,
    },
  ],
  quiet: { evaluations: 10_080, nearest: { rule: 'burn', share: 0.83 } },
  retention: { oldestRow: WINDOW.from, newestRow: null, rows: 7, users: null },
  troubles: ['what'],
};

it('has amounts with all their digits, and no other number for them', () => {
  const text = jsonText(reportJson(REPORT));
  expect(text).toContain(
    '"spend":{"value":29999.999999999999,"previous_value":10000,"change":19999.999999999999,"ratio":3}',
  );
  expect(text).toContain('"metric":"wasted_spend","unit":"USD","value":0.000000000001,"previous_value":0.5');
  expect(text).toContain('"metric":"cache_hit_rate","unit":"ratio","value":0.5,"previous_value":null');
});

it('says what is not known with null, NULL with (none), and a filter as the file has it', () => {
  const json = JSON.parse(jsonText(reportJson(REPORT)));
  expect(json.where).toEqual({ service: ['search', null], user: { not: ['u1'] } });
  expect(json.tables[0].rows[0]).toEqual({
    key: '(none)',
    spend: { value: 3, previous_value: 4, change: -1, ratio: 0.75 },
    calls: { value: 2, previous_value: null, change: null, ratio: null },
    share: 0.0001,
  });
  expect(json.budgets[0]).toMatchObject({ group: { service: '(none)' }, share: 0.125 });
  expect(json.routing).toMatchObject([
    { below_tokens: 9, saved: 3.5 },
    { below_tokens: null, rerouted: null, saved: null },
  ]);
  expect(json.invoices[0]).toMatchObject({ difference: 11, part: 0.11, told: true });
  expect(json).toMatchObject({ incident_count: 1, incidents: [{ id: 'inc-1' }] });
  expect(json.quiet).toEqual({ evaluations: 10_080, nearest: { rule: 'burn', share: 0.83 } });
});

it('has no part of a credit or of nothing', () => {
  const json = JSON.parse(jsonText(reportJson({ ...REPORT, spend: { now: 0n, before: fixed('-1') } })));
  expect(json.spend).toEqual({ value: 0, previous_value: -1, change: 1, ratio: null });
  expect(json.tables[0].rows[0].share).toBeNull();
});

it('has no key that docs/reports.md does not name', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/reports.md', import.meta.url)), 'utf8');
  const named = new Set([...page.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name));
  const keys = [...jsonText(reportJson({ ...REPORT, where: {}, budgets: [] })).matchAll(/"([a-z_]+)":/g)];
  expect(keys.length).toBeGreaterThan(50);
  expect([...new Set(keys.map(([, key]) => key))].filter((key) => !named.has(key))).toEqual([]);
});
