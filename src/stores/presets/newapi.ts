// The table of New API.

import { valueMysql } from './mysql-sql.ts';
import { decimalSql, objectSql, wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { failedStatusSqlite, valueSqlite } from './sqlite-sql.ts';

const OTHER = objectSql('other');
const STATUS = `${OTHER}->>'status_code'`;
const CACHED = wholeSql(`(${OTHER}->>'cache_tokens')`);
const CACHE_WRITTEN = wholeSql(`(${OTHER}->>'cache_creation_tokens')`);

/** Tokens of the prompt, to which those of the cache are added where Claude counted them apart. */
function inputSql(isClaude: string, ...apart: readonly string[]): string {
  return `prompt_tokens + CASE WHEN ${isClaude} THEN ${apart.map((one) => `COALESCE(${one}, 0)`).join(' + ')} ELSE 0 END`;
}

/**
 * A row is an entry of a ledger: a charge (2), a failed call (5) or a refund (6), whose quota is positive. 500,000 units of
 * quota are a dollar.
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
      input_tokens: { sql: inputSql(`${OTHER}->>'claude' = 'true'`, CACHED, CACHE_WRITTEN) },
      output_tokens: 'completion_tokens',
      cached_tokens: { sql: CACHED },
      cache_write_tokens: { sql: CACHE_WRITTEN },
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
        input_tokens: {
          sql: inputSql(
            `${valueMysql('other', '$.claude')} = 'true'`,
            valueMysql('other', '$.cache_tokens'),
            valueMysql('other', '$.cache_creation_tokens'),
          ),
        },
        cached_tokens: { sql: valueMysql('other', '$.cache_tokens') },
        cache_write_tokens: { sql: valueMysql('other', '$.cache_creation_tokens') },
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
        input_tokens: {
          sql: inputSql(
            `${valueSqlite('other', '$.claude')} IS 1`,
            valueSqlite('other', '$.cache_tokens'),
            valueSqlite('other', '$.cache_creation_tokens'),
          ),
        },
        cached_tokens: { sql: valueSqlite('other', '$.cache_tokens') },
        cache_write_tokens: { sql: valueSqlite('other', '$.cache_creation_tokens') },
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
