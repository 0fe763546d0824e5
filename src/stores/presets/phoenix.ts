// The tables of Arize Phoenix.

import { wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { valueSqlite } from './sqlite-sql.ts';

function attributeSqlite(path: string): string {
  return `NULLIF(${valueSqlite('attributes', path)}, '')`;
}

const MODELS = ['llm.model_name', 'embedding.model_name'];
const text = (path: string): string => `NULLIF(attributes #>> '{${path.replaceAll('.', ',')}}', '')`;

/** Tokens of prompt or completion, where they stand in the attributes. */
const count = (path: string): string =>
  wholeSql(`(attributes #>> '{llm,token_count,${path.replaceAll('.', ',')}}')`);
const countSqlite = (path: string): string => attributeSqlite(`$.llm.token_count.${path}`);

/**
 * Spans of kind LLM and EMBEDDING are calls: others repeat the tokens of those below them. Only those of kind LLM have their
 * tokens in columns, and a cost, in a row of its own that follows the span. Attributes are nested objects.
 */
export const PHOENIX: Preset = {
  mapping: {
    table: 'spans',
    columns: {
      time: 'start_time',
      cost: { sql: '(SELECT sum(c.total_cost::numeric) FROM span_costs c WHERE c.span_rowid = spans.id)' },
      service: {
        sql: `(SELECT p.name FROM traces t JOIN projects p ON p.id = t.project_rowid WHERE t.id = spans.trace_rowid)`,
      },
      model: { sql: `COALESCE(${MODELS.map(text).join(', ')})` },
      user: { sql: text('user.id') },
      endpoint: { sql: `NULLIF(name, '')` },
      session: { sql: text('session.id') },
      input_tokens: { sql: `COALESCE(llm_token_count_prompt, ${count('prompt')})` },
      output_tokens: { sql: `COALESCE(llm_token_count_completion, ${count('completion')})` },
      cached_tokens: { sql: count('prompt_details.cache_read') },
      cache_write_tokens: { sql: count('prompt_details.cache_write') },
      reasoning_tokens: { sql: count('completion_details.reasoning') },
      error: {
        sql: `CASE WHEN status_code = 'ERROR' THEN COALESCE(NULLIF(status_message, ''), 'error') END`,
      },
      latency_ms: { sql: 'EXTRACT(EPOCH FROM (end_time - start_time)) * 1000' },
    },
    dimensions: { provider: { sql: text('llm.provider') } },
    where: [{ sql: `upper(span_kind) IN ('LLM', 'EMBEDDING')` }],
    timeKind: 'timestamptz',
  },
  engines: {
    sqlite: {
      columns: {
        cost: { sql: '(SELECT sum(c.total_cost) FROM span_costs c WHERE c.span_rowid = spans.id)' },
        model: { sql: `COALESCE(${MODELS.map((path) => attributeSqlite(`$.${path}`)).join(', ')})` },
        user: { sql: attributeSqlite('$.user.id') },
        session: { sql: attributeSqlite('$.session.id') },
        input_tokens: { sql: `COALESCE(llm_token_count_prompt, ${countSqlite('prompt')})` },
        output_tokens: { sql: `COALESCE(llm_token_count_completion, ${countSqlite('completion')})` },
        cached_tokens: { sql: countSqlite('prompt_details.cache_read') },
        cache_write_tokens: { sql: countSqlite('prompt_details.cache_write') },
        reasoning_tokens: { sql: countSqlite('completion_details.reasoning') },
        latency_ms: { sql: 'round((julianday(end_time) - julianday(start_time)) * 86400000)' },
      },
      dimensions: { provider: { sql: attributeSqlite('$.llm.provider') } },
    },
  },
  written: {},
  filled: {},
  own: null,
};
