import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Aggregate } from '../../src/model/aggregate.ts';
import type { Query } from '../../src/model/series.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { openLiveSums } from '../../src/sums/live/live-sums.ts';
import { changesOf } from '../support/changes-of.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DOLLAR = 10n ** 12n;
const T0 = Date.parse('2026-03-01T00:00:00Z');
const READER = `reader_${Math.random().toString(36).slice(2)}`;
const COLUMNS = 'id bigint, at timestamptz, cost numeric, service text';
const COLUMNS_READ = 'id, at, cost, service';
/** $14,400 within two minutes, in rows that each kind of table below has. */
const ROWS = `SELECT n, timestamptz '2026-03-01T00:00:00Z' + n * interval '10 seconds', 1440, CASE n % 2 WHEN 0 THEN 'search' ELSE 'chat' END
  FROM generate_series(0, 9) AS n`;
const ALL = 14_400n * DOLLAR;

let database: TestDatabase;
/** Owns the tables and rewrites them. */
let owner: pg.Client;
/** Reads, and owns nothing. */
let reader: Sql;

beforeAll(async () => {
  database = await createDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await owner.query(
    `CREATE ROLE ${READER} LOGIN PASSWORD 'reading'; CREATE EXTENSION postgres_fdw SCHEMA pg_catalog`,
  );
  reader = await openSql(readerUrl());
});
afterAll(async () => {
  await reader.close();
  await owner.query(`DROP OWNED BY ${READER} CASCADE; DROP ROLE ${READER}`);
  await owner.end();
  await database.drop();
});
beforeEach(() =>
  owner.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO public'),
);

const readerUrl = (): string =>
  Object.assign(new URL(database.url), { username: READER, password: 'reading' }).href;

const open = (table = 'calls', sql = reader): AuditStore =>
  postgres.open(sql, { table, columns: { id: 'id', time: 'at', cost: 'cost', service: 'service' } }, null);

const TABLE = `CREATE TABLE calls (${COLUMNS}); INSERT INTO calls ${ROWS}; CREATE INDEX ON calls (at)`;
const PARTITIONED = `CREATE TABLE calls (${COLUMNS}) PARTITION BY LIST (service);
  CREATE TABLE calls_search PARTITION OF calls FOR VALUES IN ('search');
  CREATE TABLE calls_chat PARTITION OF calls FOR VALUES IN ('chat'); INSERT INTO calls ${ROWS}`;
const FOREIGN = `${TABLE}; GRANT SELECT ON calls TO ${READER};
  DROP SERVER IF EXISTS there CASCADE; CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'DATABASE', host '127.0.0.1', port 'PORT');
  CREATE USER MAPPING FOR ${READER} SERVER there OPTIONS (user '${READER}', password 'reading');
  CREATE FOREIGN TABLE mirror (${COLUMNS}) SERVER there OPTIONS (table_name 'calls')`;
const WHOLE = (table: string) => `GRANT SELECT ON ${table} TO ${READER}`;
const BY_COLUMN = (table: string) => `GRANT SELECT (${COLUMNS_READ}) ON ${table} TO ${READER}`;

const ALTERED = 'ALTER TABLE calls ALTER cost TYPE numeric(20, 4)';
const RELOADED = `TRUNCATE calls; INSERT INTO calls ${ROWS}`;
const EXCHANGED = `CREATE TABLE fresh (${COLUMNS}); INSERT INTO fresh ${ROWS}; ALTER TABLE calls RENAME TO old; ALTER TABLE fresh RENAME TO calls`;
const PART_RELOADED = `CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM calls_chat; TRUNCATE calls_chat; INSERT INTO calls SELECT * FROM kept`;
const PART_EXCHANGED = `ALTER TABLE calls DETACH PARTITION calls_chat; CREATE TABLE fresh (LIKE calls); INSERT INTO fresh SELECT * FROM calls_chat;
  DROP TABLE calls_chat; ALTER TABLE calls ATTACH PARTITION fresh FOR VALUES IN ('chat')`;
const VIEW = 'CREATE VIEW shown AS SELECT * FROM calls';

const FUNCTION = `CREATE FUNCTION every_call() RETURNS SETOF calls LANGUAGE plpgsql STABLE AS 'BEGIN RETURN QUERY SELECT * FROM calls; END';
  CREATE VIEW shown AS SELECT * FROM every_call()`;
