// The catalogue of metrics: how each is computed, and its words.

import type { Measure, SketchMeasure } from './measure.ts';

export type Unit = 'USD' | 'calls' | 'tokens' | 'ratio' | 'ms';

/** How a value is computed from measures: their sum, a fraction of two such sums, or a quantile of a sketch. */
export type Value =
  | { readonly kind: 'sum'; readonly of: readonly Measure[] }
  | {
      readonly kind: 'ratio';
      readonly of: readonly Measure[];
      readonly by: readonly Measure[];
      /** The value is per this many of `by`, in Fixed. */
      readonly per: bigint;
    }
  | { readonly kind: 'quantile'; readonly sketch: SketchMeasure; readonly q: number };

/** The entry of a metric. Options, checks, messages and the docs follow from it. */
export interface MetricEntry {
  readonly unit: Unit;
  readonly value: Value;
  /** The noun after its number: `890,000 calls`, `$12.00 wasted`. */
  readonly noun: string;
  /** What a group did, in a sentence; `{}` is the number: `spent {}`, `made {} calls`. */
  readonly says: string;
  /** The heading of its column in a table. */
  readonly heading: string;
  /** Its names in other tools. `validate` suggests the metric for them. */
  readonly alsoCalled?: readonly string[];
  /** Its definition over the calls of window and group, for docs/reference.md. */
  readonly doc: string;
}

function sum(of: readonly [Measure, ...Measure[]]): Value {
  return { kind: 'sum', of };
}

function ratio(of: readonly Measure[], by: readonly Measure[], per = 1n): Value {
  return { kind: 'ratio', of, by, per };
}

function quantile(sketch: SketchMeasure, q: number): Value {
  return { kind: 'quantile', sketch, q };
}

const TOKENS = ['input_tokens', 'output_tokens'] as const satisfies readonly Measure[];

