// The table of Dify.

import type { Preset } from './preset.ts';

/** A row is a message of a chat, with one price for all that its answer took. Only prices in USD are costs. */
export const DIFY: Preset = {
  mapping: {
    table: 'messages',
    columns: {
      time: 'created_at',
      cost: { sql: `CASE WHEN currency = 'USD' THEN total_price END` },
      service: { sql: '(SELECT a.name FROM apps a WHERE a.id = messages.app_id)' },
      model: { sql: `NULLIF(model_id, '')` },
      user: { sql: 'COALESCE(from_end_user_id, from_account_id)' },
      endpoint: { sql: `NULLIF(invoke_from, '')` },
      session: 'conversation_id',
      input_tokens: 'message_tokens',
      output_tokens: 'answer_tokens',
      error: { sql: `CASE WHEN status = 'error' THEN COALESCE(NULLIF(error, ''), 'error') END` },
      latency_ms: { sql: 'NULLIF(provider_response_latency, 0) * 1000' },
    },
    dimensions: {},
    timeKind: null,
    optional: { status: 'text', error: 'text' },
  },
  engines: { mysql: {} },
  written: {},
  filled: {},
  own: null,
};