/** Rows are seen by those who are members, as row security has it. */
const POLICY = `CREATE TABLE member (name text); INSERT INTO member VALUES ('${READER}'); ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
  CREATE POLICY members ON calls USING (current_user IN (SELECT name FROM member))`;
const MEMBERS_RELOADED = `TRUNCATE member; INSERT INTO member VALUES ('${READER}')`;

/** What is made, what is granted, what is read, and how it is rewritten. */
const CASES: readonly (readonly [
  name: string,
  made: string,
  granted: string,
  table: string,
  rewritten: string,
])[] = [
  ['a column gets another type', TABLE, WHOLE('calls'), 'calls', ALTERED],
  ['a table is emptied and loaded again', TABLE, WHOLE('calls'), 'calls', RELOADED],
  ['another table takes its name', TABLE, WHOLE('calls'), 'calls', `${EXCHANGED}; ${WHOLE('calls')}`],
  ['a partitioned table gets another type', PARTITIONED, WHOLE('calls'), 'calls', ALTERED],
  ['one partition is loaded again', PARTITIONED, WHOLE('calls'), 'calls', PART_RELOADED],
  ['one partition is exchanged', PARTITIONED, WHOLE('calls'), 'calls', PART_EXCHANGED],
  ['the table of a view is loaded again', `${TABLE}; ${VIEW}`, WHOLE('shown'), 'shown', RELOADED],
  [
    'a partition of a view’s table is loaded again',
    `${PARTITIONED}; ${VIEW}`,
    WHOLE('shown'),
    'shown',
    PART_RELOADED,
  ],
  [
    'the table of a function in a view is loaded again',
    `${TABLE}; ${FUNCTION}`,
    `${WHOLE('calls')}; ${WHOLE('shown')}`,
    'shown',
    RELOADED,
  ],
  [
    'the table of a function in a view is loaded again, which only the function may read',
    `${TABLE}; ${FUNCTION}; ALTER FUNCTION every_call() SECURITY DEFINER`,
    WHOLE('shown'),
    'shown',
    RELOADED,
  ],
  [
    'the table of a policy is loaded again',
    `${TABLE}; ${POLICY}`,
    `${WHOLE('calls')}; ${WHOLE('member')}`,
    'calls',
    MEMBERS_RELOADED,
  ],
  [
    'a materialized view is refreshed',
    `${TABLE}; CREATE MATERIALIZED VIEW stored AS SELECT * FROM calls`,
    WHOLE('stored'),
    'stored',
    'REFRESH MATERIALIZED VIEW stored',
  ],
  ['the table behind a foreign one is loaded again', FOREIGN, WHOLE('mirror'), 'mirror', RELOADED],
  ['a column gets another type, read by columns alone', TABLE, BY_COLUMN('calls'), 'calls', ALTERED],
  ['a table is loaded again, read by columns alone', TABLE, BY_COLUMN('calls'), 'calls', RELOADED],
  [
    'another table takes its name, read by columns alone',
    TABLE,
    BY_COLUMN('calls'),
    'calls',
    `${EXCHANGED}; ${BY_COLUMN('calls')}`,
  ],
  [
    'one partition is loaded again, read by columns alone',
    PARTITIONED,
    BY_COLUMN('calls'),
    'calls',
    PART_RELOADED,
  ],
  [
    'one partition is exchanged, read by columns alone',
    PARTITIONED,
    BY_COLUMN('calls'),
    'calls',
    PART_EXCHANGED,
  ],
  [
    'the table of a view is loaded again, read by columns alone',
    `${TABLE}; ${VIEW}`,
    BY_COLUMN('shown'),
    'shown',
    RELOADED,
  ],
];

async function make(made: string, granted: string): Promise<void> {
  const { pathname, port } = new URL(database.url);
  await owner.query(`${made.replace('DATABASE', pathname.slice(1)).replace('PORT', port)}; ${granted}`);
}

/** Begins to read while a rewrite is under way, which is committed once somebody waits for it. */
async function readDuring<T>(rewritten: string, read: () => Promise<T>): Promise<T> {
  await owner.query(`BEGIN; ${rewritten}`);
  const reading = read();
  reading.catch(() => undefined);
  try {
    await expect.poll(waiting, { timeout: 60_000 }).toBeGreaterThan(0);
  } finally {
    await owner.query('COMMIT');
  }
  return reading;
}

async function waiting(): Promise<number> {
  const { rows } = await owner.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows[0]?.n ?? 0;
}

