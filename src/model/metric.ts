// Metrics: unit, columns, measures, formula.

import { type ErrorFilter, type Measure, narrowed } from './measure.ts';
import { divideRounded, type Fixed, ONE } from './money.ts';
import type { Cell, Series } from './series.ts';
import { type Sketch, sketchQuantile } from './sketch.ts';

export const METRICS = [
  'spend',
  'calls',
  'tokens',
  'input_tokens',
  'output_tokens',
  'errors',
  'error_rate',
  'latency_avg',
  'latency_p50',
  'latency_p90',
  'latency_p95',
  'latency_p99',
  'ttft_p95',
  'cost_per_call',
  'tokens_per_call',
  'cost_per_1k_tokens',
  'wasted_spend',
  'unpriced_calls',
] as const;
export type Metric = (typeof METRICS)[number];

export type Unit = 'USD' | 'calls' | 'tokens' | 'ratio' | 'ms';

/** The columns of an audit store in canonical names (docs/configuration.md). */
export type Column =
  | 'time'
  | 'cost'
  | 'service'
  | 'model'
  | 'user'
  | 'endpoint'
  | 'session'
  | 'input_tokens'
  | 'output_tokens'
  | 'status'
  | 'error'
  | 'latency_ms'
  | 'ttft_ms'
  | 'id'
  | 'request_id';

/** A metric's value: `fixed` is exact for additive metrics and what limits are compared with; `number` is what ratios print. */
export interface Sample {
  readonly fixed: Fixed;
  readonly number: number;
  /** Calls in the window and group, the denominator that `min_calls` looks at. */
  readonly calls: number;
}

interface MetricDefinition {
  readonly unit: Unit;
  /** Additive metrics are 0 without rows; ratios and percentiles are then no data. */
  readonly additive: boolean;
  /** Whether values are money, printed as exact decimals. */
  readonly money: boolean;
  /** Columns a store must map; `[a, b]` inside means one of them suffices. */
  readonly columns: readonly (Column | readonly Column[])[];
  /** Measures the value is made of; the first is what ranks the parts of a breakdown. */
  readonly measures: readonly Measure[];
  /** Metrics that only look at failed calls take `errors:`. */
  readonly takesErrors: boolean;
  readonly value: Value;
}

/** How a value is made of measures: their sum, a fraction of two such sums, or a quantile of a sketch. */
type Value =
  | { readonly kind: 'sum' }
  | {
      readonly kind: 'ratio';
      readonly of: readonly Measure[];
      readonly by: readonly Measure[];
      readonly per: bigint;
    }
  | { readonly kind: 'quantile'; readonly sketch: Measure; readonly q: number };

const TOKENS: readonly ['input_tokens', 'output_tokens'] = ['input_tokens', 'output_tokens'];
const FAILURE: readonly (readonly Column[])[] = [['status', 'error']];

function additive(
  unit: Unit,
  measures: readonly [Measure, ...Measure[]],
  columns: MetricDefinition['columns'],
  takesErrors = false,
): MetricDefinition {
  const money = unit === 'USD';
  return { unit, additive: true, money, columns, measures, takesErrors, value: { kind: 'sum' } };
}

/** The sum of some measures for each (or each `per`) of others. */
function ratio(
  unit: Unit,
  [of, by]: readonly [readonly Measure[], readonly Measure[]],
  columns: MetricDefinition['columns'],
  { per = 1n, takesErrors = false } = {},
): MetricDefinition {
  const value: Value = { kind: 'ratio', of, by, per };
  return { unit, additive: false, money: false, columns, measures: [...of, ...by], takesErrors, value };
}

function quantile(sketch: Measure, q: number, column: Column): MetricDefinition {
  const value: Value = { kind: 'quantile', sketch, q };
  return {
    unit: 'ms',
    additive: false,
    money: false,
    columns: [column],
    measures: [sketch],
    takesErrors: false,
    value,
  };
}

