// The table of Langfuse 2.

import type { Preset } from './preset.ts';

/** Of the trace that a generation belongs to. */
function ofTrace(column: string): string {
  return `(SELECT NULLIF(t.${column}, '') FROM traces t
    WHERE t.id = observations.trace_id AND t.project_id = observations.project_id)`;
}

/** Generations are calls. They are written before they end: tokens and cost follow, at times much later. */
export const LANGFUSE2: Preset = {
  mapping: {
    table: 'observations',
    columns: {
      time: 'start_time',
      cost: { sql: 'COALESCE(total_cost, calculated_total_cost)' },
      service: { sql: ofTrace('name') },
      model: { sql: `NULLIF(model, '')` },
      user: { sql: ofTrace('user_id') },
      endpoint: { sql: `NULLIF(name, '')` },
      session: { sql: ofTrace('session_id') },
      input_tokens: 'prompt_tokens',
      output_tokens: 'completion_tokens',
      error: {
        sql: `CASE WHEN level::text = 'ERROR' THEN COALESCE(NULLIF(status_message, ''), 'error') END`,
      },
      latency_ms: { sql: 'EXTRACT(EPOCH FROM (end_time - start_time)) * 1000' },
      ttft_ms: { sql: 'EXTRACT(EPOCH FROM (completion_start_time - start_time)) * 1000' },
    },
    dimensions: { project: 'project_id' },
    where: [{ column: 'type', values: { in: ['GENERATION'] } }],
    timeKind: 'timestamp_utc',
  },
  written: {},
  filled: {},
  own: null,
};