const WINDOW = { from: T0, to: T0 + 2 * MINUTE };
const READ = {
  measures: ['cost' as const],
  where: {},
  groupBy: [],
  edges: [WINDOW.from, WINDOW.to],
  ranges: [WINDOW],
};
const AGGREGATE: Aggregate = { dimensions: ['service'], measures: ['calls', 'cost'], sketch: null };

async function spend(store: AuditStore): Promise<bigint | undefined> {
  const { answers } = await store.read([READ], WINDOW.to);
  const [cells] = answers;
  if (cells === undefined || cells instanceof Error) throw cells;
  if ('failed' in cells) throw new Error('some measures could not be read');
  return cells[0]?.cell.sums.cost;
}

describe('what is read while', () => {
  it.each(CASES)('%s is all of it', async (_, made, granted, table, rewritten) => {
    await make(made, granted);
    const store = open(table);
    expect(await readDuring(rewritten, () => spend(store))).toBe(ALL);
    expect(await spend(store)).toBe(ALL);
  });
});

describe('while a table is loaded again', () => {
  beforeEach(() => make(TABLE, WHOLE('calls')));

  it.each<[string, (store: AuditStore) => Promise<unknown>, unknown]>([
    ['the newest row', async (store) => (await store.read([], WINDOW.to)).newestRow, T0 + 90_000],
    ['occupied spans', (store) => store.occupied([WINDOW]), [WINDOW]],
    [
      'digests',
      async (store) =>
        (await store.snapshot((one) => changesOf(one).digests([AGGREGATE], [WINDOW.from, WINDOW.to])))[0]
          ?.calls,
      10,
    ],
    [
      'cells',
      async (store) =>
        (await store.snapshot((one) => one.buckets([AGGREGATE], [WINDOW.from, WINDOW.to], [WINDOW])))[0]
          ?.length,
      2,
    ],
    [
      'single calls',
      async (store) =>
        (
          await store.snapshot((one) =>
            one.calls({
              dimensions: ['service'],
              measures: ['cost'],
              sketches: [],
              edges: [WINDOW.from, WINDOW.to],
              together: false,
            }),
          )
        ).length,
      10,
    ],
    ['the newest id', (store) => store.snapshot((one) => changesOf(one).newestId()), '9'],
    [
      'ids that came',
      async (store) => (await store.snapshot((one) => changesOf(one).arrivals('0', [], T0))).newest,
      '9',
    ],
  ])('%s are those of after it', async (_, read, expected) => {
    const store = open();
    expect(await readDuring(RELOADED, () => read(store))).toEqual(expected);
  });

  it('a table that an expression selects from is not taken for empty either', async () => {
    await owner.query(`CREATE TABLE price (service text, usd numeric); INSERT INTO price VALUES ('search', 1440), ('chat', 1440);
      CREATE VIEW prices AS SELECT * FROM price; ${WHOLE('prices')}; ALTER TABLE calls DROP cost`);
    const cost = { sql: '(SELECT max(usd) FROM prices WHERE prices.service = calls.service)' };
    const broken = { sql: '(SELECT x FROM nowhere)' };
    const columns = { time: 'at', cost, service: 'service' };
    const store = postgres.open(reader, { table: 'calls', columns, dimensions: { team: broken } }, null);
    const rewritten = `CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM price; TRUNCATE price; INSERT INTO price SELECT * FROM kept`;
    expect(await spend(store)).toBe(ALL);
    expect(await readDuring(rewritten, () => spend(store))).toBe(ALL);
  });

  it.each([
    ['a function of an expression reads', '', `${WHOLE('price')}; ${WHOLE('calls')}`],
    ['a function of an expression alone may read', 'SECURITY DEFINER', WHOLE('calls')],
    [
      'a function reads, where the table is read by columns alone',
      '',
      `${WHOLE('price')}; ${BY_COLUMN('calls')}`,
    ],
  ])('a table that %s is not taken for empty', async (_, security, granted) => {
    await owner.query(`REVOKE ALL ON calls FROM ${READER}; CREATE TABLE price (service text, usd numeric);
      INSERT INTO price VALUES ('search', 1440), ('chat', 1440);
      CREATE FUNCTION price_of(asked text) RETURNS numeric LANGUAGE plpgsql STABLE ${security} AS
        'BEGIN RETURN (SELECT usd FROM price WHERE service = asked); END'; ${granted}`);
    const cost = { sql: 'Price_Of(service)' };
    const store = postgres.open(reader, { table: 'calls', columns: { time: 'at', cost } }, null);
    const rewritten = `CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM price; TRUNCATE price; INSERT INTO price SELECT * FROM kept`;
    expect(await readDuring(rewritten, () => spend(store))).toBe(ALL);
    expect(await readDuring(rewritten, () => spend(store))).toBe(ALL);
  });

  it('a function is known from the first row on', async () => {
    await owner.query(`CREATE TABLE price (usd numeric); INSERT INTO price VALUES (1440); ${WHOLE('price')};
      CREATE FUNCTION price_of() RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT max(usd) FROM price); END'`);
    const columns = { time: 'at', cost: { sql: 'price_of()' } };
    const store = postgres.open(reader, { table: 'calls', columns }, null);
    await owner.query('TRUNCATE calls');
    expect(await spend(store)).toBeUndefined();
    await owner.query(`INSERT INTO calls ${ROWS}`);
    expect(await readDuring('TRUNCATE price; INSERT INTO price VALUES (1440)', () => spend(store))).toBe(ALL);
  });

  it('of a table that an expression selected from and that is gone, one read is lost', async () => {
    await owner.query(`CREATE TABLE price (service text, usd numeric); INSERT INTO price VALUES ('search', 1440), ('chat', 1440);
      CREATE VIEW prices AS SELECT * FROM price; ${WHOLE('price')}; ${WHOLE('prices')}`);
    const cost = { sql: '(SELECT max(usd) FROM prices WHERE prices.service = calls.service)' };
    const store = postgres.open(reader, { table: 'calls', columns: { time: 'at', cost } }, null);
    expect(await spend(store)).toBe(ALL);
    await owner.query(`CREATE TABLE newer AS SELECT * FROM price; DROP TABLE price CASCADE;
      CREATE VIEW prices AS SELECT * FROM newer; ${WHOLE('prices')}`);
    await expect(spend(store)).rejects.toMatchObject({ code: 'store_table_missing' });
    expect(await spend(store)).toBe(ALL);
  });

  it('a reconcile does not take over an empty table into old sums', async () => {
    const rollup = openLiveSums(open(), { latenessMs: MINUTE, kept: null });
    const at = T0 + 5 * HOUR;
    const query: Query = { measures: ['cost'], where: {}, groupBy: [], windows: [{ from: T0, to: at }] };
    const sum = async () => (await rollup.refresh([query], at)).series[0]?.cell(0, 0)?.sums.cost;
    await sum();
    await rollup.backfill(Number.POSITIVE_INFINITY);
    expect(await sum()).toBe(ALL);
    expect(await readDuring(RELOADED, () => rollup.reconcile(T0, at))).toBe(0);
    expect(await sum()).toBe(ALL);
  });
});

