// The table of TensorZero.

import type { Preset } from './preset.ts';

/** A row is a successful call of a provider. A NULL cost is an unknown one; an answer from the gateway's cache costs 0. */
export const TENSORZERO: Preset = {
  mapping: {
    table: 'tensorzero.model_inferences',
    columns: {
      time: 'created_at',
      cost: 'cost',
      service: { sql: `NULLIF(function_name, '')` },
      model: { sql: `NULLIF(model_name, '')` },
      endpoint: { sql: `NULLIF(variant_name, '')` },
      input_tokens: 'input_tokens',
      output_tokens: 'output_tokens',
      cached_tokens: 'provider_cache_read_input_tokens',
      cache_write_tokens: 'provider_cache_write_input_tokens',
      status: { sql: '200' },
      latency_ms: 'response_time_ms',
      ttft_ms: 'ttft_ms',
    },
    dimensions: { provider: 'model_provider_name' },
    timeKind: 'timestamptz',
    optional: {
      cost: 'numeric',
      function_name: 'text',
      variant_name: 'text',
      provider_cache_read_input_tokens: 'integer',
      provider_cache_write_input_tokens: 'integer',
    },
  },
  engines: {
    clickhouse: {
      table: 'ModelInference',
      columns: { time: 'timestamp' },
      timeKind: null,
    },
  },
  written: {},
  filled: {},
  own: null,
};
