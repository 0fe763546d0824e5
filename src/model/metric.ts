// Derives from a metric's entry its unit, measures and columns.

import type { Column } from './columns.ts';
import { currencyDigits, DEFAULT_CURRENCY, isCurrency } from './currency.ts';
import { type ErrorFilter, isByMinute, type Measure, narrowed, originOf } from './measure.ts';
import { needsOf } from './measure-columns.ts';
import { type CatalogueMetric, METRIC_CATALOGUE } from './metric-catalogue.ts';
import type { MetricEntry, Value } from './metric-entry.ts';
import { isOwnMetric, type OwnMetric, ownEntry, withoutOwnUnit } from './own-metric.ts';

export type { Unit } from './metric-entry.ts';

/** A metric of the catalogue, or one that the file declares. */
export type Metric = CatalogueMetric | MoneyMetric | OwnMetric;

/** `spend:CNY`: a metric of the catalogue whose costs are in another currency. It needs no file to be shown, as `OwnMetric`. */
type MoneyMetric = `${CatalogueMetric}:${string}`;

/** The definition of a metric: its entry, and what follows from it. */
export interface MetricDefinition extends MetricEntry {
  /** Its name in alerts.yaml. */
  readonly name: string;
  /** Additive metrics are 0 without rows; ratios and percentiles are "no data". */
  readonly additive: boolean;
  /** Whether values are sums of money, printed as exact decimals. */
  readonly money: boolean;
  /** Digits after the decimal point, for people. Those of ratios are of the percentage. */
  readonly places: number;
  /** Columns that a store must map. Of each list, one suffices. */
  readonly columns: readonly (readonly Column[])[];
  /** Whether it needs a price list. */
  readonly needsPrices: boolean;
  /** Whether it needs windows of whole minutes. */
  readonly isByMinute: boolean;
  /** Whether it accepts `errors:`, as metrics do that count failed calls only. */
  readonly takesErrors: boolean;
}

const PLACES: Readonly<Record<string, number>> = { calls: 0, tokens: 0, ratio: 1, ms: 0 };
/** Of what a file measures itself. */
const OWN_PLACES = 2;

/** The metrics of the catalogue, in its order. */
export const METRICS = Object.keys(METRIC_CATALOGUE) as [CatalogueMetric, ...CatalogueMetric[]];

/** The definition of a metric: its unit, whether it is additive, the columns that it needs, its words. */
export function describeMetric(metric: Metric): MetricDefinition {
  const known = DEFINITIONS.get(metric);
  if (known !== undefined) return known;
  const [name, unit] = metric.split(':') as [CatalogueMetric, string];
  const own = isOwnMetric(metric) ? ownEntry(metric) : { ...METRIC_CATALOGUE[name], name, unit };
  const definition = definitionOf(own.name, own);
  DEFINITIONS.set(metric, definition);
  return definition;
}

/** Whether a value names a metric. */
export function isMetric(value: unknown): value is Metric {
  return (typeof value === 'string' && Object.hasOwn(METRIC_CATALOGUE, value)) || isOwnMetric(value);
}

/** The metric that a value names; undefined for none. */
export function metricOf(value: unknown): Metric | undefined {
  return isMetric(value) ? value : undefined;
}

/** The metric where costs are recorded in a currency. A metric of the file has the unit that the file says. */
export function inCurrency(metric: Metric, currency: string): Metric {
  const isCost = !isOwnMetric(metric) && describeMetric(metric).unit === DEFAULT_CURRENCY;
  return isCost && currency !== DEFAULT_CURRENCY ? `${metric as CatalogueMetric}:${currency}` : metric;
}

/** The metric without what is only shown. */
export function withoutUnit(metric: Metric): string {
  return isOwnMetric(metric) ? withoutOwnUnit(metric) : describeMetric(metric).name;
}

/** Those that files declare say all about themselves: they are kept so as not to be worked out again. */
const DEFINITIONS = new Map<Metric, MetricDefinition>(
  METRICS.map((metric) => [metric, definitionOf(metric, METRIC_CATALOGUE[metric])]),
);

function definitionOf(name: string, entry: MetricEntry): MetricDefinition {
  const { unit, value } = entry;
  const additive = value.kind === 'sum';
  return {
    ...entry,
    name,
    additive,
    money: additive && isCurrency(unit),
    // An average of tokens is not whole.
    places:
      (isCurrency(unit) ? currencyDigits(unit) : (PLACES[unit] ?? OWN_PLACES)) +
      (unit === 'tokens' && value.kind === 'ratio' ? 1 : 0),
    columns: distinct(sumsOf(value).flatMap(columnsOfSum)),
    needsPrices: sumsOf(value)
      .flat()
      .some((measure) => originOf(measure)?.of === 'list_cost'),
    isByMinute: sumsOf(value).flat().some(isByMinute),
    takesErrors: sumsOf(value)
      .flat()
      .some((measure) => originOf(measure)?.of === 'failed'),
  };
}

/** The sums that a value is computed from, each of one measure or several. */
function sumsOf(value: Value): readonly (readonly Measure[])[] {
  switch (value.kind) {
    case 'sum':
      return [value.of];
    case 'ratio':
      return [value.of, value.by];
    case 'quantile':
      return [[value.sketch]];
  }
}

/** A sum of several measures, such as all tokens, needs only one of their columns. */
function columnsOfSum(measures: readonly Measure[]): readonly (readonly Column[])[] {
  const needs = measures.flatMap(needsOf);
  return measures.length > 1 ? [needs.flat()] : needs;
}

function distinct(needs: readonly (readonly Column[])[]): readonly (readonly Column[])[] {
  return [...new Map(needs.map((choices) => [choices.join(), choices])).values()];
}

/** The measures of its value. The first one drives it. */
function ownMeasures(metric: Metric, errors: ErrorFilter): readonly Measure[] {
  return sumsOf(describeMetric(metric).value)
    .flat()
    .map((measure) => narrowed(measure, errors));
}

/** The measures a store must supply for the metric, `calls` always among them, failures narrowed to `errors`. */
export function measuresOf(metric: Metric, errors: ErrorFilter): Measure[] {
  const own = ownMeasures(metric, errors);
  return own.includes('calls') ? [...own] : [...own, 'calls'];
}

/** The measure by which the parts of a breakdown are ranked. */
export function drivingMeasure(metric: Metric, errors: ErrorFilter): Measure {
  return ownMeasures(metric, errors)[0] as Measure;
}

/** The measure that counts the calls of unknown cost that a value lacks; null for metrics that do not depend on cost. */
export function unpricedMeasure(metric: Metric, errors: ErrorFilter): Measure | null {
  const own = ownMeasures(metric, null);
  if (own.includes('failed_cost')) return narrowed('failed_unpriced', errors);
  if (own.includes('repeated_cost')) return 'repeated_unpriced';
  if (own.includes('list_cost')) return 'list_cost_unknown';
  return own.includes('cost') ? 'unpriced' : null;
}
