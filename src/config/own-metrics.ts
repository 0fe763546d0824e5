// Puts the metrics that a file declares in place of their names.

import { METRICS } from '../model/metric.ts';
import { OWN_AGGREGATES, OWN_NAME, ownMetric } from '../model/own-metric.ts';
import { isRecord, type Path, valueAt } from './path.ts';

/** The names of the metrics that the file declares and rules may use. */
export function ownMetricNames(value: unknown): string[] {
  const measures = valueAt(value, ['audit', 'measures']);
  const names = isRecord(measures) ? Object.keys(measures) : [];
  return names.filter((name) => OWN_NAME.test(name) && !METRICS.some((known) => known === name));
}

/**
 * The values of a file with metrics that say all about themselves where rules name one of `audit.measures`. A measure with
 * faults counts as well: they are no fault of the rule.
 */
export function withOwnMetrics(value: unknown): unknown {
  const names = ownMetricNames(value);
  const rules = valueAt(value, ['rules']);
  if (names.length === 0 || !isRecord(value) || !Array.isArray(rules)) return value;
  return {
    ...value,
    rules: rules.map((keys: unknown) => {
      const name = isRecord(keys) ? keys.metric : undefined;
      if (!isRecord(keys) || typeof name !== 'string' || !names.includes(name)) return keys;
      return { ...keys, metric: metricOf(name, value) };
    }),
  };
}

function metricOf(name: string, value: unknown): string {
  const at = (key: string): Path => ['audit', 'measures', name, key];
  const aggregate = OWN_AGGREGATES.find((known) => known === valueAt(value, at('aggregate')));
  const unit = valueAt(value, at('unit'));
  return ownMetric(name, aggregate ?? 'avg', typeof unit === 'string' ? unit : '');
}
