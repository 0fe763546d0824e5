import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TableOptions } from '../../src/stores/options.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

describe.each(STORES)('plans that read a large table, in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
    await engine.sql.query(`
      CREATE TABLE calls (at timestamp, id bigint, app_id int, cost numeric);
      INSERT INTO calls SELECT '2026-03-01'::timestamp + i * interval '1 minute', i, i % 100, 1
        FROM generate_series(1, 30000) AS i;
      CREATE TABLE apps (id int, "Id" text, name text);
      INSERT INTO apps SELECT i, i::text, repeat('x', 30) FROM generate_series(1, 30000) AS i;
      CREATE TABLE small (id int, name text);
      INSERT INTO small SELECT i, 'x' FROM generate_series(1, 100) AS i;
      CREATE VIEW calls_view AS SELECT at AT TIME ZONE 'UTC' AS at, id, app_id, cost FROM calls;
      CREATE TABLE parted (at timestamptz, cost numeric) PARTITION BY RANGE (at);
      CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-03-01') TO ('2027-03-01');
      INSERT INTO parted SELECT at, 1 FROM calls;
      CREATE VIEW parted_view AS SELECT * FROM parted;
      ANALYZE`);
  });
  afterAll(() => engine?.stop());

  const problems = async (options: TableOptions) =>
    (await storeType.open(engine.sql, options, null).inspect()).map(({ message, hint }) => [message, hint]);

  test('behind a view are named, with the index that its own expression needs', async () => {
    const view = { table: 'calls_view', columns: { time: 'at', cost: 'cost' } };
    const [[message, hint] = []] = await problems(view);
    expect(message).toMatch(/^calls_view is a view, and every poll reads all of public\.calls \(\d+ MB\)\.$/);
    expect(hint).toMatch(/^CREATE INDEX CONCURRENTLY ON public\.calls \(/);
    await engine.sql.query((hint ?? '').replace('CONCURRENTLY ', ''));
    expect(await problems(view)).toEqual([]);
    const parted = await problems({ table: 'parted_view', columns: { time: 'at', cost: 'cost' } });
    expect(parted).toEqual([
      [expect.stringContaining('reads all of public.parted ('), 'CREATE INDEX ON public.parted (at)'],
    ]);
  });

  test('by an expression for each call are named, and small ones are not', async () => {
    await engine.sql.query('CREATE INDEX IF NOT EXISTS calls_at ON calls (at)');
    const looked = (sql: string): TableOptions => ({
      table: 'calls',
      columns: { time: 'at', cost: 'cost', service: { sql } },
    });
    expect(await problems(looked('(SELECT a.name FROM small a WHERE a.id = calls.app_id)'))).toEqual([]);
    expect(await problems(looked('(SELECT max(name) FROM apps)'))).toEqual([]);
    expect(await problems(looked('(SELECT a.name FROM apps a WHERE a."Id" = calls.app_id::text)'))).toEqual([
      [
        expect.stringMatching(
          /^audit\.columns\.service\.sql, for each call, reads all of public\.apps \(\d+ MB\)/,
        ),
        'CREATE INDEX CONCURRENTLY ON public.apps ("Id")',
      ],
    ]);
    const byId = looked('(SELECT a.name FROM apps a WHERE calls.app_id = a.id AND a.name IS NOT NULL)');
    const [[, hint] = []] = await problems(byId);
    expect(hint).toBe('CREATE INDEX CONCURRENTLY ON public.apps (id)');
    await engine.sql.query((hint ?? '').replace('CONCURRENTLY ', ''));
    expect(await problems(byId)).toEqual([]);
  });
});
