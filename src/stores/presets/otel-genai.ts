// A table of OpenTelemetry spans with attributes of the GenAI conventions.

import { decimalSql, wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';

/** The names of attributes, the newest first; older instrumentations write the others. */
const KEYS = {
  model: ['gen_ai.response.model', 'gen_ai.request.model', 'llm.model_name'],
  user: ['user.id', 'enduser.id', 'gen_ai.request.user', 'traceloop.association.properties.user_id'],
  session: ['gen_ai.conversation.id', 'session.id'],
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt'],
  output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion'],
  cached: ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.prompt_tokens_details.cached_tokens'],
  written: ['gen_ai.usage.cache_creation.input_tokens'],
  reasoning: ['gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens'],
  cost: ['gen_ai.usage.cost', 'llm.cost.total'],
  status: ['http.response.status_code'],
} as const;

/** Spans of agents and tools repeat the tokens of the calls below them. */
const CALLS = `IN ('', 'chat', 'text_completion', 'generate_content', 'embeddings')`;

/** An attribute of a jsonb column, and one of a map of texts. Empty is none. */
function json(keys: readonly string[]): string {
  return `COALESCE(${keys.map((key) => `NULLIF(attributes ->> '${key}', '')`).join(', ')})`;
}
function map(keys: readonly string[]): string {
  return `coalesce(${keys.map((key) => `nullIf(SpanAttributes['${key}'], '')`).join(', ')})`;
}
const jsonCount = (keys: readonly string[]) => ({ sql: wholeSql(`(${json(keys)})`) });
const mapCount = (keys: readonly string[]) => ({ sql: `toUInt64OrNull(${map(keys)})` });

/**
 * Costs are not of the conventions: where an instrumentation writes one, 0 stands for a model that it does not know. The rest
 * is priced by a list.
 */
export const OTEL_GENAI: Preset = {
  mapping: {
    table: 'otel_traces',
    columns: {
      time: 'start_time',
      cost: { sql: `NULLIF(${decimalSql(`(${json(KEYS.cost)})`)}, 0)` },
      service: { sql: `NULLIF(service_name, '')` },
      model: { sql: json(KEYS.model) },
      user: { sql: json(KEYS.user) },
      endpoint: { sql: `COALESCE(NULLIF(attributes ->> 'gen_ai.operation.name', ''), name)` },
      session: { sql: json(KEYS.session) },
      input_tokens: jsonCount(KEYS.input),
      output_tokens: jsonCount(KEYS.output),
      cached_tokens: jsonCount(KEYS.cached),
      cache_write_tokens: jsonCount(KEYS.written),
      reasoning_tokens: jsonCount(KEYS.reasoning),
      status: jsonCount(KEYS.status),
      error: {
        sql: `CASE WHEN upper(status_code) LIKE '%ERROR' THEN COALESCE(NULLIF(status_message, ''), NULLIF(attributes ->> 'error.type', ''), 'error') END`,
      },
      latency_ms: { sql: 'EXTRACT(EPOCH FROM (end_time - start_time)) * 1000' },
    },
    dimensions: { provider: { sql: json(KEYS.provider) } },
    where: [
      {
        sql: `${json(['gen_ai.request.model', 'gen_ai.response.model', 'llm.model_name'])} IS NOT NULL AND COALESCE(attributes ->> 'gen_ai.operation.name', '') ${CALLS}`,
      },
    ],
    timeKind: 'timestamptz',
  },
  engines: {
    clickhouse: {
      columns: {
        time: 'Timestamp',
        cost: { sql: `nullIf(toDecimal128OrNull(${map(KEYS.cost)}, 12), 0)` },
        service: { sql: `nullIf(ServiceName, '')` },
        model: { sql: map(KEYS.model) },
        user: { sql: map(KEYS.user) },
        endpoint: { sql: `coalesce(nullIf(SpanAttributes['gen_ai.operation.name'], ''), SpanName)` },
        session: { sql: map(KEYS.session) },
        input_tokens: mapCount(KEYS.input),
        output_tokens: mapCount(KEYS.output),
        cached_tokens: mapCount(KEYS.cached),
        cache_write_tokens: mapCount(KEYS.written),
        reasoning_tokens: mapCount(KEYS.reasoning),
        status: { sql: `toInt32OrNull(${map(KEYS.status)})` },
        error: {
          sql: `if(endsWith(upper(StatusCode), 'ERROR'), coalesce(nullIf(StatusMessage, ''), nullIf(SpanAttributes['error.type'], ''), 'error'), NULL)`,
        },
        latency_ms: { sql: 'Duration / 1000000' },
      },
      dimensions: { provider: { sql: map(KEYS.provider) } },
      where: [
        {
          sql: `${map(['gen_ai.request.model', 'gen_ai.response.model', 'llm.model_name'])} IS NOT NULL AND SpanAttributes['gen_ai.operation.name'] ${CALLS}`,
        },
      ],
      timeKind: null,
    },
  },
  written: {},
  filled: {},
  own: null,
};
