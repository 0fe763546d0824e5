import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { engineOf } from '../../src/stores/index.ts';
import { type CallStore, type LoggedCall, openCallStore } from '../support/call-store.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../support/clickhouse-server.ts';
import { faultSeeds } from '../support/seeds.ts';
import {
  hasSqliteDriver,
  insertAll,
  makeSqliteFile,
  openSqliteStore,
  type SqliteFile,
} from '../support/sqlite-file.ts';
import { DAY, PRICES, reportOn } from './report-world.ts';

const AT = '2026-10-28T06:00:00Z';
const FIRST = Date.parse('2026-10-01T00:00:00Z');
const TEXTS = ['service', 'model', 'user', 'cost'] as const;
const NUMBERS = ['input_tokens', 'output_tokens', 'cached_tokens'] as const;
const [SEED = 0] = faultSeeds('reports of other engines');

let calls: CallStore;
let rows: readonly LoggedCall[];
beforeAll(async () => {
  calls = await openCallStore('postgres', {}, PRICES);
  rows = randomCalls(seededRandom(SEED));
  await calls.log(...rows);
});
afterAll(() => calls?.stop());

function randomCalls(random: () => number): LoggedCall[] {
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  return Array.from({ length: 1_500 }, () => ({
    at: FIRST + Math.floor(random() * 27 * DAY),
    cost: one([null, '0', (random() * 0.3).toFixed(6)]),
    service: one(['search', 'chat', 'batch']),
    model: one(['gpt-4.1', 'small', 'unlisted']),
    user: one([null, `u${Math.floor(random() * 50)}`]),
    input_tokens: Math.floor(random() * 3_000),
    output_tokens: one([null, Math.floor(random() * 900)]),
    cached_tokens: one([null, Math.floor(random() * 900)]),
    batch: one(['true', 'false']),
  }));
}

/** The columns of a table `calls` whose time is in ms. */
const OPTIONS = {
  table: 'calls',
  columns: {
    ...Object.fromEntries([...TEXTS, ...NUMBERS, 'batch'].map((name) => [name, name])),
    time: { column: 'at', unit: 'ms' as const },
  },
};

async function expectSame(store: AuditStore): Promise<void> {
  const keys = {
    routing: [
      { from: 'gpt-4.1', to: 'small', belowTokens: 2_000 },
      { from: 'small', to: 'gpt-4.1', belowTokens: null },
    ],
    invoices: new Map([['2026-09', 5n]]),
    where: { service: { notIn: ['batch'] } },
  };
  const table = {
    columns: new Set(['time', 'batch', ...TEXTS, ...NUMBERS] as const),
    dimensions: new Set(['service', 'model', 'user']),
  };
  const own = await reportOn(store, keys, AT, table);
  expect(own).toEqual(await reportOn(calls.store, keys, AT, table));
  expect(own.routing[0]?.calls).toBeGreaterThan(20);
  expect(own.troubles).toEqual([]);
}

describe.skipIf(!(await hasSqliteDriver()))('the report of a SQLite file', () => {
  let file: SqliteFile;
  beforeAll(async () => {
    file = await makeSqliteFile();
  });
  afterAll(() => file?.stop());

  it('is that of PostgreSQL with the same calls', async () => {
    const names = ['at', ...TEXTS, ...NUMBERS, 'batch'] as const;
    const quoted = names.map((name) => `"${name}"`).join(', ');
    file.database.exec(
      `CREATE TABLE calls (id INTEGER PRIMARY KEY, ${quoted}); CREATE INDEX calls_at ON calls (at)`,
    );
    insertAll(
      file.database,
      `INSERT INTO calls (${quoted}) VALUES (${names.map(() => '?').join(', ')})`,
      rows.map((row) =>
        names.map((name) => (name === 'batch' ? Number(row.batch === 'true') : (row[name] ?? null))),
      ),
    );
    const store = openSqliteStore(file, OPTIONS, { prices: PRICES });
    await expectSame(store);
    await store.close();
  });
});

describe.skipIf(!hasClickHouse)('the report of ClickHouse', () => {
  let server: ClickHouseServer;
  beforeAll(async () => {
    server = await startClickHouse();
  });
  afterAll(() => server?.stop());

  it('is that of PostgreSQL with the same calls', async () => {
    server.run(
      `CREATE TABLE calls (at Int64, service String, model String, user Nullable(String), cost Nullable(Decimal(18, 6)),
         input_tokens Int64, output_tokens Nullable(Int64), cached_tokens Nullable(Int64), batch Bool) ENGINE = MergeTree ORDER BY at`,
    );
    const values = rows.map((row) => {
      const texts = TEXTS.map((name) => (row[name] === null ? 'NULL' : `'${row[name]}'`));
      return `(${[row.at, ...texts, ...NUMBERS.map((name) => row[name] ?? 'NULL'), row.batch].join(', ')})`;
    });
    server.run(`INSERT INTO calls VALUES ${values.join(', ')}`);
    const place = { baseDir: '/', statementTimeoutMs: 60_000 };
    const store = engineOf(server.url)?.open(server.url, place, OPTIONS, PRICES) as AuditStore;
    await expectSame(store);
    await store.close();
  });
});