const DEFINITIONS: Readonly<Record<Metric, MetricDefinition>> = {
  spend: additive('USD', ['cost'], ['cost']),
  calls: additive('calls', ['calls'], []),
  tokens: additive('tokens', TOKENS, [TOKENS]),
  input_tokens: additive('tokens', ['input_tokens'], ['input_tokens']),
  output_tokens: additive('tokens', ['output_tokens'], ['output_tokens']),
  errors: additive('calls', ['failed'], FAILURE, true),
  error_rate: ratio('ratio', [['failed'], ['calls']], FAILURE, { takesErrors: true }),
  latency_avg: ratio('ms', [['latency_sum'], ['latency_count']], ['latency_ms']),
  latency_p50: quantile('latency_sketch', 0.5, 'latency_ms'),
  latency_p90: quantile('latency_sketch', 0.9, 'latency_ms'),
  latency_p95: quantile('latency_sketch', 0.95, 'latency_ms'),
  latency_p99: quantile('latency_sketch', 0.99, 'latency_ms'),
  ttft_p95: quantile('ttft_sketch', 0.95, 'ttft_ms'),
  cost_per_call: ratio('USD', [['cost'], ['calls']], ['cost']),
  tokens_per_call: ratio('tokens', [TOKENS, ['calls']], [TOKENS]),
  cost_per_1k_tokens: ratio('USD', [['cost'], TOKENS], ['cost', TOKENS], { per: 1000n }),
  wasted_spend: additive('USD', ['failed_cost'], ['cost', ...FAILURE], true),
  unpriced_calls: additive('calls', ['unpriced'], ['cost']),
};

/** What is known of a metric: unit, additivity, the columns it needs. */
export function describeMetric(metric: Metric): Omit<MetricDefinition, 'value' | 'measures'> {
  return DEFINITIONS[metric];
}

/** The measures a store must supply for the metric, `calls` always among them, failures narrowed to `errors`. */
export function measuresOf(metric: Metric, errors: ErrorFilter): Measure[] {
  const own = DEFINITIONS[metric].measures.map((measure) => narrowed(measure, errors));
  return own.includes('calls') ? own : [...own, 'calls'];
}

/** The measure by which the parts of a breakdown are ranked: what drives the metric. */
export function drivingMeasure(metric: Metric, errors: ErrorFilter): Measure {
  return narrowed(DEFINITIONS[metric].measures[0] as Measure, errors);
}

/** What counts the calls whose cost a value lacks, so that it is a lower bound; null for metrics that do not rest on cost. */
export function unpricedMeasure(metric: Metric, errors: ErrorFilter): Measure | null {
  const { measures } = DEFINITIONS[metric];
  if (measures.includes('failed_cost')) return narrowed('failed_unpriced', errors);
  return measures.includes('cost') ? 'unpriced' : null;
}

const EMPTY_SKETCH: Sketch = new Map();

/** What a rule measures: a metric, its failures narrowed. */
export interface Measured {
  /** The exact value in a cell; null when a ratio or percentile has nothing to divide. A null cell has no rows. */
  sample(cell: Cell | null): Sample | null;
  /**
   * The value as a double, within a millionth of the exact one, and null where that is: enough to see that a value is
   * nowhere near a limit, and to rank.
   */
  estimate(series: Series, group: number, window: number): number | null;
  /** The same of all groups of the series, NaN for null. */
  estimates(series: Series, window: number): Float64Array;
}

const MEASURED = new Map<string, Measured>();

/** The same object whenever it is asked for the same: what is made anew at every poll has to be compiled anew, too. */
export function measured(metric: Metric, errors: ErrorFilter): Measured {
  const name = errors === null ? metric : `${metric}@${errors.join()}`;
  const known = MEASURED.get(name);
  if (known !== undefined) return known;
  const made = measuredAs(metric, errors);
  MEASURED.set(name, made);
  return made;
}

