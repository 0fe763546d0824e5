import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import { spendwatch } from '../support/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';

/** As the proxy's first migration makes it, without the columns that only its own pages read. */
const TABLE = `CREATE TABLE "LiteLLM_SpendLogs" (
  request_id text PRIMARY KEY, call_type text NOT NULL, api_key text NOT NULL DEFAULT '',
  spend double precision NOT NULL DEFAULT 0, total_tokens integer NOT NULL DEFAULT 0,
  prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0,
  "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3) NOT NULL, "completionStartTime" timestamp(3),
  model text NOT NULL DEFAULT '', model_group text DEFAULT '', custom_llm_provider text DEFAULT '',
  "user" text DEFAULT '', end_user text, team_id text, session_id text, status text,
  metadata jsonb DEFAULT '{}')`;

describe('the table of a LiteLLM proxy', () => {
  let database: TestDatabase;
  let folder: Awaited<ReturnType<typeof makeFolder>>;

  beforeAll(async () => {
    database = await createDatabase();
    const sql = await openSql(database.url);
    await sql.query(TABLE);
    const insert = `INSERT INTO "LiteLLM_SpendLogs"
      (request_id, call_type, spend, prompt_tokens, completion_tokens, "startTime", "endTime", model_group,
       custom_llm_provider, "user", status, metadata)
      VALUES ($1, 'acompletion', $2::float8, 1000, 50, $3::text::timestamp, $3::text::timestamp + interval '2 seconds',
       'gpt-4o', $4, $5, $6, $7::text::jsonb)`;
    const failed = JSON.stringify({ error_information: { error_code: '429', error_message: 'slow down' } });
    const rows = [
      ['a', 0.1, '2025-03-10 01:10:00', 'openai', 'ann', 'success', '{}'],
      ['b', 0.2, '2025-03-10 01:20:00', 'openai', '', 'success', '{}'],
      ['c', 0, '2025-03-10 01:30:00', 'openai', 'ann', 'failure', failed],
      ['d', 5, '2025-03-10 01:04:59.999', 'openai', 'ann', 'success', '{}'],
    ];
    for (const row of rows) await sql.query(insert, row);
    await sql.close();
    folder = await makeFolder({
      'alerts.yaml': `version: 1
timezone: America/New_York
audit: { url: "${database.url}", preset: litellm }
rules:
  - { name: spend, type: threshold, metric: spend, window: 1h, group_by: [service], threshold: 0.3 }
  - { name: by-user, type: threshold, metric: spend, window: 1h, group_by: [user], threshold: 100 }
  - { name: failures, type: threshold, metric: error_rate, window: 1h, errors: [429], threshold: 0.3 }
`,
    });
  });

  afterAll(async () => {
    await Promise.all([database?.drop(), folder?.remove()]);
  });

  it('is checked by its preset: doubles sum as decimals, times are UTC, failures count', async () => {
    const args = ['check', '--at', '2025-03-10T02:05:00Z', '--format', 'json'];
    const { code, stdout, stderr } = await spendwatch(args, { cwd: folder.path });
    expect(stderr).toBe('');
    expect(code).toBe(1);
    const { rules, data } = JSON.parse(stdout) as { rules: Record<string, unknown>[]; data: unknown };
    expect(data).toEqual({ newest_row: '2025-03-10T01:30:00Z', rows_considered: 3, source: 'direct' });
    // 0.1 + 0.2 as doubles would be a hair more.
    expect(rules[0]).toMatchObject({
      status: 'firing',
      observed: [{ group: { service: 'openai' }, value: 0.3 }],
      findings: [{ bound: 0.3, breakdown: { model: [{ key: 'gpt-4o', value: 0.3, calls: 3 }] } }],
    });
    expect(stdout).not.toContain('0.30000000000000004');
    expect(rules[1]).toMatchObject({
      observed: [
        { group: { user: '(none)' }, value: 0.2 },
        { group: { user: 'ann' }, value: 0.1 },
      ],
    });
    expect(rules[2]).toMatchObject({ status: 'firing', observed: [{ group: {}, value: 1 / 3 }] });
  });

  it('has nothing to create and much to connect to', async () => {
    const { code, stderr } = await spendwatch(['init', '--create-table'], { cwd: folder.path });
    expect(code).toBe(1);
    expect(stderr).toContain('LiteLLM_SpendLogs');
    const connected = await spendwatch(['validate', '--connect'], { cwd: folder.path });
    expect(connected.code).toBe(0);
    expect(connected.stderr).toContain('no index that begins with "startTime"');
  });
});
