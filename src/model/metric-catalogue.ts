// The catalogue of metrics: how each is computed, and its words.

import type { Measure, SketchMeasure } from './measure.ts';
import type { MetricEntry, Value } from './metric-entry.ts';

function sum(of: readonly [Measure, ...Measure[]]): Value {
  return { kind: 'sum', of };
}

function ratio(of: readonly Measure[], by: readonly Measure[], per = 1n): Value {
  return { kind: 'ratio', of, by, per };
}

/** A percentile of what a sketch counts; `noun` follows its number. */
function percentile(
  unit: 'ms' | 'tokens' | 'USD',
  sketch: SketchMeasure,
  q: number,
  noun: string,
  doc: string,
  says = `had a ${noun} of {}`,
): MetricEntry {
  return { unit, value: { kind: 'quantile', sketch, q }, noun, says, heading: 'value', doc };
}

const LATENCY = 'percentile over the calls that have a latency';
const CALL_COST = 'percentile of the cost of a call, over the calls whose cost is known; credits count as 0';
function tokensOfCall(q: number, noun: string, says: string): MetricEntry {
  const doc = 'percentile of all tokens of a call, over the calls that have tokens recorded';
  return percentile('tokens', 'tokens_sketch', q, noun, doc, says);
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
  cached_tokens: {
    unit: 'tokens',
    value: sum(['cached_tokens']),
    noun: 'cached tokens',
    says: 'read {} tokens from the cache',
    heading: 'cached tokens',
    alsoCalled: ['cache_read_tokens', 'cached_input_tokens', 'cache_read_input_tokens'],
    doc: 'sum of cached tokens',
  },
  cache_hit_rate: {
    unit: 'ratio',
    value: ratio(['cached_tokens'], ['input_tokens']),
    noun: 'of input tokens cached',
    says: 'had {} of input tokens cached',
    heading: 'cached',
    alsoCalled: ['cache_rate', 'cache_hits', 'cache_ratio'],
    doc: 'cached tokens / input tokens',
  },
  reasoning_tokens: {
    unit: 'tokens',
    value: sum(['reasoning_tokens']),
    noun: 'reasoning tokens',
    says: 'used {} reasoning tokens',
    heading: 'reasoning tokens',
    alsoCalled: ['thinking_tokens'],
    doc: 'sum of reasoning tokens',
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
  latency_p50: percentile('ms', 'latency_sketch', 0.5, 'median latency', LATENCY),
  latency_p90: percentile('ms', 'latency_sketch', 0.9, 'p90 latency', LATENCY),
  latency_p95: {
    ...percentile('ms', 'latency_sketch', 0.95, 'p95 latency', LATENCY),
    alsoCalled: ['latency', 'p95', 'response_time', 'duration'],
  },
  latency_p99: percentile('ms', 'latency_sketch', 0.99, 'p99 latency', LATENCY),
  ttft_p95: {
    ...percentile(
      'ms',
      'ttft_sketch',
      0.95,
      'p95 time to first token',
      '95th percentile of the time to the first token',
    ),
    alsoCalled: ['ttft'],
  },
  tokens_p50: tokensOfCall(0.5, 'tokens in the median call', 'used {} tokens in the median call'),
  tokens_p95: tokensOfCall(0.95, 'p95 tokens per call', 'had a p95 of {} tokens per call'),
  tokens_p99: tokensOfCall(0.99, 'p99 tokens per call', 'had a p99 of {} tokens per call'),
  cost_p95: percentile('USD', 'cost_sketch', 0.95, 'p95 cost of a call', CALL_COST),
  cost_p99: percentile('USD', 'cost_sketch', 0.99, 'p99 cost of a call', CALL_COST),
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
  repeated_calls: {
    unit: 'calls',
    value: sum(['repeated']),
    noun: 'repeated calls',
    says: 'repeated {} calls',
    heading: 'repeated',
    alsoCalled: ['retries', 'retry_count', 'duplicate_calls', 'duplicates'],
    doc: 'calls after the first of the same minute with the same service, user, session, model and input tokens',
  },
  repeated_spend: {
    unit: 'USD',
    value: sum(['repeated_cost']),
    noun: 'on repeated calls',
    says: 'spent {} on repeated calls',
    heading: 'repeated',
    alsoCalled: ['retry_cost', 'duplicate_spend'],
    doc: 'sum of cost of repeated calls',
  },
  list_spend: {
    unit: 'USD',
    value: sum(['list_cost']),
    noun: 'by the price list',
    says: 'would have spent {} by the price list',
    heading: 'by list',
    alsoCalled: ['list_cost', 'list_price', 'expected_spend'],
    doc: 'sum of cost by the price list, whatever was recorded',
  },
  price_gap: {
    unit: 'ratio',
    value: ratio(['list_cost_gap'], ['list_cost_recorded']),
    noun: 'over the price list',
    says: 'paid {} over the price list',
    heading: 'over list',
    alsoCalled: ['price_drift', 'cost_gap', 'overcharge'],
    doc: '(sum of recorded cost − sum of cost by the price list) / the latter, over the calls that have both',
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

/** The name of a metric of the catalogue in alerts.yaml. */
export type CatalogueMetric = keyof typeof METRIC_CATALOGUE;
