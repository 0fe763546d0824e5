import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/model/aggregate.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { changesOf } from '../support/changes-of.ts';
import { createDatabase, onServer, type TestDatabase } from '../support/database.ts';
import { linesOf } from '../support/lines.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
const T0 = Date.parse('2026-03-01T00:00:00Z');
const EDGES = [T0, T0 + MINUTE, T0 + 2 * MINUTE];
const AGGREGATES: readonly Aggregate[] = [
  { dimensions: ['service'], measures: ['calls', 'cost'], sketch: null },
  { dimensions: [], measures: ['calls'], sketch: null },
];
const SESSIONS: Aggregate = { dimensions: ['session'], measures: ['calls', 'cost'], sketch: null };
const OPTIONS = {
  table: 'calls',
  columns: { time: 'at', cost: 'cost', service: 'service' },
} satisfies TableOptions;

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

const ROWS = `('2026-03-01T00:00:10Z', 1, 'search'), ('2026-03-01T00:00:20Z', 2, 'chat'), ('2026-03-01T00:01:30Z', 3, 'chat')`;

beforeEach(() =>
  sql.query(`DROP TABLE IF EXISTS calls, price CASCADE;
    CREATE TABLE calls (at timestamptz, cost numeric, service text, note text);
    INSERT INTO calls VALUES ${ROWS}`),
);

const open = (options: TableOptions = OPTIONS, by: Sql = sql): AuditStore => postgres.open(by, options, null);

/** Of each minute: its digest, null for one without rows, and its cells. */
async function seen(store: AuditStore): Promise<{ digest: string | null; cells: string }[]> {
  const [short, cells] = await store.snapshot(async (snapshot) => [
    await changesOf(snapshot).digests(AGGREGATES, EDGES),
    await snapshot.buckets(AGGREGATES, EDGES, [{ from: T0, to: T0 + 2 * MINUTE }]),
  ]);
  return [0, 1].map((minute) => ({
    digest: short.find(({ segment }) => segment === minute)?.digest ?? null,
    cells: cells
      .flatMap(linesOf)
      .filter(({ segment }) => segment === minute)
      .map((cell) => JSON.stringify(cell))
      .sort()
      .join(),
  }));
}

/** The minutes whose digest is another one after something was done. */
async function changedBy(store: AuditStore, statements: string): Promise<number[]> {
  const before = await seen(store);
  expect(await seen(store)).toEqual(before);
  await onServer(database.url, statements);
  const after = await seen(store);
  return [0, 1].filter((minute) => after[minute]?.digest !== before[minute]?.digest);
}