describe('a table that stays locked', () => {
  it.each([
    ['a table', TABLE, WHOLE('calls'), 'calls'],
    ['a table that is read by columns alone', TABLE, BY_COLUMN('calls'), 'calls'],
    ['a view', `${TABLE}; ${VIEW}`, WHOLE('shown'), 'shown'],
  ])('is not known, and never empty: %s', async (_, made, granted, table) => {
    await make(made, granted);
    const hasty = await openSql(readerUrl(), { statementTimeoutMs: 500 });
    onTestFinished(() => hasty.close());
    await owner.query(`BEGIN; ${RELOADED}`);
    try {
      await expect(spend(open(table, hasty))).rejects.toMatchObject({ code: 'store_timeout' });
    } finally {
      await owner.query('COMMIT');
    }
    expect(await spend(open(table))).toBe(ALL);
  });

  it('says that another session holds it, and not that an index is missing', async () => {
    await make(TABLE, WHOLE('calls'));
    const hasty = await openSql(readerUrl(), { statementTimeoutMs: 500 });
    onTestFinished(() => hasty.close());
    await owner.query('BEGIN; LOCK TABLE calls');
    try {
      await expect(spend(open('calls', hasty))).rejects.toMatchObject({
        code: 'store_timeout',
        message: expect.stringContaining('another session'),
        hint: expect.stringContaining('pg_locks'),
      });
    } finally {
      await owner.query('COMMIT');
    }
  });
});

it('a foreign table that is empty is empty', async () => {
  await make(FOREIGN, WHOLE('mirror'));
  await owner.query('TRUNCATE calls');
  expect(await spend(open('mirror'))).toBeUndefined();
});
