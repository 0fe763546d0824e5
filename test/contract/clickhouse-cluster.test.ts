import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measure } from '../../src/model/measure.ts';
import type { CellRead } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { clickhouse } from '../../src/stores/clickhouse/clickhouse.ts';
import {
  type Asked,
  type ClickHouseServer,
  hasClickHouse,
  startClickHouse,
} from '../support/clickhouse-server.ts';
import { priceList } from '../support/price-list.ts';
import { sorted } from './row-engine.ts';

const FROM = Date.parse('2026-11-20T02:00:00Z');
const TO = FROM + 3_600_000;
const MEASURES: readonly Measure[] = [
  ...(['calls', 'cost', 'listed_cost', 'unpriced', 'input_tokens', 'failed', 'failed_cost@429'] as const),
  ...(['latency_sum', 'latency_sketch', 'cost_sketch'] as const),
];
const READ: CellRead = {
  measures: MEASURES,
  where: { service: { in: ['s0', 's1'] } },
  groupBy: ['service'],
  edges: [FROM, FROM + 600_000, TO],
  ranges: [{ from: FROM, to: TO }],
};
const PRICES = priceList({ 'gpt-*': { input: '2.5', output: '10', cachedInput: '0.3' } });

describe.skipIf(!hasClickHouse)('a Distributed table of ClickHouse (needs chdb)', () => {
  let server: ClickHouseServer;
  const opened: AuditStore[] = [];
  const open = (table: string): AuditStore => {
    const columns = {
      ...{ time: 'at', cost: 'cost', service: 'service', model: 'model', input_tokens: 'input' },
      ...{ cached_tokens: { sql: 'input / 2' }, status: 'status', latency_ms: 'latency' },
    };
    const store = clickhouse.open(
      server.url,
      { baseDir: '/', statementTimeoutMs: 20_000 },
      { table, columns },
      PRICES,
    );
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    server = await startClickHouse();
    server.run(`CREATE TABLE calls (id Int64, at DateTime64(3, 'UTC'), cost Nullable(Decimal(18, 12)), service String, model String, input Int32,
      status UInt16, latency Float64, version UInt8) ENGINE = ReplacingMergeTree(version) ORDER BY (service, at, id)`);
    for (const version of [0, 1])
      server.run(`INSERT INTO calls SELECT number, toDateTime64(${FROM / 1000} + number * 7, 3, 'UTC'), if(number % 3 = 0, NULL, number * ${version + 1} / 1000000.),
        concat('s', toString(number % 3)), 'gpt-4', 100 + ${version}, if(number % 5 = 0, 429, 200), number / 7, ${version} FROM numbers(500)`);
    for (const cluster of ['here', 'away'])
      server.run(`CREATE TABLE ${cluster} AS calls ENGINE = Distributed(${cluster}, audit, calls)`);
  });
  afterAll(async () => {
    for (const store of opened) await store.close();
    await server?.stop();
  });

  it('sums what all shards have, the newest version of each row', async () => {
    const read = async (table: string) => {
      const [answer] = (await open(table).read([READ], TO)).answers;
      if (!Array.isArray(answer)) throw answer;
      return sorted(answer);
    };
    const [once, twice] = [await read('calls'), await read('here')];
    expect(once.length).toBe(4);
    const doubled = once.map(({ segment, key, cell }) => ({
      segment,
      key,
      cell: {
        sums: Object.fromEntries(Object.entries(cell.sums).map(([name, sum]) => [name, 2n * (sum ?? 0n)])),
        sketches: Object.fromEntries(
          Object.entries(cell.sketches).map(([name, bins]) => [
            name,
            new Map([...(bins ?? [])].map(([bin, n]) => [bin, 2 * n])),
          ]),
        ),
      },
    }));
    expect(twice).toEqual(doubled);
  });

  it('lets the shards group and sum, and digest', async () => {
    const planOf = ({ text, sets }: Asked): string => {
      for (const set of sets) server.run(set);
      const explained = text.replaceAll('`here`', '`away`').replace(/ FORMAT \w+\s*$/, '');
      return server.run(`EXPLAIN ${explained}`).flat().join('\n');
    };
    server.asked.length = 0;
    await open('here').snapshot(async (snapshot) => {
      const aggregates = [
        { dimensions: ['service'], measures: ['calls' as const, 'cost' as const], sketch: null },
        { dimensions: ['model'], measures: ['calls' as const], sketch: 'latency_sketch' as const },
      ];
      await snapshot.buckets(aggregates, [FROM, TO], [{ from: FROM, to: TO }]);
      const [digest] = (await snapshot.changes?.digests(aggregates, [FROM, TO])) ?? [];
      expect(digest?.calls).toBe(1000);
    });
    const grouped = server.asked.filter(({ text }) => text.includes('GROUP BY'));
    expect(grouped.length).toBe(2);
    for (const statement of grouped) {
      const plan = planOf(statement);
      expect(plan).toContain('ReadFromRemote');
      expect(plan).toContain('MergingAggregated');
      // Not "Aggregating", which would be of rows that the shards have sent.
      expect(plan).not.toMatch(/^\W*Aggregating/m);
    }
  });

  it('is unreachable when a shard is', async () => {
    await expect(open('away').read([READ], TO)).rejects.toMatchObject({
      code: 'store_unreachable',
      hint: expect.stringContaining('shard'),
    });
  });
});
