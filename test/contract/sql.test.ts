import { realpathSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import { connectSocket } from '../../src/sql/socket/client.ts';
import { socketPath } from '../../src/sql/socket/socket-path.ts';
import { ENGINES, type EngineUnderTest, startEngine } from '../support/sql-engines.ts';

/** A third engine: an embedded database through the process that has it open. */
async function startSocket(): Promise<EngineUnderTest> {
  const engine = await startEngine('pglite');
  const server = await openSql(engine.url, {
    serve: (trouble) => {
      throw new Error(trouble);
    },
  });
  const folder = realpathSync(engine.url.slice('pglite:'.length));
  const sql = await connectSocket(socketPath(folder), 'write', 'the store');
  if (sql === null) throw new Error('nobody serves the folder');
  const stop = async (): Promise<void> => {
    await sql.close();
    await server.close();
    await engine.stop();
  };
  return { url: engine.url, sql, stop };
}

describe.each([...ENGINES, 'socket'] as const)('the SQL port on %s', (name) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = name === 'socket' ? await startSocket() : await startEngine(name);
    await engine.sql.query('CREATE TABLE item (id integer PRIMARY KEY, body jsonb)');
  });
  afterAll(() => engine.stop());
  beforeEach(async () => {
    await engine.sql.query('DELETE FROM item');
  });

  it('gives the same JavaScript values as the other engine', async () => {
    const [row] = await engine.sql.query(
      `SELECT 9007199254740993::int8 AS int8, 7::int4 AS int4, 0.10::numeric AS numeric, 1.5::float8 AS float8,
        'NaN'::float8 AS nan, true AS bool, 'x'::text AS text, NULL::text AS nothing, '{"a":[1,"b"]}'::jsonb AS json,
        '2026-11-20 02:05:00.123456+00'::timestamptz AS instant, '2026-11-20 02:05:00'::timestamp AS local,
        '2026-11-20'::date AS day, count(*) AS count, ARRAY['a', NULL] AS list FROM item`,
      [],
    );
    expect(row).toEqual({
      int8: '9007199254740993',
      int4: 7,
      numeric: '0.10',
      float8: 1.5,
      nan: Number.NaN,
      bool: true,
      text: 'x',
      nothing: null,
      json: { a: [1, 'b'] },
      instant: new Date('2026-11-20T02:05:00.123Z'),
      local: '2026-11-20 02:05:00',
      day: '2026-11-20',
      count: '0',
      list: ['a', null],
    });
  });

  it('reads instants that no Date can hold as the furthest that one can', async () => {
    const rows = await engine.sql.query<{ t: Date }>(
      `SELECT t FROM (VALUES (1, 'infinity'::timestamptz), (2, '-infinity'), (3, '294276-01-01Z'), (4, '0044-03-15 BC'),
        (5, '0099-01-02 03:04:05Z')) AS v(i, t) ORDER BY i`,
    );
    expect(rows.map(({ t }) => t.getTime())).toEqual([
      8.64e15,
      -8.64e15,
      8.64e15,
      Date.UTC(-43, 2, 15),
      new Date('0099-01-02T03:04:05Z').getTime(),
    ]);
  });

  it('takes values independently of the local zone', async () => {
    const instant = new Date('2026-07-01T12:00:00.500Z');
    const [row] = await engine.sql.query(
      `SELECT $1::timestamptz = '2026-07-01 12:00:00.5Z'::timestamptz AS instant, $2::text[] AS texts, $3::int8 AS int8,
        $4::boolean AS bool, $5::jsonb AS json, $6::numeric AS numeric, $7::timestamptz[] AS instants, $8::text AS nothing`,
      [
        instant,
        ['a"b', 'c,d', null, '{}', '\\'],
        5,
        true,
        '[1]',
        '0.000000000001',
        [instant.toISOString()],
        null,
      ],
    );
    expect(row).toMatchObject({
      instant: true,
      texts: ['a"b', 'c,d', null, '{}', '\\'],
      int8: '5',
      bool: true,
      json: [1],
      numeric: '0.000000000001',
      nothing: null,
    });
  });

  it('has its session in UTC, within and without a transaction', async () => {
    const zone = "SELECT current_setting('TimeZone') AS zone";
    expect(await engine.sql.query(zone)).toEqual([{ zone: 'UTC' }]);
    await engine.sql.transaction({ readOnly: true }, async (session) => {
      expect(await session.query(zone)).toEqual([{ zone: 'UTC' }]);
    });
  });

  it('runs several statements at once and gives the rows of the last', async () => {
    const rows = await engine.sql.query(
      'INSERT INTO item (id) VALUES (1); INSERT INTO item (id) VALUES (2); SELECT id FROM item ORDER BY id',
    );
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('keeps what a transaction wrote, and nothing of one that threw', async () => {
    await engine.sql.transaction({}, (session) => session.query('INSERT INTO item (id) VALUES (1)'));
    const failing = engine.sql.transaction({}, async (session) => {
      await session.query('INSERT INTO item (id) VALUES (2)');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await engine.sql.query('SELECT id FROM item')).toEqual([{ id: 1 }]);
  });

  it('goes on after a statement that failed in a transaction', async () => {
    const failing = engine.sql.transaction({}, (session) => session.query('SELECT 1 / 0'));
    await expect(failing).rejects.toMatchObject({ code: 'store_query_failed' });
    expect(await engine.sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await engine.sql.transaction({}, (session) => session.query('SELECT 2 AS two'))).toEqual([
      { two: 2 },
    ]);
  });

  it('does not call committed what PostgreSQL rolled back', async () => {
    const careless = engine.sql.transaction({}, async (session) => {
      await session.query('INSERT INTO item (id) VALUES (1)');
      await session.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(careless).rejects.toMatchObject({ code: 'store_query_failed' });
    expect(await engine.sql.query('SELECT id FROM item')).toEqual([]);
  });

  it('does not return what a failed transaction read', async () => {
    const careless = engine.sql.transaction({ readOnly: true }, async (session) => {
      await session.query('SELECT 1 / 0').catch(() => undefined);
      await session.query('SELECT 1').catch(() => undefined);
      return 'read';
    });
    await expect(careless).rejects.toMatchObject({ code: 'store_query_failed' });
    const careful = engine.sql.transaction({ readOnly: true }, async (session) => {
      await session.query('SAVEPOINT here');
      await session.query('SELECT 1 / 0').catch(() => session.query('ROLLBACK TO SAVEPOINT here'));
      return session.query('SELECT 3 AS three');
    });
    expect(await careful).toEqual([{ three: 3 }]);
  });

  it('lets a transaction go on from a savepoint', async () => {
    await engine.sql.transaction({}, async (session) => {
      await session.query('SAVEPOINT here');
      await session.query('SELECT 1 / 0').catch(() => session.query('ROLLBACK TO SAVEPOINT here'));
      await session.query('INSERT INTO item (id) VALUES (3)');
    });
    expect(await engine.sql.query('SELECT id FROM item')).toEqual([{ id: 3 }]);
  });

  it('refuses to write in a read-only transaction', async () => {
    const writing = engine.sql.transaction({ readOnly: true }, (session) =>
      session.query('INSERT INTO item (id) VALUES (1)'),
    );
    await expect(writing).rejects.toMatchObject({ code: 'store_read_only' });
  });

  it('runs concurrent transactions without mixing them', async () => {
    await Promise.all(
      [1, 2, 3, 4, 5, 6].map((id) =>
        engine.sql
          .transaction({}, async (session) => {
            await session.query('INSERT INTO item (id) VALUES ($1)', [id]);
            if (id % 2 === 0) throw new Error('even');
          })
          .catch(() => undefined),
      ),
    );
    expect(await engine.sql.query('SELECT id FROM item ORDER BY id')).toEqual([
      { id: 1 },
      { id: 3 },
      { id: 5 },
    ]);
  });

  it.each([
    ['store_table_missing', 'SELECT * FROM no_such_table'],
    ['store_table_missing', 'CREATE TABLE no_such_schema.t (a int)'],
    ['store_column_missing', 'SELECT no_such_column FROM item'],
    ['store_query_failed', 'SELEC 1'],
  ])('says %s for %s', async (code, text) => {
    await expect(engine.sql.query(text)).rejects.toMatchObject({ name: 'AppError', code });
  });

  it('names the row that broke a constraint', async () => {
    await engine.sql.query('INSERT INTO item (id) VALUES (1)');
    await expect(engine.sql.query('INSERT INTO item (id) VALUES (1)')).rejects.toThrow(/\(id\)=\(1\)/);
  });
});
