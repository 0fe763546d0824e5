// The default table.

import { AppError } from '../model/errors.ts';
import type { Sql } from '../sql/port.ts';
import type { Mapping } from './audit-store.ts';
import type { Preset } from './presets.ts';
import { quoted, tableSql } from './source-sql.ts';

const COLUMNS = `
  id BIGSERIAL PRIMARY KEY,
  request_id UUID NOT NULL,
  request_timestamp TIMESTAMPTZ NOT NULL,
  service_name VARCHAR(100) NOT NULL,
  user_id VARCHAR(255),
  model VARCHAR(50) NOT NULL,
  endpoint VARCHAR(100) NOT NULL,
  input_tokens INTEGER NOT NULL,
  expected_output_tokens INTEGER,
  actual_output_tokens INTEGER,
  ip_address INET,
  session_id VARCHAR(255),
  status_code INTEGER,
  response_code VARCHAR(50),
  latency_ms FLOAT,
  time_to_first_token_ms FLOAT,
  error_message TEXT,
  model_version VARCHAR(50),
  cost_usd DECIMAL(10, 6),
  created_at TIMESTAMPTZ DEFAULT NOW()`;

const INDEXES: readonly (readonly [suffix: string, column: string])[] = [
  ['timestamp', 'request_timestamp'],
  ['service', 'service_name'],
  ['user', 'user_id'],
  ['request', 'request_id'],
];

/** Creates the default audit table and its indexes where they are not there; returns the names of what was created. */
export async function createTable(
  sql: Sql,
  mapping: Mapping,
  preset: Preset | null,
): Promise<readonly string[]> {
  if (preset?.own !== true) {
    throw new AppError('table_not_ours', `${mapping.table} is not a table that spendwatch creates.`, {
      hint: 'Only the preset api_audit_logs can be created; another table is made by the program that writes to it.',
    });
  }
  const parts = mapping.table.split('.');
  const name = parts.at(-1) as string;
  const schema = parts.length > 1 ? parts[0] : undefined;
  const objects = [
    { name, ddl: `CREATE TABLE IF NOT EXISTS ${tableSql(mapping.table)} (${COLUMNS}\n)` },
    ...INDEXES.map(([suffix, column]) => {
      const index = indexName(name, suffix);
      const on = `${tableSql(mapping.table)} (${quoted(column)})`;
      return { name: index, ddl: `CREATE INDEX IF NOT EXISTS ${quoted(index)} ON ${on}` };
    }),
  ];
  const created: string[] = [];
  await sql.transaction({}, async (session) => {
    for (const object of objects) {
      const qualified =
        schema === undefined ? quoted(object.name) : `${quoted(schema)}.${quoted(object.name)}`;
      const [found] = await session.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
        qualified,
      ]);
      if (found?.there !== true) created.push(object.name);
      await session.query(object.ddl);
    }
  });
  return created;
}

/** Index names are one per schema: a table by another name needs its own, or it would go without. */
function indexName(table: string, suffix: string): string {
  return table === 'api_audit_logs' ? `idx_audit_${suffix}` : `idx_${table}_${suffix}`;
}
