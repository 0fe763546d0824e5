import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import type { Sql, SqlSession } from '../../src/sql/port.ts';
import { arrivalsSql } from '../../src/stores/arrivals-sql.ts';
import { bucketsSql } from '../../src/stores/buckets-sql.ts';
import { cellSql } from '../../src/stores/cell-sql.ts';
import { digestSql } from '../../src/stores/digest-sql.ts';
import { occupiedSql } from '../../src/stores/occupied-sql.ts';
import { mappingOf, type TableOptions } from '../../src/stores/options.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { newestRow } from '../../src/stores/time-column.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-03-01T00:00:00Z');

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createDatabase();
  sql = await openSql(database.url);
});
afterAll(async () => {
  await sql.close();
  await database.drop();
});

describe('a poll of a table whose time is no instant', () => {
  const KINDS = [
    ['integer', 'i', { column: 'at', unit: 's' }, { unit: 's', type: 'bigint' }],
    ['bigint', 'i * 1000::bigint', { column: 'at', unit: 'ms' }, { unit: 'ms', type: 'bigint' }],
    ['numeric', 'i * 1000000::numeric', { column: 'at', unit: 'us' }, { unit: 'us', type: 'numeric' }],
    ['double precision', 'i', { column: 'at', unit: 's' }, { unit: 's', type: 'double precision' }],
    ['timestamp', 'to_timestamp(i)', { column: 'at', zone: 'Europe/Berlin' }, { zone: 'Europe/Berlin' }],
  ] as const;

  it.each(KINDS)('goes by the index on the %s column itself', async (type, value, time, timeType) => {
    await sql.query(`DROP TABLE IF EXISTS logs; CREATE TABLE logs (at ${type}, id bigint, cost numeric);
      INSERT INTO logs SELECT ${value}, i, 0.01
        FROM generate_series(${T0 / 1000}, ${T0 / 1000} + 60 * 99999, 60) AS i;
      CREATE INDEX ON logs (at); CREATE INDEX ON logs (id); ANALYZE logs`);
    const mapping = mappingOf({ table: 'logs', columns: { time, id: 'id', cost: 'cost' } });
    // 2026-03-29 01:00 UTC is when Berlin skips an hour.
    const change = (Date.parse('2026-03-29T00:00:00Z') - T0) / HOUR;
    const range = (n: number) => ({ from: T0 + n * HOUR, to: T0 + (n + 1) * HOUR });
    const explained = await explaining(async (session) => {
      for (const starts of [[100], [change], [4, 28, 52, 76, 100], [change, change + 1, change + 24]]) {
        const ranges = starts.map(range);
        const edges = [...new Set(ranges.flatMap(({ from, to }) => [from, to]))];
        const read = { measures: ['calls', 'cost'] as const, where: {}, groupBy: [], edges, ranges };
        const aggregate = { dimensions: [], measures: ['cost'] as const, sketch: null };
        const [first] = ranges as [(typeof ranges)[0]];
        for (const statement of [
          cellSql(read, mapping, timeType, null),
          bucketsSql([aggregate], edges, ranges, mapping, timeType, null),
          occupiedSql(ranges, mapping, timeType),
          digestSql([aggregate], [first.from, first.to], mapping, timeType, null),
        ])
          await session.query(statement?.text ?? '', statement?.values);
      }
      await newestRow(mapping, timeType, T0 + 100 * HOUR, session);
      const arrivals = arrivalsSql(mapping, timeType, '999999999999', [], T0);
      await session.query(arrivals.text, arrivals.values);
    });
    expect(explained).toHaveLength(18);
    for (const plan of explained) expect(plan).not.toMatch(/Seq Scan/);
  });
});

/** The plans of the statements that are run, in a session of another zone than the port's. */
async function explaining(work: (session: SqlSession) => Promise<void>): Promise<string[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const explained: string[] = [];
  try {
    await work({
      query: async (text, values = []) => {
        const { rows } = await client.query(`EXPLAIN ${text}`, [...values]);
        explained.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return [];
      },
    });
    return explained;
  } finally {
    await client.end();
  }
}

