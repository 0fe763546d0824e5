// The tables of Arize Phoenix.

import { wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { valueSqlite } from './sqlite-sql.ts';

function attributeSqlite(path: string): string {
  return `NULLIF(${valueSqlite('attributes', path)}, '')`;
}

/**
 * Spans of kind LLM and EMBEDDING are calls: others repeat the tokens of those below them. The cost stands in a row of its
 * own, seconds after the span. Attributes are nested objects.
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
      model: { sql: `NULLIF(attributes #>> '{llm,model_name}', '')` },
      user: { sql: `NULLIF(attributes #>> '{user,id}', '')` },
      endpoint: { sql: `NULLIF(name, '')` },
      session: { sql: `NULLIF(attributes #>> '{session,id}', '')` },
      input_tokens: 'llm_token_count_prompt',
      output_tokens: 'llm_token_count_completion',
      cached_tokens: { sql: wholeSql(`(attributes #>> '{llm,token_count,prompt_details,cache_read}')`) },
      error: {
        sql: `CASE WHEN status_code = 'ERROR' THEN COALESCE(NULLIF(status_message, ''), 'error') END`,
      },
      latency_ms: { sql: 'EXTRACT(EPOCH FROM (end_time - start_time)) * 1000' },
    },
    dimensions: { provider: { sql: `NULLIF(attributes #>> '{llm,provider}', '')` } },
    where: [{ sql: `upper(span_kind) IN ('LLM', 'EMBEDDING')` }],
    timeKind: 'timestamptz',
  },
  engines: {
    sqlite: {
      columns: {
        cost: { sql: '(SELECT sum(c.total_cost) FROM span_costs c WHERE c.span_rowid = spans.id)' },
        model: { sql: attributeSqlite('$.llm.model_name') },
        user: { sql: attributeSqlite('$.user.id') },
        session: { sql: attributeSqlite('$.session.id') },
        cached_tokens: { sql: attributeSqlite('$.llm.token_count.prompt_details.cache_read') },
        latency_ms: { sql: 'round((julianday(end_time) - julianday(start_time)) * 86400000)' },
      },
      dimensions: { provider: { sql: attributeSqlite('$.llm.provider') } },
    },
  },
  written: {},
  filled: {},
  own: null,
};