export const METRIC_CATALOGUE = {
  spend: {
    unit: 'USD',
    value: sum(['cost']),
    noun: '',
    says: 'spent {}',
    heading: 'spend',
    alsoCalled: 'cost costs price usd dollars money amount total_cost cost_usd budget'.split(' '),
    doc: 'sum of cost',
  },
  calls: {
    unit: 'calls',
    value: sum(['calls']),
    noun: 'calls',
    says: 'made {} calls',
    heading: 'calls',
    alsoCalled: ['requests', 'request_count', 'count', 'call_count', 'rps', 'qps'],
    doc: 'number of rows',
  },
  tokens: {
    unit: 'tokens',
    value: sum(TOKENS),
    noun: 'tokens',
    says: 'used {} tokens',
    heading: 'tokens',
    doc: 'sum of input and output tokens',
  },
  input_tokens: {
    unit: 'tokens',
    value: sum(['input_tokens']),
    noun: 'input tokens',
    says: 'used {} input tokens',
    heading: 'input tokens',
    alsoCalled: ['prompt_tokens', 'tokens_in'],
    doc: 'sum of input tokens',
  },
  output_tokens: {
    unit: 'tokens',
    value: sum(['output_tokens']),
    noun: 'output tokens',
    says: 'used {} output tokens',
    heading: 'output tokens',
    alsoCalled: ['completion_tokens', 'tokens_out'],
    doc: 'sum of output tokens',
  },
  errors: {
    unit: 'calls',
    value: sum(['failed']),
    noun: 'failed calls',
    says: 'had {} failed calls',
    heading: 'failed',
    alsoCalled: ['failures', 'failed', 'failed_calls'],
    doc: 'number of failed calls',
  },
  error_rate: {
    unit: 'ratio',
    value: ratio(['failed'], ['calls']),
    noun: 'of calls failed',
    says: 'had {} of calls fail',
    heading: 'failed',
    alsoCalled: ['failure_rate', 'errors_rate', 'error_ratio'],
    doc: 'failed calls / all calls',
  },
  latency_avg: {
    unit: 'ms',
    value: ratio(['latency_sum'], ['latency_count']),
    noun: 'average latency',
    says: 'had an average latency of {}',
    heading: 'value',
    doc: 'mean over the calls that have a latency',
  },
  latency_p50: {
    unit: 'ms',
    value: quantile('latency_sketch', 0.5),
    noun: 'median latency',
    says: 'had a median latency of {}',
    heading: 'value',
    doc: 'percentile over the calls that have a latency',
  },
  latency_p90: {
    unit: 'ms',
    value: quantile('latency_sketch', 0.9),
    noun: 'p90 latency',
    says: 'had a p90 latency of {}',
    heading: 'value',
    doc: 'percentile over the calls that have a latency',
  },
  latency_p95: {
    unit: 'ms',
    value: quantile('latency_sketch', 0.95),
    noun: 'p95 latency',
    says: 'had a p95 latency of {}',
    heading: 'value',
    alsoCalled: ['latency', 'p95', 'response_time', 'duration'],
    doc: 'percentile over the calls that have a latency',
  },
  latency_p99: {
    unit: 'ms',
    value: quantile('latency_sketch', 0.99),
    noun: 'p99 latency',
    says: 'had a p99 latency of {}',
    heading: 'value',
    doc: 'percentile over the calls that have a latency',
  },
  ttft_p95: {
    unit: 'ms',
    value: quantile('ttft_sketch', 0.95),
    noun: 'p95 time to first token',
    says: 'had a p95 time to first token of {}',
    heading: 'value',
    alsoCalled: ['ttft'],
    doc: '95th percentile of the time to the first token',
  },
  tokens_p50: {
    unit: 'tokens',
    value: quantile('tokens_sketch', 0.5),
    noun: 'tokens in the median call',
    says: 'used {} tokens in the median call',
    heading: 'value',
    doc: 'percentile of all tokens of a call, over the calls that have tokens recorded',
  },
  tokens_p95: {
    unit: 'tokens',
    value: quantile('tokens_sketch', 0.95),
    noun: 'p95 tokens per call',
    says: 'had a p95 of {} tokens per call',
    heading: 'value',
    doc: 'percentile of all tokens of a call, over the calls that have tokens recorded',
  },
  tokens_p99: {
    unit: 'tokens',
    value: quantile('tokens_sketch', 0.99),
    noun: 'p99 tokens per call',
    says: 'had a p99 of {} tokens per call',
    heading: 'value',
    doc: 'percentile of all tokens of a call, over the calls that have tokens recorded',
  },
  cost_p95: {
    unit: 'USD',
    value: quantile('cost_sketch', 0.95),
    noun: 'p95 cost of a call',
    says: 'had a p95 cost of {} a call',
    heading: 'value',
    doc: 'percentile of the cost of a call, over the calls whose cost is known; credits count as 0',
  },
  cost_p99: {
    unit: 'USD',
    value: quantile('cost_sketch', 0.99),
    noun: 'p99 cost of a call',
    says: 'had a p99 cost of {} a call',
    heading: 'value',
    doc: 'percentile of the cost of a call, over the calls whose cost is known; credits count as 0',
  },
  cost_per_call: {
    unit: 'USD',
    value: ratio(['cost'], ['calls']),
    noun: 'per call',
    says: 'paid {} per call',
    heading: 'value',
    doc: 'sum of cost / all calls',
  },
  tokens_per_call: {
    unit: 'tokens',
    value: ratio(TOKENS, ['calls']),
    noun: 'tokens per call',
    says: 'used {} tokens per call',
    heading: 'value',
    doc: 'all tokens / all calls',
  },
  cost_per_1k_tokens: {
    unit: 'USD',
    value: ratio(['cost'], TOKENS, 1000n),
    noun: 'per 1,000 tokens',
    says: 'paid {} per 1,000 tokens',
    heading: 'value',
    doc: '1,000 × sum of cost / all tokens',
  },
  wasted_spend: {
    unit: 'USD',
    value: sum(['failed_cost']),
    noun: 'wasted on failed calls',
    says: 'wasted {} on failed calls',
    heading: 'wasted',
    doc: 'sum of cost of failed calls',
  },
  unpriced_calls: {
    unit: 'calls',
    value: sum(['unpriced']),
    noun: 'calls without a price',
    says: 'made {} calls without a price',
    heading: 'unpriced',
    doc: 'calls with an unknown cost',
  },
} as const satisfies Record<string, MetricEntry>;

/** The name of a metric in alerts.yaml. */
export type Metric = keyof typeof METRIC_CATALOGUE;