describe('the digest of a minute', () => {
  it.each([
    ['an update of a cost', `UPDATE calls SET cost = 5 WHERE cost = 1`, [0]],
    ['an update that changes nothing', `UPDATE calls SET cost = 1 WHERE cost = 1`, [0]],
    ['an update of what no aggregate has', `UPDATE calls SET note = 'x' WHERE cost = 3`, [1]],
    ['a row that came', `INSERT INTO calls VALUES ('2026-03-01T00:01:40Z', 1, 'chat')`, [1]],
    ['a row that went', 'DELETE FROM calls WHERE cost = 2', [0]],
    ['all rows of a minute that went', 'DELETE FROM calls WHERE cost = 3', [1]],
    ['a row that moved', `UPDATE calls SET at = at + interval '1 minute' WHERE cost = 1`, [0, 1]],
    [
      'the same row, deleted and inserted',
      `DELETE FROM calls WHERE cost = 1; INSERT INTO calls VALUES ('2026-03-01T00:00:10Z', 1, 'search')`,
      [0],
    ],
    [
      'two rows that swapped their services',
      `UPDATE calls SET service = CASE cost WHEN 1 THEN 'chat' ELSE 'search' END WHERE cost < 3`,
      [0],
    ],
    [
      'other rows in the places of those before',
      `TRUNCATE calls; INSERT INTO calls VALUES ${ROWS.replace('chat', 'bot')}`,
      [0, 1],
    ],
    [
      'another table of the same name',
      `ALTER TABLE calls RENAME TO price; CREATE TABLE calls AS SELECT * FROM price`,
      [0, 1],
    ],
    [
      'columns that swapped their names',
      'ALTER TABLE calls RENAME service TO old; ALTER TABLE calls RENAME note TO service',
      [0, 1],
    ],
    ['a column of another type', 'ALTER TABLE calls ALTER cost TYPE numeric(9, 1) USING cost / 3', [0, 1]],
  ])('changes after %s', async (_, statements, minutes) => {
    expect(await changedBy(open(), statements)).toEqual(minutes);
  });

  it.each([
    ['VACUUM', 'VACUUM (FREEZE, ANALYZE) calls'],
    ['a table that was written anew as it was', 'VACUUM FULL calls'],
    ['an index, and its order', 'CREATE INDEX by_cost ON calls (cost DESC)'],
    ['rows that are locked', 'SELECT * FROM calls FOR UPDATE'],
  ])('stays the same after %s', async (_, statements) => {
    await sql.query(`UPDATE calls SET note = 'so that there is something to clean'`);
    expect(await changedBy(open(), statements)).toEqual([]);
  });

  it('changes after a missing column was added with a default', async () => {
    await sql.query(`CREATE TABLE IF NOT EXISTS "LiteLLM_SpendLogs" (request_id text, spend float8, "startTime" timestamp,
      "endTime" timestamp, "completionStartTime" timestamp, call_type text, prompt_tokens integer, completion_tokens integer,
      model text, model_group text, custom_llm_provider text, "user" text, end_user text, metadata jsonb);
      TRUNCATE "LiteLLM_SpendLogs"; INSERT INTO "LiteLLM_SpendLogs" (spend, "startTime") VALUES (1, '2026-03-01 00:00:30')`);
    const store = open({ preset: 'litellm' });
    const digest = async () =>
      (await store.snapshot((snapshot) => changesOf(snapshot).digests([SESSIONS], EDGES)))[0]?.digest;
    const before = await digest();
    expect(await digest()).toBe(before);
    await sql.query(`ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN session_id text DEFAULT 'all'`);
    expect(await digest()).not.toBe(before);
  });

  it('follows the version of a row, and values that depend on more than the row', async () => {
    await sql.query(
      `CREATE TABLE price (service text, usd numeric); INSERT INTO price VALUES ('search', 1), ('chat', 2)`,
    );
    const priced = open({
      ...OPTIONS,
      columns: {
        ...OPTIONS.columns,
        cost: { sql: '(SELECT max(usd) FROM price WHERE price.service = calls.service)' },
      },
    });
    expect(await changedBy(priced, `UPDATE price SET usd = 7 WHERE service = 'search'`)).toEqual([0]);
    expect(await changedBy(priced, `UPDATE calls SET note = 'x' WHERE cost = 3`)).toEqual([1]);
    const named = open({
      ...OPTIONS,
      columns: { ...OPTIONS.columns, service: { sql: '(SELECT max(service) FROM price)' } },
    });
    expect(await changedBy(named, `UPDATE price SET service = 'x'`)).toEqual([0, 1]);
  });

  it('changes when a label was renamed', async () => {
    await sql.query(`DROP TYPE IF EXISTS kind CASCADE; CREATE TYPE kind AS ENUM ('search', 'chat');
      ALTER TABLE calls ALTER service TYPE kind USING service::kind`);
    expect(await changedBy(open(), `ALTER TYPE kind RENAME VALUE 'search' TO 'find'`)).toEqual([0]);
  });

  it('distinguishes rows of partitions with the same position in theirs', async () => {
    await sql.query(`DROP TABLE calls; CREATE TABLE calls (at timestamptz, cost numeric, service text) PARTITION BY LIST (service);
      CREATE TABLE calls_search PARTITION OF calls FOR VALUES IN ('search');
      CREATE TABLE calls_chat PARTITION OF calls FOR VALUES IN ('chat');
      INSERT INTO calls VALUES ${ROWS}, ('2026-03-01T00:01:40Z', 9, 'search')`);
    expect(
      await changedBy(open(), `UPDATE calls SET cost = 2 - cost WHERE at < '2026-03-01T00:01Z'`),
    ).toEqual([0]);
    await sql.query(`BEGIN; CREATE TABLE others (LIKE calls); TRUNCATE calls; INSERT INTO calls VALUES ${ROWS};
      INSERT INTO others VALUES ('2026-03-01T00:00:30Z', 8, 'search'); COMMIT`);
    const exchanged = `BEGIN; ALTER TABLE calls DETACH PARTITION calls_search;
      ALTER TABLE calls ATTACH PARTITION others FOR VALUES IN ('search'); COMMIT`;
    expect(await changedBy(open(), exchanged)).toEqual([0]);
  });

  it('changes when another server has replaced the one before', async () => {
    // It may give numbers of transactions that were lost to others.
    const server = await startPostgres();
    const own = await openSql(server.url);
    try {
      await own.query(`CREATE TABLE calls (at timestamptz, cost numeric, service text);
        INSERT INTO calls VALUES ${ROWS}`);
      const store = open(OPTIONS, own);
      const before = await seen(store);
      expect(await seen(store)).toEqual(before);
      await server.restartAsStandby();
      const after = await until('the server answers again', () => seen(store));
      expect(after.map(({ cells }) => cells)).toEqual(before.map(({ cells }) => cells));
      for (const minute of [0, 1]) expect(after[minute]?.digest).not.toBe(before[minute]?.digest);
    } finally {
      await own.close();
      await server.stop();
    }
  });
});

