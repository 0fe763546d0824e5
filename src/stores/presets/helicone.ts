// The table of Helicone, in ClickHouse.

import type { Preset } from './preset.ts';

const CACHED = `cache_reference_id != toUUID('00000000-0000-0000-0000-000000000000')`;
/** The program counts them apart from those of the prompt. */
const INPUT = 'ifNull(prompt_tokens, 0) + prompt_cache_read_tokens + prompt_cache_write_tokens';
const HAS_TOKENS = `${INPUT} + ifNull(completion_tokens, 0) > 0`;

/**
 * Costs are whole numbers of 10^-9 USD, and 0 for a model without a price. An answer of the cache costs nothing. What is not
 * known is 0 or empty: tokens, the time to the first of them, the URL.
 */
export const HELICONE: Preset = {
  onlyIn: 'clickhouse',
  requires: ['organization_id'],
  mapping: {
    table: 'request_response_rmt',
    columns: {
      time: 'request_created_at',
      cost: {
        sql: `multiIf(${CACHED}, toDecimal128(0, 9), cost = 0 AND ${HAS_TOKENS}, NULL, toDecimal128(cost, 0) * toDecimal128('0.000000001', 9))`,
      },
      service: { sql: `nullIf(properties['Helicone-Property-App'], '')` },
      model: { sql: `nullIf(model, '')` },
      user: { sql: `nullIf(user_id, '')` },
      endpoint: { sql: `nullIf(path(target_url), '')` },
      session: { sql: `nullIf(properties['Helicone-Session-Id'], '')` },
      input_tokens: { sql: INPUT },
      output_tokens: 'completion_tokens',
      cached_tokens: 'prompt_cache_read_tokens',
      cache_write_tokens: 'prompt_cache_write_tokens',
      status: { sql: 'if(status BETWEEN 100 AND 599, status, if(status < 0, 499, NULL))' },
      latency_ms: 'latency',
      ttft_ms: { sql: 'nullIf(time_to_first_token, 0)' },
    },
    dimensions: { provider: 'provider' },
    timeKind: null,
  },
  written: {},
  filled: {},
  own: null,
};
