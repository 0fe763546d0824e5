// A report with a value of everything, on which the templates of a file are tried.

import { ONE } from '../model/money.ts';
import type { Compared, Report } from '../model/report.ts';

const SPENT: Compared = { now: 3n * ONE, before: 2n * ONE };
const ROW = { key: 'search', spend: SPENT, calls: SPENT };
const FIGURE = {
  metric: 'calls',
  now: { fixed: 3n * ONE, number: 3, calls: 3 },
  before: { fixed: 2n * ONE, number: 2, calls: 2 },
} as const;

/** `at` is when it was made, ms. */
export function sampleReport(at: number): Report {
  const window = { from: at - 1, to: at };
  return {
    name: 'weekly',
    period: 'week',
    window,
    before: window,
    at,
    zone: 'UTC',
    currency: 'USD',
    where: { service: { in: ['search'] } },
    newestRow: at,
    spend: SPENT,
    figures: [FIGURE],
    days: [{ window, spend: ONE }],
    budgets: [
      {
        rule: 'monthly',
        metric: 'spend',
        groupBy: ['service'],
        key: ['search'],
        amount: ONE,
        spent: ONE,
        window,
        periodEnd: at,
      },
    ],
    forecasts: [{ period: 'month', window, spent: ONE, byMean: ONE, byWeekday: ONE }],
    tables: [{ dimension: 'service', rows: [ROW], others: { ...ROW, count: 1 } }],
    movers: [
      {
        dimension: 'service',
        key: 'search',
        split: { before: 2n * ONE, now: 3n * ONE, change: ONE, calls: ONE, mix: 0n, length: 0n, price: 0n },
      },
    ],
    models: [{ model: 'gpt-4.1', figures: [FIGURE] }],
    routing: [
      {
        route: { from: 'gpt-4.1', to: 'gpt-4.1-mini', belowTokens: 2000 },
        calls: 1,
        recorded: ONE,
        rerouted: ONE,
      },
    ],
    invoices: [{ month: '2026-10', window, billed: ONE, recorded: ONE }],
    incidentCount: 1,
    incidents: [
      {
        id: 'k3x9q',
        subject: 'service search',
        severity: 'critical',
        rules: ['hourly-burn'],
        openedAt: at,
        closedAt: at,
        cost: ONE,
      },
    ],
    quiet: { evaluations: 1, nearest: { rule: 'monthly', share: 0.8 } },
    retention: { oldestRow: at, newestRow: at, rows: 1, users: 1 },
    troubles: ['repeated calls are not known'],
  };
}
