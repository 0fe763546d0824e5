import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { clickhouse } from '../../src/stores/clickhouse/clickhouse.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import {
  type Asked,
  type ClickHouseServer,
  hasClickHouse,
  startClickHouse,
} from '../support/clickhouse-server.ts';
import { totals } from './row-engine.ts';

const HOUR = 3_600_000;
const FROM = Date.parse('2026-11-01T00:00:00Z');
const ROWS = 500_000;
/** Thirty days. */
const EVERY_MS = (720 * HOUR) / ROWS;
const instant = `fromUnixTimestamp64Milli(toInt64(${FROM} + number * ${EVERY_MS}))`;

interface Order {
  /** The time's type, and its values. */
  readonly type: string;
  readonly value: string;
  readonly order: string;
  readonly time?: NonNullable<NonNullable<TableOptions['columns']>['time']>;
}

/** Orders that tell where the rows of an hour are. */
const ORDERS: Readonly<Record<string, Order>> = {
  'DateTime first': { type: 'DateTime', value: instant, order: 'ORDER BY at' },
  'DateTime64(9) behind a tenant': {
    type: "DateTime64(9, 'Asia/Tokyo')",
    value: instant,
    order: 'ORDER BY (tenant, at)',
  },
  'minutes of DateTime64(6) behind a tenant, as in Langfuse 4': {
    type: 'DateTime64(6)',
    value: instant,
    order:
      'PRIMARY KEY (tenant, toStartOfMinute(at), xxHash32(id)) ORDER BY (tenant, toStartOfMinute(at), xxHash32(id), id, at)',
  },
  'days of DateTime64(3) behind a tenant, as in Langfuse 3': {
    type: 'DateTime64(3)',
    value: instant,
    order: 'ORDER BY (tenant, toDate(at), id)',
  },
  'milliseconds in an Int64': {
    type: 'Int64',
    value: `toInt64(${FROM} + number * ${EVERY_MS})`,
    order: 'ORDER BY at',
    time: { column: 'at', unit: 'ms' },
  },
};

describe.skipIf(!hasClickHouse)('the order of a table in ClickHouse (needs chdb)', () => {
  let server: ClickHouseServer;
  const opened: AuditStore[] = [];
  beforeAll(async () => {
    server = await startClickHouse();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    server.run('DROP TABLE IF EXISTS calls SYNC');
  });
  afterAll(() => server?.stop());
  const open = (options: TableOptions): AuditStore => {
    const store = clickhouse.open(server.url, { baseDir: '/', statementTimeoutMs: 20_000 }, options, null);
    opened.push(store);
    return store;
  };
  /** The rows that a statement would read. */
  const estimateOf = ({ text, sets }: Asked): number => {
    for (const set of sets) server.run(set);
    const [, , , rows = []] = server.run(`EXPLAIN ESTIMATE ${text.replace(/\s+FORMAT \w+\s*$/, '')}`);
    return rows.reduce<number>((sum, one) => sum + Number(one), 0);
  };

  it.each(Object.entries(ORDERS))(
    '%s tells where the rows of an hour are',
    async (_, { type, value, order, time }) => {
      server.run(
        `CREATE TABLE calls (tenant String, id UInt64, at ${type}, cost Decimal(18, 12)) ENGINE = ReplacingMergeTree ${order}`,
      );
      server.run(
        `INSERT INTO calls SELECT if(number % 2 = 0, 'a', 'b'), number, ${value}, 0.1 FROM numbers(${ROWS})`,
      );
      const columns = { time: time ?? 'at', cost: 'cost' };
      const where = order.includes('(tenant') ? { where: [{ column: 'tenant', values: { in: ['a'] } }] } : {};
      const store = open({ table: 'calls', columns, ...where });
      server.asked.length = 0;
      const from = FROM + 400 * HOUR;
      await store.read([totals(['cost'], from, from + HOUR)], from + HOUR);
      await store.snapshot(async ({ changes }) =>
        changes?.digests(
          [{ dimensions: [], measures: ['calls', 'cost'], sketch: null }],
          [from, from + HOUR],
        ),
      );
      const ofTable = server.asked.filter(({ text }) => text.includes('FINAL'));
      // The newest row, the sum, and the digests.
      expect(ofTable.length).toBe(3);
      for (const asked of ofTable) expect(estimateOf(asked)).toBeLessThan(ROWS / 8);
      expect(await store.inspect()).toEqual([]);
    },
  );

  it('of another kind is warned of, where the table is large', async () => {
    server.run("CREATE TABLE calls (at DateTime64(3, 'UTC'), key UInt64) ENGINE = MergeTree ORDER BY key");
    server.run(
      `INSERT INTO calls SELECT toDateTime64(${FROM / 1000}, 3, 'UTC') + rand() % 2592000, number FROM numbers(10500000)`,
    );
    expect(await open({ table: 'calls', columns: { time: 'at' } }).inspect()).toEqual([
      {
        level: 'warning',
        message: 'calls is in no order of time: for an hour, 10500000 rows are read.',
        hint: expect.stringContaining('ADD INDEX spendwatch_time `at` TYPE minmax'),
      },
    ]);
  });
});
