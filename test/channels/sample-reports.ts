import type { Metric } from '../../src/model/metric.ts';
import type { Sample } from '../../src/model/metric-value.ts';
import { type Fixed, fixedFromInteger, fixedFromNumber, parseFixed } from '../../src/model/money.ts';
import type { Compared, Figure, Mover, Report, ReportTable } from '../../src/model/report.ts';
import { type SumsByModel, splitSpend } from '../../src/model/spend-split.ts';
import { NOTHING_TO_SAY } from '../report/empty-report.ts';

const DAY = 86_400_000;
const instant = (text: string): number => Date.parse(text);
const money = (text: string): Fixed => parseFixed(text) as Fixed;

/** Spend and calls of a value, in the period and in the one before. */
type Line = readonly [key: string | null, now: string, before: string, calls: number, callsBefore: number];

const SERVICES: readonly Line[] = [
  ['search', '812.404999', '655.12301', 61_204, 50_933],
  ['support', '231.7749', '240.1188', 18_011, 18_730],
  ['ingest', '120.3349', '131.9949', 40_313, 44_020],
  ['evals', '41.105', '0', 1_290, 0],
  [null, '9.0049', '11.2', 812, 1_011],
];
const MODELS: readonly Line[] = [
  ['gpt-4.1', '702.118', '540.7', 30_412, 23_120],
  ['claude-sonnet-4', '388.0021', '380.2', 25_210, 24_806],
  ['gpt-4.1-mini', '101.30401', '97.1', 60_114, 61_400],
  ['text-embedding-3-small', '23.200589', '20.43671', 5_894, 5_368],
];

const compared = (now: string, before: string): Compared => ({ now: money(now), before: money(before) });
const count = (now: number, before: number): Compared => ({
  now: fixedFromInteger(now),
  before: fixedFromInteger(before),
});

function tableOf(
  dimension: string,
  lines: readonly Line[],
  others: ReportTable['others'] = null,
): ReportTable {
  return {
    dimension,
    rows: lines.map(([key, now, before, calls, callsBefore]) => ({
      key,
      spend: compared(now, before),
      calls: count(calls, callsBefore),
    })),
    others,
  };
}

/** Twelve users, and the rest of the total together. */
function usersTable(spend: Compared, calls: Compared): ReportTable {
  const lines = Array.from({ length: 10 }, (_, i): Line => {
    const name = i === 0 ? 'svc-indexer' : `user${String(i).padStart(2, '0')}@example.com`;
    return [name, String(190.0049 - 18 * i), String(151.5 - 14 * i), 9000 - 700 * i, 8800 - 700 * i];
  });
  const table = tableOf('user', lines);
  const rest = (all: Compared, of: 'spend' | 'calls'): Compared => ({
    now: all.now - table.rows.reduce((sum, row) => sum + row[of].now, 0n),
    before: (all.before ?? 0n) - table.rows.reduce((sum, row) => sum + (row[of].before ?? 0n), 0n),
  });
  return { ...table, others: { count: 212, spend: rest(spend, 'spend'), calls: rest(calls, 'calls') } };
}

function sum(lines: readonly Line[], place: 1 | 2): Fixed {
  return lines.reduce((total, line) => total + money(line[place]), 0n);
}

const sums = (calls: number, tokens: number, cost: string) => ({
  calls: fixedFromInteger(calls),
  tokens: fixedFromInteger(tokens),
  cost: money(cost),
});
const mover = (key: string | null, old: SumsByModel, now: SumsByModel): Mover => {
  return { dimension: 'service', key, split: splitSpend(old, now) };
};

const sample = (value: number, calls = 1000): Sample => {
  return { fixed: fixedFromNumber(value), number: value, calls };
};
const figure = (metric: Metric, now: number | null, before: number | null): Figure => ({
  metric,
  now: now === null ? null : sample(now),
  before: before === null ? null : sample(before),
});

const FROM = instant('2026-11-23T00:00:00Z');

/** A day's part of the week's spend. */
const PARTS = [17, 18, 19, 18, 16, 6, 6];

function daysOf(from: number, spend: Fixed): Report['days'] {
  let left = spend;
  return PARTS.map((part, i) => {
    const own = i === PARTS.length - 1 ? left : (spend * BigInt(part)) / 100n;
    left -= own;
    return { window: { from: from + i * DAY, to: from + (i + 1) * DAY }, spend: own };
  });
}

