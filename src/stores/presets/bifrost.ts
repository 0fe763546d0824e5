// The table of the Bifrost gateway.

import { objectSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { failedStatusSqlite, valueSqlite } from './sqlite-sql.ts';

const DETAILS = objectSql('error_details');
const STATUS = `${DETAILS}->>'status_code'`;

/**
 * A row is an attempt: a fallback has one of its own. A NULL cost is an unknown one, and a call that is still processing has
 * neither tokens nor cost.
 */
export const BIFROST: Preset = {
  mapping: {
    table: 'logs',
    columns: {
      time: 'timestamp',
      cost: 'cost',
      service: { sql: `COALESCE(NULLIF(virtual_key_name, ''), provider)` },
      model: { sql: `NULLIF(model, '')` },
      user: { sql: `NULLIF(user_id, '')` },
      endpoint: { sql: `NULLIF(object_type, '')` },
      session: { sql: `NULLIF(parent_request_id, '')` },
      input_tokens: 'prompt_tokens',
      output_tokens: 'completion_tokens',
      cached_tokens: 'cached_read_tokens',
      status: {
        sql: `CASE WHEN status <> 'error' THEN 200 WHEN ${STATUS} ~ '^[1-9][0-9]{2}$' AND ${STATUS} !~ '^[23]'
          THEN (${STATUS})::int END`,
      },
      error: {
        sql: `CASE WHEN status = 'error' THEN COALESCE(NULLIF(${DETAILS} #>> '{error,message}', ''), 'error') END`,
      },
      latency_ms: 'latency',
    },
    dimensions: { provider: 'provider', team: 'team_id' },
    timeKind: null,
    optional: {
      cached_read_tokens: 'integer',
      team_id: 'text',
      user_id: 'text',
      virtual_key_name: 'text',
    },
  },
  engines: {
    sqlite: {
      columns: {
        status: {
          sql: `CASE WHEN status <> 'error' THEN 200 ELSE ${failedStatusSqlite(valueSqlite('error_details', '$.status_code'))} END`,
        },
        error: {
          sql: `CASE WHEN status = 'error' THEN COALESCE(NULLIF(${valueSqlite('error_details', '$.error.message')}, ''), 'error') END`,
        },
      },
    },
  },
  written: {},
  filled: {},
  own: null,
};
