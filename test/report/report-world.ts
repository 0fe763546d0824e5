import { describeMetric } from '../../src/model/metric.ts';
import { type Fixed, parseFixed } from '../../src/model/money.ts';
import type { PriceList } from '../../src/model/price-list.ts';
import type { Report, ReportConfig } from '../../src/model/report.ts';
import { makeReport } from '../../src/report/report.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { priceList } from '../support/price-list.ts';

type Parts = Parameters<typeof makeReport>[0];

export const DAY = 86_400_000;
export const ZONE = 'Europe/Berlin';

/** A list in which one model has tiers and cached tokens, and another halves the price of batches. */
export const PRICES: PriceList = priceList({
  'gpt-4.1': { input: '2', output: '8', cachedInput: '0.5' },
  small: { input: '0.1', output: '0.4', batch: '0.5' },
});

/** A report of a week by service, model and user, as alerts.yaml gives it; with some keys of the test's own. */
export function reportConfig(keys: Partial<ReportConfig> = {}): ReportConfig {
  return {
    name: 'weekly',
    schedule: '0 8 * * mon',
    period: 'week',
    notify: [],
    where: {},
    groupBy: ['service', 'model', 'user'],
    routing: [],
    invoices: new Map(),
    ...keys,
  };
}

/** The report of a store that has the columns of the default table. */
export function reportOn(
  store: AuditStore,
  keys: Partial<ReportConfig>,
  at: string,
  parts: Partial<Parts> = {},
): Promise<Report> {
  return makeReport(
    {
      source: { read: (reads, before) => store.read(reads, before) },
      store,
      dimensions: new Set(['service', 'model', 'user', 'endpoint', 'session']),
      columns: new Set([
        ...([
          'time',
          'cost',
          'service',
          'model',
          'user',
          'session',
          'input_tokens',
          'output_tokens',
        ] as const),
        ...(['cached_tokens', 'batch', 'status', 'error', 'id', 'request_id'] as const),
      ]),
      prices: PRICES,
      currency: 'USD',
      zone: ZONE,
      rules: [],
      incidentsIn: null,
      quietOf: null,
      ...parts,
    },
    reportConfig(keys),
    Date.parse(at),
  );
}

/** A decimal as SQL prints it; NULL is 0. */
export function decimal(text: string | null): Fixed {
  const fixed = parseFixed(text ?? '0');
  if (fixed === null) throw new Error(`not a decimal: ${text}`);
  return fixed;
}

/** The figure of a metric, now and before, or undefined. */
export function figureOf({ figures }: Pick<Report, 'figures'>, name: string) {
  return figures.find(({ metric }) => describeMetric(metric).name === name);
}

export function sumOf(amounts: readonly Fixed[]): Fixed {
  return amounts.reduce((sum, one) => sum + one, 0n);
}
