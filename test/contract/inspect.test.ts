import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Column } from '../../src/model/columns.ts';
import { ONE } from '../../src/model/money.ts';
import type { ColumnSource, StoreProblem } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

const AT = Date.parse('2026-03-10T10:00:00Z');
const HOUR = 3_600_000;

/** Columns of a type that is not what they stand for: its values as SQL, and what the mapped column then is. */
const UNUSABLE: readonly (readonly [column: Column, type: string, value: string, was: string])[] = [
  ['status', 'text', `'200'`, '200'],
  ['status', 'varchar(20)', `'timeout'`, ''],
  ['status', 'boolean', 'true', '200'],
  ['cost', 'text', `'1.25'`, '1.25'],
  ['cost', 'money', `'1.25'`, '1.25'],
  ['cost', 'jsonb', `'{"total": 1.25}'`, '1.25'],
  ['input_tokens', 'varchar', `'7'`, '7'],
  ['latency_ms', 'interval', `'1.5 seconds'`, '1500'],
  ['ttft_ms', 'interval', `'20 milliseconds'`, '20'],
  ['batch', 'smallint', '1', 'true'],
  ['batch', 'varchar', `'Yes'`, 'true'],
  ['batch', 'jsonb', `'true'`, 'true'],
  ['time', 'text', `'2026-03-10T09:00:00Z'`, '2026-03-10 09:00:00+00'],
];