function measuredAs(metric: Metric, errors: ErrorFilter): Measured {
  const { value, measures } = DEFINITIONS[metric];
  const own = (names: readonly Measure[]): Measure[] => names.map((measure) => narrowed(measure, errors));
  switch (value.kind) {
    case 'sum': {
      const terms = own(measures);
      return {
        sample: (cell) => sampleOfSum(sumOf(terms, cell), cell),
        estimate: estimateOf(terms),
        estimates: estimatesOf(terms),
      };
    }
    case 'ratio': {
      const [of, by, per] = [own(value.of), own(value.by), Number(value.per)];
      const [dividend, divisor] = [estimateOf(of), estimateOf(by)];
      const [dividends, divisors] = [estimatesOf(of), estimatesOf(by)];
      return {
        sample: (cell) =>
          cell === null ? null : sampleOfRatio(sumOf(of, cell) * value.per, sumOf(by, cell), cell),
        estimate(series, group, window) {
          const divided = divisor(series, group, window);
          return divided === 0 ? null : (dividend(series, group, window) * per) / divided;
        },
        estimates(series, window) {
          const numbers = dividends(series, window);
          const divided = divisors(series, window);
          for (let group = 0; group < numbers.length; group += 1) {
            const value = ((numbers[group] as number) * per) / (divided[group] as number);
            numbers[group] = divided[group] === 0 ? Number.NaN : value;
          }
          return numbers;
        },
      };
    }
    case 'quantile': {
      const { sketch, q } = value;
      const quantileIn = (cell: Cell | null) => sketchQuantile(cell?.sketches[sketch] ?? EMPTY_SKETCH, q);
      const estimate = (series: Series, group: number, window: number): number | null =>
        series.quantile === undefined
          ? quantileIn(series.cell(group, window))
          : series.quantile(group, window, sketch, q);
      return {
        sample: (cell) => sampleOfQuantile(quantileIn(cell), cell),
        estimate,
        estimates: (series, window) =>
          ofGroups(series, (group) => estimate(series, group, window) ?? Number.NaN),
      };
    }
  }
}

/** The metric's exact value in a cell. */
export function sampleOf(metric: Metric, errors: ErrorFilter, cell: Cell | null): Sample | null {
  return measured(metric, errors).sample(cell);
}

function sumOf(terms: readonly Measure[], cell: Cell | null): Fixed {
  let sum = 0n;
  for (const measure of terms) sum += cell?.sums[measure] ?? 0n;
  return sum;
}

/** Made once for all the groups that it is asked for; most metrics are one measure. */
function estimateOf(terms: readonly Measure[]): (series: Series, group: number, window: number) => number {
  const [only, ...more] = terms;
  if (only !== undefined && more.length === 0) {
    return (series, group, window) => series.estimate(group, window, only);
  }
  return (series, group, window) => {
    let sum = 0;
    for (const measure of terms) sum += series.estimate(group, window, measure);
    return sum;
  };
}

/** The same of all groups. */
function estimatesOf(terms: readonly Measure[]): (series: Series, window: number) => Float64Array {
  const estimate = estimateOf(terms);
  return (series, window) =>
    series.estimates?.(window, terms) ?? ofGroups(series, (group) => estimate(series, group, window));
}

function ofGroups({ keys }: Series, numberOf: (group: number) => number): Float64Array {
  const numbers = new Float64Array(keys.length);
  for (let group = 0; group < numbers.length; group += 1) numbers[group] = numberOf(group);
  return numbers;
}

function callsIn(cell: Cell | null): number {
  return Number((cell?.sums.calls ?? 0n) / ONE);
}

function sampleOfSum(fixed: Fixed, cell: Cell | null): Sample {
  return { fixed, number: Number(fixed) / Number(ONE), calls: callsIn(cell) };
}

function sampleOfRatio(of: Fixed, by: Fixed, cell: Cell): Sample | null {
  if (by === 0n) return null;
  const [dividend, divisor] = by < 0n ? [-of, -by] : [of, by];
  return {
    fixed: divideRounded(dividend * ONE, divisor),
    // Both sides are whole numbers of 10^-12, so one division of doubles is the nearest there is.
    number: Number(of) / Number(by),
    calls: callsIn(cell),
  };
}

function sampleOfQuantile(quantile: number | null, cell: Cell | null): Sample | null {
  if (quantile === null) return null;
  return { fixed: BigInt(Math.round(quantile * 1e6)) * 10n ** 6n, number: quantile, calls: callsIn(cell) };
}
