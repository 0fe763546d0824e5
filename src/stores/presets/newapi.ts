// The table of New API.

import { valueMysql } from './mysql-sql.ts';
import { decimalSql, objectSql, wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { failedStatusSqlite, valueSqlite } from './sqlite-sql.ts';

const OTHER = objectSql('other');
const STATUS = `${OTHER}->>'status_code'`;

/**
 * A row is an entry of a ledger: a charge (2), a failed call (5) or a refund (6), whose quota is positive. 500,000 units of
 * quota are a dollar. Claude's tokens leave out the cached ones, so those are not counted as a part of them.
 */
export const NEWAPI: Preset = {
  mapping: {
    table: 'logs',
    columns: {
      time: 'created_at',
      cost: { sql: 'CASE type WHEN 2 THEN quota WHEN 6 THEN -quota ELSE 0 END / 500000.0' },
      service: { sql: `NULLIF(token_name, '')` },
      model: { sql: `NULLIF(model_name, '')` },
      user: { sql: `NULLIF(username, '')` },
      endpoint: { sql: `NULLIF(${OTHER}->>'request_path', '')` },
      input_tokens: 'prompt_tokens',
      output_tokens: 'completion_tokens',
      cached_tokens: {
        sql: `CASE WHEN ${OTHER}->>'claude' IS DISTINCT FROM 'true' THEN ${wholeSql(`(${OTHER}->>'cache_tokens')`)} END`,
      },
      status: {
        sql: `CASE WHEN type <> 5 THEN 200 WHEN ${STATUS} ~ '^[1-9][0-9]{2}$' AND ${STATUS} !~ '^[23]'
          THEN (${STATUS})::int END`,
      },
      error: { sql: `CASE WHEN type = 5 THEN COALESCE(NULLIF(content, ''), 'error') END` },
      latency_ms: { sql: 'CASE WHEN type IN (2, 5) THEN use_time * 1000 END' },
      ttft_ms: { sql: `NULLIF(GREATEST(${decimalSql(`(${OTHER}->>'frt')`)}, 0), 0)` },
      id: 'id',
    },
    dimensions: { group: 'group', channel: 'channel_id' },
    where: [{ column: 'type', values: { in: ['2', '5', '6'] } }],
    timeKind: { unit: 's' },
  },
  engines: {
    mysql: {
      columns: {
        // A division would keep four places.
        cost: { sql: 'CASE type WHEN 2 THEN quota WHEN 6 THEN -quota ELSE 0 END * 0.000002' },
        endpoint: { sql: `NULLIF(${valueMysql('other', '$.request_path')}, '')` },
        cached_tokens: {
          sql: `CASE WHEN ${valueMysql('other', '$.claude')} = 'true' THEN NULL ELSE ${valueMysql('other', '$.cache_tokens')} END`,
        },
        status: {
          sql: `CASE WHEN type <> 5 THEN 200
            WHEN ${valueMysql('other', '$.status_code')} REGEXP '^[14-9][0-9]{2}$' THEN ${valueMysql('other', '$.status_code')} END`,
        },
        ttft_ms: {
          sql: `CASE WHEN ${valueMysql('other', '$.frt')} > 0 THEN ${valueMysql('other', '$.frt')} END`,
        },
      },
    },
    sqlite: {
      columns: {
        endpoint: { sql: `NULLIF(${valueSqlite('other', '$.request_path')}, '')` },
        cached_tokens: {
          sql: `CASE WHEN ${valueSqlite('other', '$.claude')} IS NOT 1 THEN ${valueSqlite('other', '$.cache_tokens')} END`,
        },
        status: {
          sql: `CASE WHEN type <> 5 THEN 200 ELSE ${failedStatusSqlite(valueSqlite('other', '$.status_code'))} END`,
        },
        ttft_ms: {
          sql: `CASE WHEN ${valueSqlite('other', '$.frt')} > 0 THEN ${valueSqlite('other', '$.frt')} END`,
        },
      },
    },
  },
  written: {},
  filled: {},
  own: null,
};
