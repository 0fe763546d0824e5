// The table of the LiteLLM proxy.

import { wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';

/**
 * Old rows have no `status`, and very old ones only that of the metadata; only 'success' means success. `->>` is NULL on
 * JSON that is not an object.
 */
const LITELLM_OK = `COALESCE(NULLIF(status, ''), metadata->>'status', 'success') = 'success'`;
const LITELLM_ERROR = `metadata->'error_information'`;

/**
 * The proxy writes 0 when it does not know a price. An answer from its cache is free, and so is a failed call. For any other
 * call with tokens, 0 means unknown, and a price list may replace it.
 */
const LITELLM_COST = `CASE WHEN spend = 0 AND lower(cache_hit) IS DISTINCT FROM 'true' AND ${LITELLM_OK}
  THEN NULL ELSE spend END`;

/** What the provider said of the tokens. Values that are no whole number are none. */
function usage(path: string): string {
  return wholeSql(`metadata #>> '{additional_usage_values,${path}}'`);
}

/**
 * LiteLLM proxy. Times have no zone and are UTC; empty strings mean unknown. `status` decides about failure: the error code
 * of a call with status success is dropped, and a failure without an error text still gets one.
 */
export const LITELLM: Preset = {
  mapping: {
    table: 'LiteLLM_SpendLogs',
    columns: {
      time: 'startTime',
      cost: { sql: LITELLM_COST },
      service: { sql: `COALESCE(NULLIF(custom_llm_provider, ''), 'unknown')` },
      model: { sql: `COALESCE(NULLIF(model_group, ''), NULLIF(model, ''), 'unknown')` },
      user: { sql: `COALESCE(NULLIF("user", ''), NULLIF(end_user, ''))` },
      endpoint: { sql: `NULLIF(call_type, '')` },
      session: { sql: `NULLIF(session_id, '')` },
      input_tokens: 'prompt_tokens',
      output_tokens: 'completion_tokens',
      cached_tokens: {
        sql: `GREATEST(${usage('cache_read_input_tokens')}, ${usage('prompt_tokens_details,cached_tokens')})`,
      },
      cache_write_tokens: { sql: usage('cache_creation_input_tokens') },
      reasoning_tokens: { sql: usage('completion_tokens_details,reasoning_tokens') },
      batch: { sql: `call_type IN ('retrieve_batch', 'aretrieve_batch')` },
      status: {
        sql: `CASE WHEN ${LITELLM_OK} THEN 200
          WHEN ${LITELLM_ERROR}->>'error_code' ~ '^[0-9]{3}$' AND ${LITELLM_ERROR}->>'error_code' !~ '^[23]'
          THEN (${LITELLM_ERROR}->>'error_code')::int END`,
      },
      error: {
        sql: `CASE WHEN NOT ${LITELLM_OK} THEN COALESCE(NULLIF(${LITELLM_ERROR}->>'error_message', ''),
          NULLIF(${LITELLM_ERROR}->>'error_class', ''), 'failure') END`,
      },
      latency_ms: {
        sql: `COALESCE(request_duration_ms, EXTRACT(EPOCH FROM ("endTime" - "startTime")) * 1000)`,
      },
      ttft_ms: {
        sql: `CASE WHEN "completionStartTime" < "endTime"
          THEN EXTRACT(EPOCH FROM ("completionStartTime" - "startTime")) * 1000 END`,
      },
      request_id: 'request_id',
    },
    dimensions: {
      team: { sql: `NULLIF(team_id, '')` },
      organization: { sql: `NULLIF(organization_id, '')` },
      key: { sql: `NULLIF(metadata->>'user_api_key_alias', '')` },
    },
    timeKind: 'timestamp_utc',
    optional: {
      cache_hit: 'text',
      organization_id: 'text',
      request_duration_ms: 'integer',
      session_id: 'text',
      status: 'text',
      team_id: 'text',
    },
  },
  written: { cost: 'spend' },
  filled: {},
  own: null,
};
