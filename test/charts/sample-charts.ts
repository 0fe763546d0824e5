import type { Chart } from '../../src/model/chart.ts';
import type { Firing } from '../../src/model/finding.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import type { Onset } from '../../src/model/onset.ts';
import type { Rule } from '../../src/model/rule.ts';
import { alertChart } from '../../src/pipeline/alert-chart.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const AT = Date.parse('2026-11-20T02:05:00Z');

/** A rate on a daily rhythm that jumps 46 minutes before the end. */
function incident(normal: number, top: number, steps = 145, stepMs = 10 * MINUTE) {
  return Array.from({ length: steps }, (_, i): [number, number] => {
    const at = AT - (steps - 1 - i) * stepMs;
    const usual = normal * (1 + 0.5 * Math.sin(i / 20) + 0.08 * Math.sin(i * 2.7));
    const late = Math.max(0, 1 - (AT - at) / (46 * MINUTE));
    return [at, usual + (top - usual) * late];
  });
}

interface Changes {
  readonly keys?: Record<string, unknown>;
  readonly key?: readonly (string | null)[];
  readonly values?: readonly (readonly [number, number | null])[];
  readonly onset?: Onset | null;
  readonly zone?: string;
  readonly firing?: Partial<Firing> & Record<string, unknown>;
}

const BEGAN: Onset = { at: AT - 46 * MINUTE, beforePerHour: 1.2, afterPerHour: 407 };

function sampleChart(
  {
    keys,
    key = ['search'],
    values = incident(21, 312.46),
    onset = BEGAN,
    zone = 'UTC',
    firing,
  }: Changes = {},
  type: 'threshold' | 'anomaly' = 'threshold',
): Chart {
  const thresholds = type === 'threshold' ? { thresholds: { warning: 50, critical: 100 } } : {};
  const rule: Rule = ruleOf(type, { group_by: ['service'], window: '1h', ...thresholds, ...keys });
  const number = values.at(-1)?.[1] ?? 0;
  const chart = alertChart({
    rule,
    firing: {
      key,
      value: { fixed: fixedFromNumber(number), number, calls: 890_412 },
      window: { from: AT - HOUR, to: AT },
      badness: 0n,
      steps: [{ severity: 'critical', bound: fixedFromNumber(100), operator: '>=' }],
      ...firing,
    } as Firing,
    zone,
    values,
    onset,
  });
  if (chart === null) throw new Error('no chart');
  return chart;
}

const gaps = incident(0.03, 0.4).map(
  ([at, value], i) => [at, i % 30 < 9 || i % 17 === 0 ? null : value] as const,
);

/** One of each kind, with the names and amounts that are hard to draw. */
export const SAMPLE_CHARTS = {
  alert: sampleChart(),
  anomaly: sampleChart(
    {
      values: incident(41, 412.34, 145, 30 * MINUTE),
      keys: { window: '6h' },
      firing: {
        window: { from: AT - 6 * HOUR, to: AT },
        baseline: { mean: 41.2, stddev: 59.273, floor: 8.24, n: 28 },
        zscore: 6.26,
        steps: [{ severity: 'warning', bound: fixedFromNumber(219.02), operator: '>=' }],
      },
    },
    'anomaly',
  ),
  tiny: sampleChart({ values: incident(0.0000003, 0.000004), keys: { thresholds: { critical: 0.000001 } } }),
  huge: sampleChart({
    values: incident(1_500_000, 12_000_000),
    keys: { thresholds: { critical: 5_000_000 } },
  }),
  credits: sampleChart({
    values: incident(-3, -12),
    keys: { thresholds: undefined, threshold: -5, operator: '<=' },
    onset: null,
  }),
  gaps: sampleChart({
    values: gaps,
    keys: { metric: 'error_rate', thresholds: { warning: 0.05, critical: 0.1 } },
    onset: null,
  }),
  latency: sampleChart({
    values: incident(1250, 48_000),
    keys: { metric: 'latency_p95', thresholds: { critical: 30_000 } },
    onset: null,
  }),
  calls: sampleChart({
    values: incident(3, 890_412),
    keys: { metric: 'calls', thresholds: { critical: 100_000 } },
  }),
  'close-limits': sampleChart({ keys: { thresholds: { info: 90, warning: 95, critical: 100 } } }),
  'long-name': sampleChart({
    key: ['recommendations-batch-embedding-pipeline-production-eu-central-1'],
    zone: 'America/Argentina/ComodRivadavia',
  }),
  rtl: sampleChart({ key: ['שירות חיפוש / خدمة البحث'], zone: 'Asia/Jerusalem' }),
  cjk: sampleChart({ key: ['検索サービス 🚨'], zone: 'Asia/Shanghai' }),
  budget: sampleChart({
    keys: { window: 'this_month', group_by: [], thresholds: { warning: 1000, critical: 1200 } },
    key: [],
    values: Array.from(
      { length: 20 },
      (_, i) =>
        [
          Date.parse('2026-11-01T00:00:00Z') + (i + 1) * 24 * HOUR,
          40 * (i + 1) + (i > 16 ? 150 * (i - 16) : 0),
        ] as const,
    ),
    firing: { window: { from: Date.parse('2026-11-01T00:00:00Z'), to: Date.parse('2026-11-21T00:00:00Z') } },
    onset: null,
    zone: 'Europe/Berlin',
  }),
  low: sampleChart({
    values: incident(20, 0),
    keys: { thresholds: undefined, threshold: 5, operator: '<' },
    firing: {
      steps: [{ severity: 'warning', bound: fixedFromNumber(5), operator: '<' }],
    } as Partial<Firing> & Record<string, unknown>,
  }),
  flat: sampleChart({
    values: incident(0, 0),
    keys: { thresholds: undefined, threshold: 0, operator: '<=' },
    onset: null,
  }),
} satisfies Readonly<Record<string, Chart>>;
