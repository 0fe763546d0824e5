// The table of Open WebUI.

import { decimalSql, wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { valueSqlite } from './sqlite-sql.ts';

function tokens(...names: readonly string[]): string {
  return `COALESCE(${names.map((name) => wholeSql(`(usage->>'${name}')`)).join(', ')})`;
}

function tokensSqlite(...names: readonly string[]): string {
  return `COALESCE(${names.map((name) => valueSqlite('usage', `$.${name}`)).join(', ')})`;
}

/**
 * An answer is a call. Only some providers tell its cost, in `cost` or `cost.total_cost`. JSON null is no error. The row is
 * there before the answer is complete: its tokens and cost follow.
 */
export const OPENWEBUI: Preset = {
  mapping: {
    table: 'chat_message',
    columns: {
      time: 'created_at',
      cost: { sql: decimalSql(`COALESCE(usage->'cost'->>'total_cost', usage->>'cost')`) },
      model: { sql: `NULLIF(model_id, '')` },
      user: { sql: '(SELECT u.email FROM "user" u WHERE u.id = chat_message.user_id)' },
      session: 'chat_id',
      input_tokens: { sql: tokens('input_tokens', 'prompt_tokens') },
      output_tokens: { sql: tokens('output_tokens', 'completion_tokens') },
      error: { sql: `NULLIF(error::text, 'null')` },
    },
    dimensions: {},
    where: [{ column: 'role', values: { in: ['assistant'] } }],
    timeKind: { unit: 's' },
  },
  engines: {
    sqlite: {
      columns: {
        cost: {
          sql: `COALESCE(${valueSqlite('usage', '$.cost.total_cost')}, ${valueSqlite('usage', '$.cost')})`,
        },
        input_tokens: { sql: tokensSqlite('input_tokens', 'prompt_tokens') },
        output_tokens: { sql: tokensSqlite('output_tokens', 'completion_tokens') },
        error: { sql: `NULLIF(error, 'null')` },
      },
    },
  },
  written: {},
  filled: {},
  own: null,
};
