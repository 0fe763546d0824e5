// Which figures a report has, and their values from sums.

import type { Measure } from '../model/measure.ts';
import { inCurrency, type Metric, measuresOf } from '../model/metric.ts';
import type { CatalogueMetric } from '../model/metric-catalogue.ts';
import { columnsLackedBy } from '../model/metric-columns.ts';
import { sampleOf } from '../model/metric-value.ts';
import type { Figure } from '../model/report.ts';
import type { Cell } from '../model/series.ts';
import type { ReportParts } from './parts.ts';

/** Of all calls of the report. */
export const OVERALL: readonly CatalogueMetric[] = [
  'calls',
  'tokens',
  'wasted_spend',
  'repeated_spend',
  'unpriced_calls',
  'cache_hit_rate',
  'cost_per_call',
  'cost_per_1k_tokens',
];

/** Of the calls of each model. */
export const BY_MODEL: readonly CatalogueMetric[] = [
  'spend',
  'calls',
  'cost_per_1k_tokens',
  'cost_per_call',
  'tokens_per_call',
  'cache_hit_rate',
  'error_rate',
];

type Table = Pick<ReportParts, 'columns' | 'prices' | 'currency'>;

/** Those that the columns of the table suffice for, in the currency of the store. */
export function metricsOf(
  wanted: readonly CatalogueMetric[],
  { columns, prices, currency }: Table,
): Metric[] {
  return wanted
    .filter((metric) => columnsLackedBy(metric, (one) => columns.has(one), prices !== null).length === 0)
    .map((metric) => inCurrency(metric, currency));
}

/** The measures that metrics are computed from, and the cost. */
export function measuresOfAll(metrics: readonly Metric[]): Measure[] {
  return [...new Set<Measure>(['calls', 'cost', ...metrics.flatMap((metric) => measuresOf(metric, null))])];
}

/** `before` is undefined where nothing is compared. */
export function figuresOf(
  metrics: readonly Metric[],
  now: Cell | null,
  before: Cell | null | undefined,
): Figure[] {
  return metrics.map((metric) => ({
    metric,
    now: sampleOf(metric, null, now),
    before: before === undefined ? null : sampleOf(metric, null, before),
  }));
}
