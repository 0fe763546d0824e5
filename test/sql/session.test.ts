import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { groupId } from '../../src/model/fingerprint.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { openState } from '../../src/state/open.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { AT, delivery, MINUTE, notification, recording } from '../state/samples.ts';
import { changesOf } from '../support/changes-of.ts';
import { createDatabase } from '../support/database.ts';
import { ENGINES, startEngine } from '../support/sql-engines.ts';

/** Text of another style in both directions, and transactions of another kind. */
const ODD_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: "'Asia/Kathmandu'",
  DateStyle: "'German, DMY'",
  IntervalStyle: "'sql_standard'",
  extra_float_digits: '-10',
  bytea_output: "'escape'",
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  client_encoding: "'LATIN1'",
  default_transaction_isolation: "'serializable'",
};

const SAMPLE = `SELECT '2026-11-20 02:05:00.123456+00'::timestamptz AS instant, '2026-11-20 02:05:00'::timestamp AS local,
  '2026-11-20'::date AS day, 0.1::float8::text AS float, '\\x00ff'::bytea::text AS bytes, interval '1 day 2 hours'::text AS span,
  $1::text[] AS list, 'größe 🦊' AS text, current_setting('transaction_isolation') AS isolation`;

const EXPECTED = {
  instant: new Date('2026-11-20T02:05:00.123Z'),
  local: '2026-11-20 02:05:00',
  day: '2026-11-20',
  float: '0.1',
  bytes: '\\x00ff',
  span: '1 day 02:00:00',
  list: [null, 'NULL'],
  text: 'größe 🦊',
};

describe.each(ENGINES)('a database that is set up otherwise, on %s', (name) => {
  let sql: Sql;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const engine = await startEngine(name);
    const [row] = await engine.sql.query<{ name: string }>('SELECT current_database() AS name');
    for (const [setting, value] of Object.entries(ODD_SETTINGS))
      await engine.sql.query(`ALTER DATABASE "${row?.name}" SET ${setting} = ${value}`);
    if (name === 'pglite') await engine.sql.close();
    sql = await openSql(engine.url);
    stop = async () => {
      await sql.close();
      await engine.stop();
    };
  });
  afterAll(() => stop());

  it('gives and takes the same values as any other, in every kind of transaction', async () => {
    const values = [[null, 'NULL']];
    const [alone] = await sql.query(SAMPLE, values);
    const [written] = await sql.transaction({}, (session) => session.query(SAMPLE, values));
    const [read] = await sql.transaction({ readOnly: true }, (session) => session.query(SAMPLE, values));
    expect([alone, written, read]).toMatchObject([EXPECTED, EXPECTED, EXPECTED]);
    expect(read).toMatchObject({ isolation: 'repeatable read' });
    // One that waited for another one's row goes on, and is not refused.
    if (name === 'postgres') {
      expect([alone, written]).toMatchObject([
        { isolation: 'read committed' },
        { isolation: 'read committed' },
      ]);
    }
  });

  it('keeps what was notified, and notifies it once', async () => {
    const state = await openState(sql);
    const tell = () =>
      state.record([recording([notification()], { fingerprint: 'rule', watermark: null })], AT + MINUTE);
    expect((await tell()).queued).toHaveLength(1);
    expect((await tell()).queued).toEqual([]);
    const [notified] =
      (
        await state.readNotified([{ fingerprint: 'rule', groupIds: [groupId(['search'])], firstAt: AT + 1 }])
      ).get('rule') ?? [];
    expect(notified?.at).toBe(AT);
    const claimed = await state.claim('mail', AT + MINUTE, 30_000);
    expect(claimed).toMatchObject({ nextAt: AT + MINUTE, createdAt: AT + MINUTE });
  });

  it('refuses an instant in another style instead of taking it for none', async () => {
    const asked = sql.transaction({ readOnly: true }, async (session) => {
      await session.query("SET LOCAL DateStyle = 'German'");
      return session.query("SELECT '2026-11-20 02:05:00+00'::timestamptz AS instant");
    });
    await expect(asked).rejects.toMatchObject({
      code: 'store_query_failed',
      message: expect.stringContaining('20.11.2026'),
    });
    expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('a session behind a pooler', () => {
  /** What the session itself has, once the transaction and its settings have ended. */
  const LEFT_BEHIND = `COMMIT; SELECT
    (SELECT count(*)::int FROM pg_settings WHERE source = 'session') AS settings,
    (SELECT count(*)::int FROM pg_prepared_statements) AS statements,
    (SELECT count(*)::int FROM pg_cursors WHERE is_holdable) AS cursors,
    (SELECT count(*)::int FROM pg_listening_channels()) AS channels,
    (SELECT count(*)::int FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks,
    pg_my_temp_schema()::int AS temporary, current_setting('statement_timeout') AS timeout`;
  const NOTHING = {
    settings: 0,
    statements: 0,
    cursors: 0,
    channels: 0,
    locks: 0,
    temporary: 0,
    timeout: '0',
  };

  it('is left to other programs as it was, after everything that a worker does', async () => {
    const database = await createDatabase();
    onTestFinished(database.drop);
    const sql = await openSql(database.url);
    onTestFinished(() => sql.close());
    const state = await openState(sql);
    const store = postgres.open(sql, {}, null);
    await store.createTable();
    await store.insert([
      { time: new Date(AT).toISOString(), service: 'search', model: 'm', endpoint: '/', input_tokens: 1 },
    ]);
    await store.inspect();
    const windows = [{ from: AT - MINUTE, to: AT + MINUTE }];
    await store.occupied(windows);
    await store.read(
      [{ measures: ['calls'], where: {}, groupBy: [], edges: [AT - MINUTE, AT + MINUTE], ranges: windows }],
      AT,
    );
    await store.snapshot((snapshot) => changesOf(snapshot).newestId());
    await state.record([recording([notification()], { fingerprint: 'rule' })], AT);
    const claimed = await state.claim(delivery().channel, AT, 30_000);
    expect(claimed).not.toBeNull();
    await state.prune(AT);
    await expect(sql.query('SELECT 1 / 0')).rejects.toThrow(/division/);
    await expect(
      sql.transaction({ statementTimeoutMs: 50 }, (session) => session.query('SELECT pg_sleep(30)')),
    ).rejects.toMatchObject({ code: 'store_timeout' });
    // All connections at once, so that each is looked at.
    const sessions = await Promise.all(Array.from({ length: 8 }, () => sql.query(LEFT_BEHIND)));
    expect(sessions.flat()).toEqual(sessions.map(() => NOTHING));
  });

  it('is used whatever another program left in it', async () => {
    const database = await createDatabase();
    onTestFinished(database.drop);
    const sql = await openSql(database.url);
    onTestFinished(() => sql.close());
    await sql.query('CREATE TABLE here (at timestamptz); INSERT INTO here VALUES ($$2026-11-20 02:05:00Z$$)');
    await sql.query(`COMMIT; SET DateStyle = 'German'; SET TimeZone = 'Asia/Kathmandu'; SET statement_timeout = '1h';
      SET search_path = pg_catalog; SET default_transaction_isolation = serializable`);
    expect(await sql.query('SELECT at FROM here')).toEqual([{ at: new Date('2026-11-20T02:05:00Z') }]);
  });
});
