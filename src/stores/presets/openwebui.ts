// The table of Open WebUI.

import { decimalSql, wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { valueSqlite } from './sqlite-sql.ts';

function tokens(names: readonly string[]): string {
  return `COALESCE(${names.map((name) => wholeSql(`(usage #>> '{${name.replace('.', ',')}}')`)).join(', ')})`;
}

function tokensSqlite(names: readonly string[]): string {
  return `COALESCE(${names.map((name) => valueSqlite('usage', `$.${name}`)).join(', ')})`;
}

/** The details of usage, under the names of both APIs of OpenAI. */
const CACHED = ['input_tokens_details.cached_tokens', 'prompt_tokens_details.cached_tokens'];
const REASONING = ['output_tokens_details.reasoning_tokens', 'completion_tokens_details.reasoning_tokens'];

/**
 * An answer is a call. Only some providers tell its cost, in `cost`, `cost.total_cost` or `total_cost`. JSON null is no error.
 * The row is there before the answer is complete: its tokens and cost follow. Imported chats may have milliseconds in
 * `created_at`, and would stand far in the future.
 */
export const OPENWEBUI: Preset = {
  mapping: {
    table: 'chat_message',
    columns: {
      time: 'created_at',
      cost: {
        sql: decimalSql(`COALESCE(usage->'cost'->>'total_cost', usage->>'cost', usage->>'total_cost')`),
      },
      model: { sql: `NULLIF(model_id, '')` },
      user: { sql: '(SELECT u.email FROM "user" u WHERE u.id = chat_message.user_id)' },
      session: 'chat_id',
      input_tokens: { sql: tokens(['input_tokens', 'prompt_tokens']) },
      output_tokens: { sql: tokens(['output_tokens', 'completion_tokens']) },
      cached_tokens: { sql: tokens(CACHED) },
      reasoning_tokens: { sql: tokens(REASONING) },
      error: { sql: `NULLIF(error::text, 'null')` },
    },
    dimensions: {},
    where: [{ column: 'role', values: { in: ['assistant'] } }, { sql: 'created_at < 10000000000' }],
    timeKind: { unit: 's' },
  },
  engines: {
    sqlite: {
      columns: {
        cost: {
          sql: `COALESCE(${valueSqlite('usage', '$.cost.total_cost')}, ${valueSqlite('usage', '$.cost')}, ${valueSqlite('usage', '$.total_cost')})`,
        },
        input_tokens: { sql: tokensSqlite(['input_tokens', 'prompt_tokens']) },
        output_tokens: { sql: tokensSqlite(['output_tokens', 'completion_tokens']) },
        cached_tokens: { sql: tokensSqlite(CACHED) },
        reasoning_tokens: { sql: tokensSqlite(REASONING) },
        error: { sql: `NULLIF(error, 'null')` },
      },
    },
  },
  written: {},
  filled: {},
  own: null,
};