/** A week of an invented company. Its figures add up as those of a store do. */
export function sampleReport(changes: Partial<Report> = {}): Report {
  const spend: Compared = { now: sum(SERVICES, 1), before: sum(SERVICES, 2) };
  const calls = count(121_630, 114_694);
  const window = { from: FROM, to: FROM + 7 * DAY };
  const before = { from: FROM - 7 * DAY, to: FROM };
  return {
    name: 'weekly',
    period: 'week',
    window,
    before,
    at: window.to + 7 * 3_600_000,
    zone: 'UTC',
    currency: 'USD',
    where: {},
    newestRow: window.to + 7 * 3_600_000 - 12_000,
    spend,
    figures: [
      figure('calls', 121_630, 114_694),
      figure('tokens', 190_412_061, 171_220_940),
      figure('wasted_spend', 14.2, 9.83),
      figure('repeated_spend', 31.05, 2.4),
      figure('unpriced_calls', 0, 0),
      figure('cache_hit_rate', 0.412, 0.395),
      figure('cost_per_call', 0.009986, 0.009054),
      figure('cost_per_1k_tokens', 0.006379, 0.006065),
    ],
    days: [...daysOf(before.from, spend.before as Fixed), ...daysOf(window.from, spend.now)],
    budgets: [
      {
        rule: 'monthly-budget',
        metric: 'spend',
        groupBy: [],
        key: [],
        amount: money('5000'),
        spent: money('4705.1234'),
        window: { from: instant('2026-11-01T00:00:00Z'), to: window.to },
        periodEnd: instant('2026-12-01T00:00:00Z'),
      },
      {
        rule: 'team-budget',
        metric: 'spend',
        groupBy: ['service'],
        key: ['search'],
        amount: money('2500'),
        spent: money('2611.4'),
        window: { from: instant('2026-11-01T00:00:00Z'), to: window.to },
        periodEnd: instant('2026-12-01T00:00:00Z'),
      },
    ],
    forecasts: [
      {
        period: 'month',
        window: { from: instant('2026-11-01T00:00:00Z'), to: instant('2026-12-01T00:00:00Z') },
        spent: money('4705.1234'),
        byMean: money('4866.2'),
        byWeekday: money('4911.04'),
      },
      {
        period: 'year',
        window: { from: instant('2026-01-01T00:00:00Z'), to: instant('2027-01-01T00:00:00Z') },
        spent: money('48211.5'),
        byMean: money('53365.5'),
        byWeekday: money('53410'),
      },
    ],
    tables: [tableOf('service', SERVICES), tableOf('model', MODELS), usersTable(spend, calls)],
    movers: [
      mover(
        'search',
        new Map([
          ['gpt-4.1', sums(21_000, 40_000_000, '480.12301')],
          ['gpt-4.1-mini', sums(29_933, 30_000_000, '175')],
        ]),
        new Map([
          ['gpt-4.1', sums(29_102, 56_310_000, '640.404999')],
          ['gpt-4.1-mini', sums(32_102, 31_000_000, '172')],
        ]),
      ),
      mover('evals', new Map(), new Map([['gpt-4.1', sums(1290, 3_100_000, '41.105')]])),
      mover(
        'ingest',
        new Map([['gpt-4.1-mini', sums(44_020, 66_000_000, '131.9949')]]),
        new Map([['gpt-4.1-mini', sums(40_313, 60_102_000, '120.3349')]]),
      ),
    ],
    models: [
      ['gpt-4.1', 0.01121, 0.01114, 0.412, 0.008],
      ['claude-sonnet-4', 0.00934, 0.00935, 0.103, 0.021],
      ['gpt-4.1-mini', 0.00191, 0.0019, 0.377, 0.004],
      ['text-embedding-3-small', 0.00002, 0.00002, null, 0],
    ].map(([model, now, was, cached, failed]) => ({
      model: model as string,
      figures: [
        figure('cost_per_1k_tokens', now as number, was as number),
        figure('cache_hit_rate', cached as number | null, 0.4),
        figure('error_rate', failed as number, 0.01),
      ],
    })),
    routing: [
      {
        route: { from: 'gpt-4.1', to: 'gemini-2.5-flash', belowTokens: 2000 },
        calls: 18_204,
        recorded: money('212.55'),
        rerouted: money('31.9'),
      },
      {
        route: { from: 'claude-sonnet-4', to: 'in-house-7b', belowTokens: null },
        calls: 25_210,
        recorded: money('388.0021'),
        rerouted: null,
      },
    ],
    invoices: [
      {
        month: '2026-10',
        window: { from: instant('2026-10-01T00:00:00Z'), to: instant('2026-11-01T00:00:00Z') },
        billed: money('5120.4'),
        recorded: money('4502.13'),
      },
    ],
    incidents: [
      {
        id: 'k3x9q',
        subject: 'service search',
        severity: 'critical',
        rules: ['hourly-burn', 'spend-anomaly'],
        openedAt: instant('2026-11-24T02:05:00Z'),
        closedAt: instant('2026-11-24T05:15:00Z'),
        cost: money('311.1021'),
      },
      {
        id: 'p1m7w',
        subject: 'user svc-indexer',
        severity: 'warning',
        rules: ['user-burn'],
        openedAt: instant('2026-11-29T22:10:00Z'),
        closedAt: null,
        cost: null,
      },
    ],
    incidentCount: 2,
    quiet: null,
    retention: {
      oldestRow: instant('2025-11-25T00:00:14Z'),
      newestRow: window.to + 7 * 3_600_000 - 12_000,
      rows: 1_604_233,
      users: 231,
    },
    troubles: [],
    ...changes,
  };
}