describe('the digest of rows without versions', () => {
  it('of a view covers their content', async () => {
    await sql.query('CREATE VIEW shown AS SELECT * FROM calls');
    const store = open({ ...OPTIONS, table: 'shown' });
    expect(await changedBy(store, 'UPDATE calls SET cost = 5 WHERE cost = 1')).toEqual([0]);
    expect(await changedBy(store, `UPDATE calls SET note = 'x'`)).toEqual([]);
  });

  it('of partitions, some of which are foreign, covers their content', async () => {
    await sql.query(`DROP TABLE calls; CREATE EXTENSION IF NOT EXISTS file_fdw;
      CREATE SERVER IF NOT EXISTS files FOREIGN DATA WRAPPER file_fdw;
      CREATE TABLE calls (at timestamptz, cost numeric, service text, note text) PARTITION BY LIST (service);
      CREATE TABLE calls_here PARTITION OF calls DEFAULT;
      CREATE FOREIGN TABLE calls_there PARTITION OF calls FOR VALUES IN ('afar')
        SERVER files OPTIONS (filename '/dev/null', format 'csv');
      INSERT INTO calls VALUES ${ROWS}`);
    expect(await changedBy(open(), 'UPDATE calls_here SET cost = 5 WHERE cost = 1')).toEqual([0]);
    expect(await changedBy(open(), `UPDATE calls_here SET note = 'x'`)).toEqual([]);
  });

  it('of a table under row security covers the rows that it shows', async () => {
    const role = `tenant_${Math.random().toString(36).slice(2)}`;
    await sql.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'reading'; GRANT SELECT ON calls TO ${role};
       ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
       CREATE POLICY shown ON calls FOR SELECT TO ${role} USING (service = 'search' OR cost = 3)`,
    );
    const url = Object.assign(new URL(database.url), { username: role, password: 'reading' });
    const reader = await openSql(url.href);
    try {
      const store = open(OPTIONS, reader);
      // As many rows of the same transaction.
      expect(
        await changedBy(store, `ALTER POLICY shown ON calls USING (service = 'chat' OR cost = 3)`),
      ).toEqual([0]);
    } finally {
      await reader.close();
      await sql.query(`DROP POLICY shown ON calls; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it('of partitions, one of which was attached from elsewhere, covers their content within an hour of refreshes', async () => {
    await sql.query(`DROP TABLE calls; CREATE EXTENSION IF NOT EXISTS file_fdw;
      CREATE SERVER IF NOT EXISTS files FOREIGN DATA WRAPPER file_fdw;
      CREATE TABLE calls (at timestamptz, cost numeric, service text, note text) PARTITION BY LIST (service);
      CREATE TABLE calls_here PARTITION OF calls DEFAULT;
      INSERT INTO calls VALUES ${ROWS}`);
    const store = open();
    expect(await changedBy(store, `UPDATE calls_here SET note = 'x'`)).toEqual([0, 1]);
    await sql.query(`CREATE FOREIGN TABLE calls_there PARTITION OF calls FOR VALUES IN ('afar')
      SERVER files OPTIONS (filename '/dev/null', format 'csv')`);
    for (let look = 0; look < 60; look += 1)
      await store.snapshot((one) => changesOf(one).digests(AGGREGATES, EDGES)).catch(() => []);
    expect(await changedBy(store, `UPDATE calls_here SET note = 'y'`)).toEqual([]);
  });

  it('replaces refused versions in the same refresh, and versions refused later in the next one', async () => {
    const role = `reader_${Math.random().toString(36).slice(2)}`;
    await sql.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'reading'; GRANT SELECT (at, cost, service) ON calls TO ${role}`,
    );
    const url = Object.assign(new URL(database.url), { username: role, password: 'reading' });
    const reader = await openSql(url.href);
    try {
      const narrow = open(OPTIONS, reader);
      expect(await changedBy(narrow, `UPDATE calls SET cost = 5 WHERE cost = 1`)).toEqual([0]);
      expect(await changedBy(narrow, `UPDATE calls SET note = 'x'`)).toEqual([]);

      await sql.query(`GRANT SELECT ON calls TO ${role}`);
      const store = open(OPTIONS, reader);
      expect(await changedBy(store, `UPDATE calls SET note = 'y' WHERE cost = 3`)).toEqual([1]);
      await sql.query(
        `REVOKE SELECT ON calls FROM ${role}; GRANT SELECT (at, cost, service) ON calls TO ${role}`,
      );
      await expect(seen(store)).rejects.toMatchObject({ code: 'store_lock_refused' });
      expect(await changedBy(store, `UPDATE calls SET note = 'z'`)).toEqual([]);
    } finally {
      await reader.close();
      await sql.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