describe('a read of the preset litellm, on a server in New York', () => {
  beforeAll(async () => {
    await sql.query(`CREATE TABLE "LiteLLM_SpendLogs" (request_id text PRIMARY KEY, spend float8 NOT NULL,
      "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3), "completionStartTime" timestamp(3), call_type text,
      prompt_tokens integer, completion_tokens integer, model text, model_group text, custom_llm_provider text,
      "user" text, end_user text, metadata jsonb);
      INSERT INTO "LiteLLM_SpendLogs" (request_id, spend, "startTime")
        SELECT i, 0.01, '2026-03-01'::timestamp + i * interval '30 seconds' FROM generate_series(0, 99999) i;
      CREATE INDEX ON "LiteLLM_SpendLogs" ("startTime"); ANALYZE "LiteLLM_SpendLogs"`);
  });

  const hours = (starts: readonly number[]) => {
    const ranges = starts.map((n) => ({ from: T0 + n * HOUR, to: T0 + (n + 1) * HOUR }));
    const edges = [...new Set(ranges.flatMap(({ from, to }) => [from, to]))];
    return { measures: ['calls', 'cost'] as const, where: {}, groupBy: [], edges, ranges };
  };

  it.each([
    ['one range', [100]],
    ['the same hour of many days', [4, 28, 52, 76, 100, 124, 148]],
  ])('goes by the index for %s', async (_, starts) => {
    const statement = cellSql(hours(starts), mappingOf({ preset: 'litellm' }), 'timestamp', null);
    // Not by the port, which would set the session's zone.
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      expect((await client.query('SHOW TimeZone')).rows).toEqual([{ TimeZone: 'America/New_York' }]);
      const plan = await client.query(`EXPLAIN ${statement?.text}`, [...(statement?.values ?? [])]);
      const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(text).toMatch(
        /Index (Only )?Scan.*"LiteLLM_SpendLogs_startTime_idx"|on "LiteLLM_SpendLogs_startTime_idx"/,
      );
      expect(text).not.toMatch(/Seq Scan/);
    } finally {
      await client.end();
    }
  });

  it('finds the newest row, spans with rows and what arrived by the index, also with a filter', async () => {
    const where = [{ column: 'status', values: { notIn: ['test'] } }];
    await sql.query('CREATE INDEX IF NOT EXISTS by_id ON "LiteLLM_SpendLogs" (prompt_tokens)');
    const explained = await explaining(async (session) => {
      for (const mapping of [mappingOf({ preset: 'litellm' }), mappingOf({ preset: 'litellm', where })]) {
        await newestRow(mapping, 'timestamp', T0 + 100 * HOUR, session);
        const spans = [4, 28].map((n) => ({ from: T0 + n * HOUR, to: T0 + (n + 1) * HOUR }));
        const byId = { ...mapping, columns: { ...mapping.columns, id: 'prompt_tokens' } };
        for (const { text, values } of [
          occupiedSql(spans, mapping, 'timestamp'),
          arrivalsSql(byId, 'timestamp', '100', [{ from: '3', to: '4' }], T0),
        ])
          await session.query(text, values);
      }
    });
    expect(explained).toHaveLength(6);
    for (const plan of explained) expect(plan).not.toMatch(/Seq Scan/);
  });

  it('means UTC by a time without a zone', async () => {
    const store = postgres.open(sql, { preset: 'litellm' }, null);
    const { newestRow, answers } = await store.read([hours([100])], T0 + 101 * HOUR);
    expect(newestRow).toBe(T0 + 101 * HOUR - 30_000);
    expect(answers).toEqual([
      [
        {
          segment: 0,
          key: [],
          cell: { sums: { calls: 120n * 10n ** 12n, cost: 1_200_000_000_000n }, sketches: {} },
        },
      ],
    ]);
  });
});

describe('a role that may only read', () => {
  const ROLE = `reader_${Math.random().toString(36).slice(2)}`;
  let role: Sql;
  const OPTIONS: TableOptions = { table: 'audit.calls', columns: { time: 'at', cost: 'cost' } };
  beforeAll(async () => {
    await sql.query(`CREATE SCHEMA audit; CREATE TABLE audit.calls (at timestamptz, cost numeric, secret text);
      CREATE INDEX ON audit.calls (at); INSERT INTO audit.calls VALUES ('2026-03-01Z', 1.5, 'x');
      CREATE ROLE ${ROLE} LOGIN PASSWORD 'reading'`);
    const url = new URL(database.url);
    url.username = ROLE;
    url.password = 'reading';
    role = await openSql(url.href);
  });
  afterAll(async () => {
    await role.close();
    await sql.query(`DROP OWNED BY ${ROLE}; DROP ROLE ${ROLE}`);
  });

  it('gets to know what it lacks, step by step, and needs no more than the mapped columns', async () => {
    const store = postgres.open(role, OPTIONS, null);
    const read = {
      measures: ['cost'] as const,
      where: {},
      groupBy: [],
      edges: [T0, T0 + 1],
      ranges: [{ from: T0, to: T0 + 1 }],
    };
    await expect(store.inspect()).rejects.toMatchObject({ code: 'store_forbidden' });
    await sql.query(`GRANT USAGE ON SCHEMA audit TO ${ROLE}`);
    expect(await store.inspect()).toMatchObject([
      { level: 'fault', message: 'No permission to read audit.calls.' },
    ]);
    await expect(store.read([read], T0 + 1)).rejects.toMatchObject({ code: 'store_forbidden' });
    await sql.query(`GRANT SELECT (at) ON audit.calls TO ${ROLE}`);
    expect(await store.inspect()).toMatchObject([
      { level: 'fault', message: expect.stringContaining('column "cost"') },
    ]);
    await sql.query(`GRANT SELECT (cost) ON audit.calls TO ${ROLE}`);
    expect(await store.inspect()).toEqual([]);
    expect((await store.read([read], T0 + 1)).answers).toMatchObject([
      [{ cell: { sums: { cost: 1_500_000_000_000n } } }],
    ]);
  });
});