/** October in Berlin, in euros, with a change of clocks, calls without a price and no row of September. */
export function monthReport(): Report {
  const [from, to] = [instant('2026-09-30T22:00:00Z'), instant('2026-10-31T23:00:00Z')];
  const starts = Array.from({ length: 32 }, (_, i) => from + i * DAY + (i > 25 ? 3_600_000 : 0));
  const { tables, spend, ...report } = sampleReport();
  const part = spend.now / 31n;
  const alone = (one: Compared): Compared => ({ now: one.now, before: null });
  return {
    ...report,
    retention: { ...report.retention, oldestRow: from + 14_000 },
    name: 'search-monthly',
    period: 'month',
    zone: 'Europe/Berlin',
    currency: 'EUR',
    where: { service: { in: ['search'] } },
    window: { from, to },
    before: { from: instant('2026-08-31T22:00:00Z'), to: from },
    at: to + 8 * 3_600_000,
    newestRow: to + 8 * 3_600_000 - 9_000,
    spend: alone(spend),
    figures: [figure('calls', 121_630, null), figure('unpriced_calls', 1_204, null)],
    days: starts.slice(0, 31).map((at, i) => ({
      window: { from: at, to: starts[i + 1] as number },
      spend: i === 30 ? spend.now - 30n * part : part + (i % 2 === 0 ? part / 4n : -part / 4n),
    })),
    budgets: [],
    forecasts: report.forecasts.map((one) =>
      one.period === 'month' ? { ...one, window: { from, to } } : { ...one, byWeekday: null },
    ),
    tables: tables.slice(1).map((table) => ({
      ...table,
      rows: table.rows.map((row) => ({ ...row, spend: alone(row.spend), calls: alone(row.calls) })),
      others:
        table.others === null
          ? null
          : { ...table.others, spend: alone(table.others.spend), calls: alone(table.others.calls) },
    })),
    movers: [],
    models: [],
    routing: [],
    invoices: [],
    incidents: null,
    incidentCount: null,
    quiet: null,
    troubles: ['The incidents of the period are not known: the state store cannot be reached.'],
  };
}

/** A day on which nothing was spent and nothing fired. */
export function quietReport(changes: Partial<Report> = {}): Report {
  const window = { from: FROM + 5 * DAY, to: FROM + 6 * DAY };
  const before = { from: FROM + 4 * DAY, to: FROM + 5 * DAY };
  return sampleReport({
    name: 'daily',
    period: 'day',
    window,
    before,
    spend: { now: 0n, before: 0n },
    ...NOTHING_TO_SAY,
    figures: [figure('wasted_spend', 0, 0)],
    days: [
      { window: before, spend: 0n },
      { window, spend: 0n },
    ],
    quiet: { evaluations: 10_080, nearest: { rule: 'daily-budget', share: 0.832 } },
    ...changes,
  });
}

const HOSTILE = [
  `<script>alert(1)</script>&"'`,
  '\u202Etxt.exe <!channel> @everyone',
  'שירות-החיפוש',
  `${'very-long-name-'.repeat(400)}end`,
  'line\nbreak `code` *bold* | [link](https://example.com)',
];

/** The same week with names that somebody has made to do harm. */
export function hostileReport(): Report {
  const { tables, movers, incidents, ...report } = sampleReport();
  const named = (i: number): string => HOSTILE[i % HOSTILE.length] as string;
  return {
    ...report,
    tables: tables.map((table) => ({
      ...table,
      rows: table.rows.map((row, i) => ({ ...row, key: named(i) })),
    })),
    movers: movers.map((one, i) => ({ ...one, key: named(i) })),
    incidents: (incidents ?? []).map((one, i) => ({ ...one, subject: named(i), rules: [named(i + 2)] })),
    troubles: [`The ledger could not be read: ${named(0)}.`],
  };
}
