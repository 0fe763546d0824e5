import { type ErrorFilter, type Measure, narrowed } from './measure.ts';
import { divideRounded, type Fixed, ONE } from './money.ts';
import type { Cell } from './series.ts';
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
  /** How a ratio or percentile is made; null for an additive metric, which is the sum of its measures. */
  readonly value: ((cell: MeasuresOf) => Quotient | null) | null;
}

/** Sums as a function of measure (0 when absent), and sketches likewise. */
interface MeasuresOf {
  sum(measure: Measure): Fixed;
  sketch(measure: Measure): Sketch;
}

/** A value as an exact fraction of Fixed numbers; a percentile is a double over 1. */
type Quotient = { readonly of: Fixed; readonly by: Fixed } | { readonly estimate: number };

const ratio =
  (of: (m: MeasuresOf) => Fixed, by: (m: MeasuresOf) => Fixed) =>
  (m: MeasuresOf): Quotient | null => {
    const divisor = by(m);
    return divisor === 0n ? null : { of: of(m), by: divisor };
  };

const percentile =
  (measure: Measure, q: number) =>
  (m: MeasuresOf): Quotient | null => {
    const estimate = sketchQuantile(m.sketch(measure), q);
    return estimate === null ? null : { estimate };
  };

const tokens = (m: MeasuresOf): Fixed => m.sum('input_tokens') + m.sum('output_tokens');
const FAILURE: readonly (readonly Column[])[] = [['status', 'error']];

function additive(
  unit: Unit,
  measures: readonly [Measure, ...Measure[]],
  columns: MetricDefinition['columns'],
  takesErrors = false,
): MetricDefinition {
  const money = unit === 'USD';
  return { unit, additive: true, money, columns, measures, takesErrors, value: null };
}

function quotient(
  unit: Unit,
  measures: readonly [Measure, ...Measure[]],
  columns: MetricDefinition['columns'],
  value: MetricDefinition['value'],
  takesErrors = false,
): MetricDefinition {
  return { unit, additive: false, money: false, columns, measures, takesErrors, value };
}

const latency = (q: number) =>
  quotient('ms', ['latency_sketch'], ['latency_ms'], percentile('latency_sketch', q));

const DEFINITIONS: Readonly<Record<Metric, MetricDefinition>> = {
  spend: additive('USD', ['cost'], ['cost']),
  calls: additive('calls', ['calls'], []),
  tokens: additive('tokens', ['input_tokens', 'output_tokens'], [['input_tokens', 'output_tokens']]),
  input_tokens: additive('tokens', ['input_tokens'], ['input_tokens']),
  output_tokens: additive('tokens', ['output_tokens'], ['output_tokens']),
  errors: additive('calls', ['failed'], FAILURE, true),
  error_rate: quotient(
    'ratio',
    ['failed', 'calls'],
    FAILURE,
    ratio(
      (m) => m.sum('failed'),
      (m) => m.sum('calls'),
    ),
    true,
  ),
  latency_avg: quotient(
    'ms',
    ['latency_count', 'latency_sum'],
    ['latency_ms'],
    ratio(
      (m) => m.sum('latency_sum'),
      (m) => m.sum('latency_count'),
    ),
  ),
  latency_p50: latency(0.5),
  latency_p90: latency(0.9),
  latency_p95: latency(0.95),
  latency_p99: latency(0.99),
  ttft_p95: quotient('ms', ['ttft_sketch'], ['ttft_ms'], percentile('ttft_sketch', 0.95)),
  cost_per_call: quotient(
    'USD',
    ['cost', 'calls'],
    ['cost'],
    ratio(
      (m) => m.sum('cost'),
      (m) => m.sum('calls'),
    ),
  ),
  tokens_per_call: quotient(
    'tokens',
    ['input_tokens', 'output_tokens', 'calls'],
    [['input_tokens', 'output_tokens']],
    ratio(tokens, (m) => m.sum('calls')),
  ),
  cost_per_1k_tokens: quotient(
    'USD',
    ['cost', 'input_tokens', 'output_tokens'],
    ['cost', ['input_tokens', 'output_tokens']],
    ratio((m) => m.sum('cost') * 1000n, tokens),
  ),
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

const EMPTY_SKETCH: Sketch = new Map();

/** The metric's value in a cell; null when a ratio or percentile has nothing to divide. A null cell has no rows. */
export function sampleOf(metric: Metric, errors: ErrorFilter, cell: Cell | null): Sample | null {
  const definition = DEFINITIONS[metric];
  if (definition.value === null) return sumSample(definition.measures, errors, cell);
  if (cell === null) return null;
  const value = definition.value({
    sum: (measure) => cell.sums[narrowed(measure, errors)] ?? 0n,
    sketch: (measure) => cell.sketches[measure] ?? EMPTY_SKETCH,
  });
  if (value === null) return null;
  const calls = Number((cell.sums.calls ?? 0n) / ONE);
  if ('estimate' in value) {
    return { fixed: BigInt(Math.round(value.estimate * 1e6)) * 10n ** 6n, number: value.estimate, calls };
  }
  const divisor = value.by < 0n ? -value.by : value.by;
  const dividend = (value.by < 0n ? -value.of : value.of) * ONE;
  return {
    fixed: divideRounded(dividend, divisor),
    // Both sides are whole numbers of 10^-12, so one division of doubles is the nearest there is.
    number: Number(value.of) / Number(value.by),
    calls,
  };
}

/** Apart from ratios, and without closures: a poll makes one for every group of every rule. */
function sumSample(measures: readonly Measure[], errors: ErrorFilter, cell: Cell | null): Sample {
  if (cell === null) return { fixed: 0n, number: 0, calls: 0 };
  let fixed = 0n;
  for (const measure of measures) fixed += cell.sums[narrowed(measure, errors)] ?? 0n;
  return { fixed, number: Number(fixed) / Number(ONE), calls: Number((cell.sums.calls ?? 0n) / ONE) };
}
