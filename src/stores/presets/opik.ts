// The table of Opik, in ClickHouse.

import type { Preset } from './preset.ts';

const PROMPT = `usage['prompt_tokens']`;
const COMPLETION = `usage['completion_tokens']`;

/** The largest of some keys of usage: each SDK writes one of them. */
function usage(...keys: readonly string[]): { sql: string } {
  return { sql: `arrayMax([${keys.map((key) => `ifNull(usage['${key}'], 0)`).join(', ')}])` };
}

/** Spans of models are calls. A cost of 0 with tokens is one that is not known. */
export const OPIK: Preset = {
  onlyIn: 'clickhouse',
  requires: ['workspace_id'],
  mapping: {
    table: 'spans',
    columns: {
      time: 'start_time',
      cost: {
        sql: `if(total_estimated_cost = 0 AND ifNull(${PROMPT}, 0) + ifNull(${COMPLETION}, 0) > 0, NULL, total_estimated_cost)`,
      },
      service: 'project_id',
      model: { sql: `nullIf(model, '')` },
      endpoint: { sql: `nullIf(name, '')` },
      input_tokens: { sql: PROMPT },
      output_tokens: { sql: COMPLETION },
      cached_tokens: usage(
        'original_usage.prompt_tokens_details.cached_tokens',
        'original_usage.input_tokens_details.cached_tokens',
        'original_usage.cached_content_token_count',
        'original_usage.cache_read_input_tokens',
        'cache_read_input_tokens',
      ),
      reasoning_tokens: usage(
        'original_usage.completion_tokens_details.reasoning_tokens',
        'original_usage.output_tokens_details.reasoning_tokens',
        'original_usage.thoughts_token_count',
      ),
      error: 'error_info',
      // A span that has not ended may have an end in 1970.
      latency_ms: {
        sql: `if(end_time < start_time, NULL, dateDiff('microsecond', start_time, end_time) / 1000)`,
      },
      ttft_ms: 'ttft',
    },
    dimensions: { provider: { sql: `nullIf(provider, '')` } },
    where: [{ column: 'type', values: { in: ['llm'] } }],
    timeKind: null,
    optional: { ttft: 'Nullable(Float64)' },
  },
  written: {},
  filled: {},
  own: null,
};
