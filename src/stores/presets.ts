// Tables that are known: api_audit_logs, litellm.

import type { Column } from '../model/metric.ts';
import type { ColumnSource, Mapping } from './audit-store.ts';

/** A table that many keep: its mapping, and what is known beyond it. */
export interface Preset {
  readonly mapping: Mapping;
  /** Where `insert` writes a column that is read by an expression. */
  readonly written: Readonly<Partial<Record<Column, string>>>;
  /** What `insert` writes where a row says nothing and the table takes no NULL. */
  readonly filled: Readonly<Partial<Record<Column, string>>>;
  /** Whether `createTable` may make it: other programs own the tables of the other presets. */
  readonly own: boolean;
}

/** The table that `init --create-table` makes. A NULL cost is an unknown one, not 0. */
const API_AUDIT_LOGS: Preset = {
  mapping: {
    table: 'api_audit_logs',
    columns: {
      time: 'request_timestamp',
      cost: 'cost_usd',
      service: 'service_name',
      model: 'model',
      user: 'user_id',
      endpoint: 'endpoint',
      session: 'session_id',
      input_tokens: 'input_tokens',
      output_tokens: { sql: 'COALESCE(actual_output_tokens, expected_output_tokens)' },
      status: 'status_code',
      error: 'error_message',
      latency_ms: 'latency_ms',
      ttft_ms: 'time_to_first_token_ms',
      id: 'id',
      request_id: 'request_id',
    },
    dimensions: {},
    timeKind: 'timestamptz',
  },
  written: { output_tokens: 'actual_output_tokens' },
  filled: { endpoint: '', input_tokens: '0' },
  own: true,
};

/** Old rows have no `status`, very old ones only the metadata's; only 'success' is success. `->` is NULL on JSON that is no object. */
const LITELLM_OK = `COALESCE(NULLIF(status, ''), metadata->>'status', 'success') = 'success'`;
const LITELLM_ERROR = `metadata->'error_information'`;

/**
 * The proxy writes 0 when it does not know a price. An answer from its cache is free, and so is a failed call. For any other call with
 * tokens, 0 is an unknown cost, which a price list may replace.
 */
const LITELLM_COST = `CASE WHEN spend = 0 AND lower(cache_hit) IS DISTINCT FROM 'true' AND ${LITELLM_OK}
  THEN NULL ELSE spend END`;

/**
 * LiteLLM proxy. Times have no zone and are UTC; empty strings stand for what is not known. Failure is what `status`
 * says: the code of a failure that claims success is dropped, and a failure without words still has an error text.
 */
const LITELLM: Preset = {
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
    dimensions: {},
    timeKind: 'timestamp_utc',
    optional: { cache_hit: 'text', request_duration_ms: 'integer', session_id: 'text', status: 'text' },
  },
  written: { cost: 'spend' },
  filled: {},
  own: false,
};

export const PRESETS = { api_audit_logs: API_AUDIT_LOGS, litellm: LITELLM } as const satisfies Record<
  string,
  Preset
>;
export type PresetName = keyof typeof PRESETS;

const OF_PRESETS: ReadonlySet<ColumnSource> = new Set(
  Object.values(PRESETS).flatMap(({ mapping }) => Object.values(mapping.columns)),
);

/** Whether an expression is a preset's own, and no operator's: these look at nothing but the row that they are of. */
export function isOfPreset(source: ColumnSource): boolean {
  return OF_PRESETS.has(source);
}
