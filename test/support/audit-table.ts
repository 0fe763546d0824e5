import { openSql } from '../../src/sql/open.ts';
import type { Sql, SqlSession } from '../../src/sql/port.ts';
import { createTable } from '../../src/stores/create-table.ts';
import { PRESETS } from '../../src/stores/presets/index.ts';
import { createDatabase } from './database.ts';

/** A call as an application writes it into api_audit_logs. */
export interface LoggedCall {
  readonly at: Date;
  readonly service: string;
  readonly cost: string | null;
  readonly model?: string;
  readonly user?: string | null;
  readonly status?: number;
}

/** A database with an empty api_audit_logs table. */
export interface AuditDatabase {
  readonly url: string;
  readonly sql: Sql;
  log(...calls: readonly LoggedCall[]): Promise<void>;
  drop(): Promise<void>;
}

export async function createAuditDatabase(): Promise<AuditDatabase> {
  const database = await createDatabase();
  const sql = await openSql(database.url);
  const preset = PRESETS.api_audit_logs;
  await createTable(sql, preset.mapping, preset);
  return {
    url: database.url,
    sql,
    log: (...calls) => logCalls(sql, calls),
    async drop() {
      await sql.close();
      await database.drop();
    },
  };
}

/** Writes calls by a session of the test's own. */
export async function logCalls(session: SqlSession, calls: readonly LoggedCall[]): Promise<void> {
  for (const { at, service, cost, model = 'gpt-4.1', user = 'u1', status = 200 } of calls) {
    await session.query(
      `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint,
         input_tokens, actual_output_tokens, status_code, cost_usd)
       VALUES (gen_random_uuid(), $1, $2, $3, $4, '/v1/chat', 1000, 100, $5, $6)`,
      [at, service, user, model, status, cost],
    );
  }
}

/** A moment ago: inside every rolling window, and before the next poll. */
export function justNow(): Date {
  return new Date(Date.now() - 2_000);
}