describe.each(STORES)('validate --connect, in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
  });
  afterAll(() => engine?.stop());

  const inspect = (options: TableOptions): Promise<readonly StoreProblem[]> =>
    storeType.open(engine.sql, options, null).inspect();
  const table = async (columns: string, ...rows: string[]): Promise<void> => {
    await engine.sql.query(`DROP TABLE IF EXISTS odd; CREATE TABLE odd (${columns});
      ${rows.map((row) => `INSERT INTO odd VALUES (${row});`).join('\n')}`);
    if (/\bat timestamp/.test(columns)) await engine.sql.query('CREATE INDEX ON odd (at)');
  };

  /** As a person would, in psql. */
  const outsideOfTransactions = async (text: string): Promise<void> => {
    if (name === 'pglite') return void (await engine.sql.query(text));
    const client = new pg.Client({ connectionString: engine.url });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };

  it.each(UNUSABLE)('names a %s of type %s, with a cure that works', async (column, type, value, was) => {
    const own = column === 'time' ? `raw ${type}` : `at timestamptz, raw ${type}`;
    await table(own, column === 'time' ? value : `'2026-03-10T09:00:00Z', ${value}`);
    const columns = { time: 'at', [column]: 'raw' } as Record<Column, ColumnSource>;
    const problems = await inspect({ table: 'odd', columns });
    expect(problems).toHaveLength(1);
    const [{ level, message, hint } = {} as StoreProblem] = problems;
    expect(level).toBe('fault');
    expect(message).toContain(`audit.columns.${column} (column "raw") is of type`);
    const cure = JSON.parse(/\{ sql: ("(?:[^"\\]|\\.)*") \}/.exec(hint)?.[1] ?? '""') as string;
    const [row] = await engine.sql.query<{ value: string }>(`SELECT (${cure})::text AS value FROM odd`);
    const got = row?.value ?? '';
    expect(/^-?[\d.]+$/.test(got) ? String(Number(got)) : got).toBe(was);
    const mended = await inspect({ table: 'odd', columns: { ...columns, [column]: { sql: cure } } });
    expect(mended.filter(({ level: own }) => own === 'fault')).toEqual([]);
  });

  test('finds what only the newest rows show, and takes every type that can be read', async () => {
    await engine.sql.query(`DROP TYPE IF EXISTS outcome CASCADE; CREATE TYPE outcome AS ENUM ('fine', 'bad');
      DROP DOMAIN IF EXISTS usd; CREATE DOMAIN usd AS numeric(12, 6)`);
    await table(
      'at timestamptz, cost usd, status smallint, how outcome, latency real, tokens numeric, code text, what json',
      `'2026-03-10T09:00:00Z', 1, 200, 'bad', 3.5, 7, 'x', '{}'`,
    );
    const columns = {
      time: 'at',
      cost: 'cost',
      status: 'status',
      error: 'what',
      latency_ms: 'latency',
      input_tokens: 'tokens',
    };
    expect(await inspect({ table: 'odd', columns })).toEqual([]);
    expect(await inspect({ table: 'odd', columns: { ...columns, status: 'how' } })).toMatchObject([
      {
        level: 'fault',
        message: expect.stringMatching(/^audit\.columns\.status \(column "how"\) cannot be read/),
      },
    ]);
    const coded = { ...columns, status: { sql: `CASE WHEN code = '' THEN 200 ELSE code::integer END` } };
    expect(await inspect({ table: 'odd', columns: coded })).toMatchObject([
      { level: 'fault', message: expect.stringMatching(/^audit\.columns\.status\.sql cannot be read.*"x"/) },
    ]);
  });

  test('warns of a dimension that is JSON, a list, or depends on the clock', async () => {
    await table('at timestamptz, doc jsonb, tags text[]');
    const problems = await inspect({
      table: 'odd',
      columns: { time: 'at', service: { sql: `doc->'service'` } },
      dimensions: { tags: 'tags', age: { sql: `CASE WHEN at > now() - interval '1h' THEN 'new' END` } },
    });
    expect(problems.map(({ level, message }) => `${level} ${message.split(' ')[0]}`)).toEqual([
      'warning audit.columns.service.sql',
      'warning audit.dimensions.tags',
      'warning audit.dimensions.age.sql',
    ]);
  });

  test('names the table that differs in schema or letter case, and the column that differs in letter case', async () => {
    await engine.sql.query(`CREATE SCHEMA IF NOT EXISTS "Public";
      CREATE TABLE "Public"."Api_Audit_Logs" ("At" timestamptz); CREATE INDEX ON "Public"."Api_Audit_Logs" ("At")`);
    const columns = { time: 'at' };
    for (const wanted of ['api_audit_logs', 'public.Api_Audit_Logs', '"Public"."Api_Audit_Logs"']) {
      expect(await inspect({ table: wanted, columns })).toMatchObject([
        {
          level: 'fault',
          message: expect.stringContaining('There is "Public"."Api_Audit_Logs".'),
          hint: expect.stringContaining('`table: "Public.Api_Audit_Logs"`'),
        },
      ]);
    }
    const found = { table: 'Public.Api_Audit_Logs' };
    expect(await inspect({ ...found, columns })).toMatchObject([
      { level: 'fault', hint: 'The table has "At": letter case counts.' },
    ]);
    expect(await inspect({ ...found, columns: { time: 'At' } })).toEqual([]);
    expect(await inspect({ table: 'nowhere', columns })).toMatchObject([
      { hint: expect.stringContaining('init --create-table') },
    ]);
  });

  test('names the index that is missing by a statement that makes it', async () => {
    await engine.sql.query(`DROP TABLE IF EXISTS parted; CREATE TABLE parted (id bigint, at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`);
    await table('id bigint, raw timestamp');
    const local = { sql: `raw AT TIME ZONE 'Asia/Shanghai'` };
    for (const options of [
      { table: 'parted', columns: { time: 'at', id: 'id' } },
      { table: 'odd', columns: { time: 'raw', id: { sql: 'id + 1' } } },
      { table: 'odd', columns: { time: local } },
    ]) {
      const problems = await inspect(options);
      expect(problems.length).toBe(Object.keys(options.columns).length);
      for (const { level, hint } of problems) {
        expect(level).toBe('warning');
        await outsideOfTransactions(hint);
      }
      expect(await inspect(options)).toEqual([]);
    }
  });

  it.each(['json', 'jsonb', 'text'])(
    'JSON null in an error column of type %s is no error text',
    async (type) => {
      const errors = ['null', 'NULL', '""', '{"code": 1}', '"null"', ''].filter(
        (one) => one !== '' || type === 'text',
      );
      await table(
        `at timestamptz, error ${type}`,
        ...errors.map((error) => `'2026-03-10T09:30:00Z', ${error === 'NULL' ? error : `'${error}'`}`),
      );
      const store = storeType.open(
        engine.sql,
        { table: 'odd', columns: { time: 'at', error: 'error' } },
        null,
      );
      const range = { from: AT - HOUR, to: AT };
      const read = {
        measures: ['failed' as const],
        where: {},
        groupBy: [],
        edges: [AT - HOUR, AT],
        ranges: [range],
      };
      const { answers } = await store.read([read], AT);
      // A text that says null says something.
      expect(answers[0]).toMatchObject([{ cell: { sums: { failed: (type === 'text' ? 4n : 2n) * ONE } } }]);
      const calls = await store.snapshot((snapshot) =>
        snapshot.calls({
          dimensions: [],
          measures: ['failed'],
          sketches: [],
          edges: [AT - HOUR, AT],
          together: true,
        }),
      );
      expect(calls.sums.get('failed')?.units.reduce((a, b) => a + b, 0)).toBe(type === 'text' ? 4 : 2);
    },
  );
});
