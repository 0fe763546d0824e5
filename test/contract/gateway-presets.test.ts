import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measure } from '../../src/model/measure.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { Cell, CellRead } from '../../src/model/series.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { cellSql } from '../../src/stores/cell-sql.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { PRESETS } from '../../src/stores/presets/index.ts';
import { timeTypeOf } from '../../src/stores/time-column.ts';
import { FIXTURES } from '../fixtures/presets/index.ts';
import { createDatabase, onServer, type TestDatabase } from '../support/database.ts';
import { priceList } from '../support/price-list.ts';

const TO = Date.parse('2026-03-10T10:00:00Z');
const FROM = TO - 3_600_000;
const AGGREGATE = { dimensions: ['model'], measures: ['cost', 'calls', 'failed'], sketch: null } as const;

let database: TestDatabase;
/** Has the grants of the pages, and no others. */
const role = `reader_${randomBytes(6).toString('hex')}`;
beforeAll(async () => {
  database = await createDatabase();
  await onServer(database.url, `CREATE ROLE ${role}`);
});
afterAll(async () => {
  if (database === undefined) return;
  await onServer(database.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await database.drop();
});

/** Opens the test's database in a schema of the preset's own, because several programs have a table `logs`. */
function openAs(schema: string, options = ''): Promise<Sql> {
  const url = new URL(database.url);
  url.searchParams.set('options', `-c search_path=${schema}${options}`);
  return openSql(url.href);
}

/** The GRANT statements of a preset's page. */
function grantsOf(preset: string, schema: string): string {
  const page = readFileSync(new URL(`../../docs/presets/${preset}.md`, import.meta.url), 'utf8');
  const [, grants = ''] = /^```sql\n(.*?)^```$/ms.exec(page) ?? [];
  return grants.replaceAll('spendwatch_reader', role).replaceAll('SCHEMA public', `SCHEMA ${schema}`);
}

function hour(measures: readonly Measure[], groupBy: readonly string[] = []): CellRead {
  return { measures, where: {}, groupBy, edges: [FROM, TO], ranges: [{ from: FROM, to: TO }] };
}

async function cellsOf(store: AuditStore, read: CellRead) {
  const [answer] = (await store.read([read], TO)).answers;
  if (!Array.isArray(answer)) throw answer;
  return answer as readonly { key: readonly (string | null)[]; cell: Cell }[];
}

describe.each(Object.entries(FIXTURES))('the preset %s', (name, fixture) => {
  const preset = name as keyof typeof FIXTURES;
  const { mapping } = PRESETS[preset];
  let sql: Sql;
  let reader: Sql;
  let store: AuditStore;
  beforeAll(async () => {
    const schema = `${preset}_db`;
    sql = await openAs(schema);
    await sql.query(`CREATE SCHEMA ${schema}`);
    await sql.query(fixture.tables);
    await sql.query(fixture.rows);
    await sql.query(grantsOf(preset, schema));
    reader = await openAs(schema, ` -c role=${role}`);
    store = postgres.open(reader, { preset }, null);
  });
  afterAll(() => Promise.all([sql?.close(), reader?.close()]));

  it('finds the table in order, with the grants of its page', async () => {
    const found = (await store.inspect()).map(({ level, message }) => `${level}: ${message}`);
    const warns = fixture.warns ?? [];
    expect(found).toEqual(warns.map((text) => expect.stringContaining(`warning: ${text}`)));
  });

  it('is proposed where the file names no preset', async () => {
    const hint = expect.stringContaining(`Write \`preset: ${preset}\` under`);
    for (const options of [{}, { table: mapping.table, columns: { time: 'called_at' } }]) {
      const problems = await postgres.open(sql, options, null).inspect();
      expect(problems[0]?.level).toBe('fault');
      expect(problems.slice(1)).toContainEqual(expect.objectContaining({ level: 'warning', hint }));
    }
    expect(
      await postgres
        .open(sql, { table: mapping.table, columns: { time: { sql: `'2026-03-10Z'::timestamptz` } } }, null)
        .inspect(),
    ).not.toContainEqual(expect.objectContaining({ hint }));
  });

  it('groups the calls by every dimension', async () => {
    const told: Record<string, unknown> = {};
    for (const dimension of Object.keys(fixture.groups)) {
      const keys = (await cellsOf(store, hour(['calls'], [dimension]))).map(({ key }) => key[0] ?? null);
      told[dimension] = [...keys.filter((key) => key !== null).sort(), ...keys.filter((key) => key === null)];
    }
    expect(told).toEqual(fixture.groups);
    const mapped = ['service', 'model', 'user', 'endpoint', 'session'].filter(
      (one) => one in mapping.columns,
    );
    expect(Object.keys(fixture.groups).sort()).toEqual(
      [...mapped, ...Object.keys(mapping.dimensions)].sort(),
    );
  });

  it('sums as SQL by hand does, before and after the program changes rows', async () => {
    const digest = () => store.snapshot(async ({ changes }) => changes?.digests([AGGREGATE], [FROM, TO]));
    const sums = async (): Promise<unknown> => {
      const [row = {}] = await sql.query<Record<string, string>>(fixture.hand);
      const measures = Object.keys(row) as Measure[];
      const [told] = await cellsOf(store, hour(measures));
      for (const measure of measures)
        expect([measure, formatFixed(told?.cell.sums[measure] ?? 0n, 12)]).toEqual([
          measure,
          String(row[measure])
            .replace(/(\.\d*?)0+$/, '$1')
            .replace(/\.$/, ''),
        ]);
      return formatFixed(told?.cell.sums.cost ?? 0n, 12);
    };
    const before = await digest();
    expect(await sums()).toBe(fixture.cost);
    await sql.query(fixture.late);
    expect(await digest()).not.toEqual(before);
    expect(await sums()).toBe(fixture.lateCost);
  });

  it('is read by an index of the time', async () => {
    const { plan, time } = await sql.transaction({ readOnly: true }, async (session) => {
      await session.query('SET LOCAL enable_seqscan = off');
      const statement = cellSql(hour(['calls']), mapping, await timeTypeOf(mapping, session), null);
      const lines = await session.query(`EXPLAIN ${statement?.text}`, [...(statement?.values ?? [])]);
      return { plan: lines.map((line) => Object.values(line)[0]).join('\n'), time: mapping.columns.time };
    });
    if (fixture.warns?.some((text) => text.includes('has no index'))) return;
    expect(plan).toMatch(new RegExp(`Index Cond: .*\\b${String(time)}\\b`));
  });

  it('lets a column be mapped otherwise, and leaves the others', async () => {
    const own = postgres.open(
      reader,
      { preset, columns: { service: { sql: "'mine'" }, session: null } },
      null,
    );
    const cells = await cellsOf(own, hour(['calls', 'cost'], ['service', 'model']));
    expect(new Set(cells.map(({ key }) => key[0]))).toEqual(new Set(['mine']));
    expect(cells.map(({ key }) => key[1]).length).toBe(fixture.groups.model?.length);
  });
});

describe('a spend of 0 that litellm records for a call with tokens', () => {
  let sql: Sql;
  beforeAll(async () => {
    sql = await openAs('spend_of_0');
    await sql.query('CREATE SCHEMA spend_of_0');
    await sql.query(FIXTURES.litellm.tables);
    await sql.query(FIXTURES.litellm.rows);
  });
  afterAll(() => sql?.close());

  it.each([
    ['is unknown without a price', null, '0.1', '1'],
    ['is free if the price list says 0', { input: '0', output: '0' }, '0.1', '0'],
    ['costs what the price list says', { input: '2', output: '8' }, '0.10044', '0'],
  ] as const)('%s', async (_, prices, cost, unpriced) => {
    const list = prices === null ? null : priceList({ 'new-model': prices });
    const [told] = await cellsOf(postgres.open(sql, { preset: 'litellm' }, list), hour(['cost', 'unpriced']));
    expect(formatFixed(told?.cell.sums.cost ?? 0n, 12)).toBe(cost);
    expect(formatFixed(told?.cell.sums.unpriced ?? 0n, 12)).toBe(unpriced);
  });
});
