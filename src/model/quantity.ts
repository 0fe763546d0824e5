// What the values and limits of a rule are: its metric, or a share of the metric's total.

import { describeMetric, type Metric, type MetricDefinition } from './metric.ts';

/** A part of the total of a metric, from 0 to 1. */
export interface ShareOf {
  readonly shareOf: Metric;
}

export type Quantity = Metric | ShareOf;

/** A rule or a finding. Its values are its metric, unless it names another quantity. */
export interface Measuring {
  readonly metric: Metric;
  readonly quantity?: 'share';
}

export function quantityOf({ metric, quantity }: Measuring): Quantity {
  return quantity === 'share' ? { shareOf: metric } : metric;
}

/** The unit and the words of a quantity, as a metric has them. */
export function describeQuantity(
  quantity: Quantity,
): Pick<MetricDefinition, 'unit' | 'additive' | 'money' | 'places' | 'noun' | 'says'> {
  if (typeof quantity === 'string') return describeMetric(quantity);
  const noun = `of the total ${metricName(quantity.shareOf)}`;
  return { unit: 'ratio', additive: false, money: false, places: 1, noun, says: `made up {} ${noun}` };
}

/** `error rate`, `share of spend` */
export function quantityName(quantity: Quantity): string {
  return typeof quantity === 'string' ? metricName(quantity) : `share of ${metricName(quantity.shareOf)}`;
}

function metricName(metric: Metric): string {
  return describeMetric(metric).name.replaceAll('_', ' ');
}
