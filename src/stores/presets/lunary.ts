// The table of Lunary.

import type { Preset } from './preset.ts';

/** Runs of type llm are calls. A run is written when it begins: tokens and cost follow with its end. */
export const LUNARY: Preset = {
  mapping: {
    table: 'run',
    columns: {
      time: 'created_at',
      cost: 'cost',
      service: { sql: '(SELECT p.name FROM project p WHERE p.id = run.project_id)' },
      model: { sql: `NULLIF(name, '')` },
      user: { sql: '(SELECT e.external_id FROM external_user e WHERE e.id = run.external_user_id)' },
      input_tokens: 'prompt_tokens',
      output_tokens: 'completion_tokens',
      cached_tokens: 'cached_prompt_tokens',
      error: {
        sql: `CASE WHEN status = 'error' THEN COALESCE(NULLIF(error->>'message', ''), NULLIF(error::text, 'null'), 'error') END`,
      },
      latency_ms: { sql: 'EXTRACT(EPOCH FROM (ended_at - created_at)) * 1000' },
    },
    dimensions: {},
    where: [{ column: 'type', values: { in: ['llm'] } }],
    timeKind: 'timestamptz',
    optional: { cached_prompt_tokens: 'integer' },
  },
  written: {},
  filled: {},
  own: null,
};
