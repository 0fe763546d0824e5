import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { type CallStore, type LoggedCall, openCallStore } from '../support/call-store.ts';
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
const KEYS = [
  'at',
  'cost',
  'service',
  'model',
  'user',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'batch',
] as const;

describe.skipIf(!(await hasSqliteDriver()))('the report of a SQLite file', () => {
  let calls: CallStore;
  let file: SqliteFile;
  let store: AuditStore;
  const [seed = 0] = faultSeeds('report of a SQLite file');

  beforeAll(async () => {
    calls = await openCallStore('postgres', {}, PRICES);
    file = await makeSqliteFile();
    file.database.exec(
      `CREATE TABLE calls (id INTEGER PRIMARY KEY, ${KEYS.map((key) => `"${key}"`).join(', ')}); CREATE INDEX calls_at ON calls (at)`,
    );
    const rows = randomCalls(seededRandom(seed));
    await calls.log(...rows);
    const marks = KEYS.map(() => '?').join(', ');
    insertAll(
      file.database,
      `INSERT INTO calls (${KEYS.map((key) => `"${key}"`).join(', ')}) VALUES (${marks})`,
      rows.map((row) =>
        KEYS.map((key) => (key === 'batch' ? Number(row.batch === 'true') : (row[key] ?? null))),
      ),
    );
    const columns = Object.fromEntries(KEYS.filter((key) => key !== 'at').map((key) => [key, key]));
    store = openSqliteStore(
      file,
      { table: 'calls', columns: { ...columns, id: 'id', time: { column: 'at', unit: 'ms' } } },
      { prices: PRICES },
    );
  });
  afterAll(async () => {
    await store?.close();
    await Promise.all([file?.stop(), calls?.stop()]);
  });

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

  it('is that of PostgreSQL with the same calls', async () => {
    const routing = [{ from: 'gpt-4.1', to: 'small', belowTokens: 2_000 }];
    const keys = { routing, invoices: new Map([['2026-09', 5n]]), where: { service: { notIn: ['batch'] } } };
    const columns = ['time', 'cost', 'service', 'model', 'user', 'input_tokens', 'output_tokens'] as const;
    const table = {
      columns: new Set([...columns, 'cached_tokens', 'batch', 'id'] as const),
      dimensions: new Set(['service', 'model', 'user']),
    };
    const [own, other] = await Promise.all([
      reportOn(store, keys, AT, table),
      reportOn(calls.store, keys, AT, table),
    ]);
    expect(own).toEqual(other);
    expect(own.routing[0]?.calls).toBeGreaterThan(20);
    expect(own.troubles).toEqual([]);
  });
});
