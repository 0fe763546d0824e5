import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COLUMNS, type Column } from '../../src/model/columns.ts';
import type { Sql } from '../../src/sql/port.ts';
import { PRESETS } from '../../src/stores/presets/index.ts';
import { expectedOf, measuresOfColumn, readBack, SAMPLE_CALL } from '../support/sample-call.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

/** A table as its program makes and fills it: one call at CALLED_AT, and what its columns hold. */
interface SampleTable {
  make(sql: Sql, storeType: (typeof STORES)[number]['type']): Promise<void>;
  readonly holds: Readonly<Partial<Record<Column, string>>>;
}

/** The presets that are tried on every engine. Those of other gateways are in gateway-presets.test.ts. */
type Tried = 'api_audit_logs' | 'litellm';

const TABLES: Readonly<Record<Tried, SampleTable>> = {
  api_audit_logs: {
    async make(sql, storeType) {
      const store = storeType.open(sql, {}, null);
      await store.createTable();
      await store.insert([SAMPLE_CALL]);
    },
    holds: SAMPLE_CALL as Partial<Record<Column, string>>,
  },
  litellm: {
    async make(sql) {
      await sql.query(`CREATE TABLE "LiteLLM_SpendLogs" (
        request_id text PRIMARY KEY, call_type text NOT NULL, api_key text NOT NULL DEFAULT '',
        spend double precision NOT NULL DEFAULT 0, total_tokens integer NOT NULL DEFAULT 0,
        prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0,
        "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3) NOT NULL, "completionStartTime" timestamp(3),
        model text NOT NULL DEFAULT '', model_group text DEFAULT '', custom_llm_provider text DEFAULT '',
        "user" text DEFAULT '', end_user text, team_id text, session_id text, status text,
        metadata jsonb DEFAULT '{}', cache_hit text DEFAULT '');
      CREATE INDEX ON "LiteLLM_SpendLogs" ("startTime");
      INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, spend, prompt_tokens, completion_tokens, "startTime",
        "endTime", "completionStartTime", model, model_group, custom_llm_provider, end_user, session_id, status, metadata)
      VALUES ('a', 'acompletion', 0.1, 1000, 50, '2026-03-10 09:30:00', '2026-03-10 09:30:02', '2026-03-10 09:30:01',
        'azure/gpt-4o', 'gpt-4o', 'openai', 'ann', 's1', 'failure',
        '{"error_information": {"error_code": "429", "error_message": "slow down"},
          "additional_usage_values": {"cache_creation_input_tokens": 30, "prompt_tokens_details": {"cached_tokens": 600},
            "completion_tokens_details": {"reasoning_tokens": 20}}}')`);
    },
    holds: {
      time: 'now',
      cost: '0.1',
      service: 'openai',
      model: 'gpt-4o',
      user: 'ann',
      endpoint: 'acompletion',
      session: 's1',
      input_tokens: '1000',
      output_tokens: '50',
      cached_tokens: '600',
      cache_write_tokens: '30',
      reasoning_tokens: '20',
      batch: 'false',
      status: '429',
      error: 'slow down',
      latency_ms: '2000',
      ttft_ms: '1000',
      request_id: 'a',
    },
  },
};

const EVERY = (Object.keys(TABLES) as Tried[]).flatMap((preset) =>
  STORES.map((store) => ({ preset, ...store })),
);

describe.each(EVERY)('the preset $preset, in $title', ({ preset, type: storeType, engine: name }) => {
  const { make, holds } = TABLES[preset];
  const { mapping } = PRESETS[preset];
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
    await make(engine.sql, storeType);
  });
  afterAll(() => engine?.stop());

  it('maps what its sample table holds', () => {
    expect(Object.keys(mapping.columns).sort()).toEqual(Object.keys(holds).sort());
  });

  it('finds the table in order', async () => {
    expect(await storeType.open(engine.sql, { preset }, null).inspect()).toEqual([]);
  });

  it.each(COLUMNS)('reads %s of a call as the program wrote it, or as nothing', async (column) => {
    const store = storeType.open(engine.sql, { preset }, null);
    const value = holds[column];
    if (value !== undefined) expect(await readBack(store, column)).toEqual(expectedOf(column, value));
    else if (measuresOfColumn(column).length > 0)
      expect(
        Object.values(await readBack(store, column)).every((told) => told === '0' || told === 'null'),
      ).toBe(true);
  });

  it('lets each of its columns be mapped otherwise', async () => {
    const column = Object.keys(mapping.columns).find((one) => one === 'service') as Column;
    const store = storeType.open(engine.sql, { preset, columns: { [column]: { sql: "'mine'" } } }, null);
    expect(await readBack(store, column)).toEqual({ [column]: 'mine' });
  });
});
