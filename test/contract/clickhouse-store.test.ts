import { afterAll, beforeAll, describe } from 'vitest';
import { quoted } from '../../src/stores/clickhouse/names.ts';
import type { TestCall } from '../stores/random-calls.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../support/clickhouse-server.ts';
import { type RowEngineUnderTest, type StoredTimes, testRowEngine } from './row-engine.ts';

const text = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');
const TIMES: Readonly<Record<string, StoredTimes>> = {
  'DateTime64(3)': { type: "DateTime64(3, 'UTC')", write: text, time: 'at' },
  'Nullable(DateTime64(9)) of another zone': {
    type: "Nullable(DateTime64(9, 'America/New_York'))",
    write: (at) => String(at / 1000),
    time: 'at',
  },
  'UInt64 of nanoseconds': {
    type: 'UInt64',
    write: (at) => BigInt(at) * 1_000_000n,
    time: { column: 'at', unit: 'ns' },
  },
  'Float64 of seconds': { type: 'Float64', write: (at) => at / 1000, time: { column: 'at', unit: 's' } },
};

const [FIRST] = Object.values(TIMES) as [StoredTimes];

/** How a table keeps costs, and its engine; each is tried with some of the times. */
const TABLES = {
  'Float64 in a MergeTree': {
    cost: 'Nullable(Float64)',
    engine: 'MergeTree',
    most: null,
    times: ['DateTime64(3)', 'Float64 of seconds'],
  },
  'Decimal in a ReplacingMergeTree': {
    cost: 'Nullable(Decimal(38, 12))',
    engine: 'ReplacingMergeTree(version)',
    most: 1e17,
    times: ['Nullable(DateTime64(9)) of another zone', 'UInt64 of nanoseconds'],
  },
} as const;

const COLUMNS = [
  'cost',
  'service',
  'model',
  'user',
  'input',
  'output',
  'status',
  'error',
  'latency',
] as const;

describe.skipIf(!hasClickHouse).each(Object.keys(TABLES) as (keyof typeof TABLES)[])(
  'an audit store in ClickHouse (needs chdb), costs as %s',
  (title) => {
    const { cost, engine: tableEngine, most, times: tried } = TABLES[title];
    const own = Object.fromEntries(
      Object.entries(TIMES).filter(([name]) => tried.some((one) => one === name)),
    );
    let server: ClickHouseServer;
    beforeAll(async () => {
      server = await startClickHouse();
    });
    afterAll(async () => {
      await server?.stop();
    });

    const kept = (value: number | null): number | null =>
      value === null || (most !== null && !(Math.abs(value) < most)) ? null : value;
    const stored = (one: TestCall): TestCall => ({ ...one, cost: kept(one.cost) });
    const sqlOf = (value: unknown): string => {
      if (value === null) return 'NULL';
      return typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : String(value);
    };
    const engine: RowEngineUnderTest = {
      url: () => server.url,
      times: own,
      async fill(calls, times = FIRST) {
        const order = times.type.startsWith('Nullable') ? 'id' : 'at, id';
        server.run(`DROP TABLE IF EXISTS calls SYNC`);
        server.run(`CREATE TABLE calls (id Int64, at ${times.type}, cost ${cost}, service LowCardinality(String), model String,
          usr Nullable(String), input Nullable(Int64), output Nullable(Int32), status Nullable(Int16), error Nullable(String),
          latency Nullable(Float64), version Int32, INDEX ids id TYPE minmax) ENGINE = ${tableEngine} ORDER BY (${order})`);
        if (calls.length === 0) return;
        const rows = calls.map((one, i) => {
          const values = COLUMNS.map((name) => sqlOf(stored(one)[name]));
          return `(${[i + 1, sqlOf(times.write(one.at)), ...values].join(', ')}, 1)`;
        });
        // Of a replacing table, older versions of rows that no read may see.
        const old = calls.map(
          (one, i) =>
            `(${i + 1}, ${sqlOf(times.write(one.at))}, 77, 'old', 'old', 'old', 7, 7, 500, 'old', 7, 0)`,
        );
        if (tableEngine !== 'MergeTree') server.run(`INSERT INTO calls VALUES ${old.join(', ')}`);
        server.run(`INSERT INTO calls VALUES ${rows.join(', ')}`);
      },
      stored,
      run: async (sql) =>
        void server.run(sql.replace(/^(CREATE TABLE .*?) AS SELECT/, '$1 ENGINE = Memory AS SELECT')),
      quoted,
      failing: "throwIf(error = 'no json')",
      endless: 'sleepEachRow(2)',
      id: 'id',
      insertFifth: async (at) => void server.run(`INSERT INTO calls (id, at) VALUES (5, '${text(at)}')`),
    };
    testRowEngine(engine);
  },
);
