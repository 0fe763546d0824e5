// Metrics that a file declares over what its table records.

import type { MetricEntry, Value } from './metric-entry.ts';

export const OWN_AGGREGATES = ['sum', 'min', 'max', 'avg', 'p50', 'p95', 'p99'] as const;
export type OwnAggregate = (typeof OWN_AGGREGATES)[number];

/** Names are identifiers of SQL too. */
export const OWN_NAME = /^[a-z][a-z0-9_]{0,39}$/;

/**
 * `own:headroom:min:%`: a metric that says all about itself, so that a rule and what is kept of its alerts need no file to be
 * shown, and a reload changes nothing that is under way.
 */
export type OwnMetric = `own:${string}:${OwnAggregate}:${string}`;

const WRITTEN = /^own:([a-z][a-z0-9_]*):(sum|min|max|avg|p50|p95|p99):(.*)$/s;

/** `unit` is free text; currencies, calls, tokens, ratio and ms are shown as of other metrics. */
export function ownMetric(name: string, aggregate: OwnAggregate, unit: string): OwnMetric {
  return `own:${name}:${aggregate}:${unit}`;
}

export function isOwnMetric(value: unknown): value is OwnMetric {
  return typeof value === 'string' && WRITTEN.test(value);
}

/** The metric without what is only shown. */
export function withoutOwnUnit(metric: OwnMetric): string {
  const { name, aggregate } = partsOf(metric);
  return ownMetric(name, aggregate, '');
}

/** The entry that the catalogue would have. */
export function ownEntry(metric: OwnMetric): MetricEntry & { readonly name: string } {
  const { name, aggregate, unit } = partsOf(metric);
  const noun = `${WORDS[aggregate]} ${name.replaceAll('_', ' ')}`.trim();
  return {
    name,
    unit,
    value: computedFrom(name, aggregate),
    noun,
    says: aggregate === 'sum' ? `had {} ${noun}` : `had ${aggregate === 'avg' ? 'an' : 'a'} ${noun} of {}`,
    heading: 'value',
    doc: `${aggregate} of audit.measures.${name}`,
  };
}

function partsOf(metric: OwnMetric) {
  const [, name, aggregate, unit] = WRITTEN.exec(metric) as unknown as [string, string, OwnAggregate, string];
  return { name, aggregate, unit };
}

const WORDS: Readonly<Record<OwnAggregate, string>> = {
  sum: '',
  min: 'lowest',
  max: 'highest',
  avg: 'average',
  p50: 'median',
  p95: 'p95',
  p99: 'p99',
};

const QUANTILES = { min: 0, p50: 0.5, p95: 0.95, p99: 0.99, max: 1 } as const;

function computedFrom(name: string, aggregate: OwnAggregate): Value {
  switch (aggregate) {
    case 'sum':
      return { kind: 'sum', of: [`own_sum_${name}`] };
    case 'avg':
      return { kind: 'ratio', of: [`own_sum_${name}`], by: [`own_count_${name}`], per: 1n };
    default:
      return { kind: 'quantile', sketch: `own_values_${name}`, q: QUANTILES[aggregate] };
  }
}
