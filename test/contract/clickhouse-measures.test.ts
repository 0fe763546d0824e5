import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSketch, type Measure } from '../../src/model/measure.ts';
import { type PriceList, priceEntry } from '../../src/model/price-list.ts';
import type { Dimension } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { engineOf } from '../../src/stores/index.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { cellsIn } from '../support/cells-in.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../support/clickhouse-server.ts';
import { priceList } from '../support/price-list.ts';
import { until } from '../support/until.ts';
import { sorted } from './row-engine.ts';

const FROM = Date.parse('2026-11-20T02:00:00Z');
const TO = FROM + 3_600_000;
const COLUMNS: TableOptions['columns'] = {
  time: 'at',
  cost: 'cost',
  service: 'service',
  model: 'model',
  input_tokens: 'input',
  output_tokens: 'output',
  cached_tokens: 'cached',
  cache_write_tokens: 'written',
  reasoning_tokens: 'thought',
  batch: 'batch',
  status: 'status',
  error: 'error',
  latency_ms: 'latency',
};
const LISTED = priceList(
  {
    'gpt*': {
      ...{ input: '2', output: '8', cachedInput: '0.5', cacheWrite: '2.5', reasoning: '10.123456789' },
      ...{ perCall: '0.01', batch: '0.5' },
    },
    'claude.4': {
      input: '3',
      output: '15',
      above: [{ tokens: 200_000, input: '6', output: '22.5' } as never],
    },
    free: { input: '0', output: '0' },
    // As many as a list of all providers has, and longer than the server takes in one value.
    ...Object.fromEntries(
      Array.from({ length: 6_000 }, (_, i) => [
        `provider-${i}/a-model-with-a-name-${i}`,
        { input: '1', output: '1' },
      ]),
    ),
  },
  { aliases: { best: 'claude.4' }, strip: ['openai/', 'azure/'] },
);
const PRICES: PriceList = {
  ...LISTED,
  models: {
    ...LISTED.models,
    dated: [
      priceEntry({ input: '1', output: '1' }),
      priceEntry({ input: '0.333333333', output: '1', from: FROM + 1_800_000 }),
    ],
  },
};
const MEASURES: readonly Measure[] = [
  ...([
    'calls',
    'cost',
    'cost_squares',
    'listed_cost',
    'list_cost',
    'list_cost_gap',
    'list_cost_unknown',
  ] as const),
  ...([
    'unpriced',
    'unpriced_tokens',
    'cached_tokens',
    'reasoning_tokens',
    'failed',
    'failed@timeout',
  ] as const),
  ...(['latency_sum', 'latency_count', 'latency_sketch', 'tokens_sketch', 'cost_sketch'] as const),
  ...(['own_sum_mark', 'own_count_mark', 'own_values_mark'] as const),
];

const OPTIONS: TableOptions = {
  ...{ table: 'seen', columns: COLUMNS, dimensions: { tags: 'tags', kind: 'kind', key: 'key' } },
  measures: { mark: { column: 'mark', aggregate: 'p50' } },
};

/** How types of columns differ: of numbers, texts and booleans. */
const TYPES = {
  'Float64, Nullable': {
    cost: 'Nullable(Float64)',
    tokens: 'Nullable(Int64)',
    mark: 'Nullable(Float64)',
    batch: 'Nullable(Bool)',
  },
  'decimals and unsigned numbers': {
    cost: 'Decimal(30, 18)',
    tokens: 'UInt64',
    mark: 'Decimal(76, 20)',
    batch: 'UInt8',
  },
  'texts, Float32 and large numbers': {
    cost: 'String',
    tokens: 'Nullable(Int256)',
    mark: 'Float32',
    batch: 'LowCardinality(String)',
  },
} as const;

describe.skipIf(!hasClickHouse)('what is measured in a table of ClickHouse (needs chdb)', () => {
  let server: ClickHouseServer;
  let store: AuditStore;
  beforeAll(async () => {
    server = await startClickHouse();
    store = engineOf(server.url)?.open(
      server.url,
      { baseDir: '/', statementTimeoutMs: 60_000 },
      OPTIONS,
      PRICES,
    ) as AuditStore;
  });
  afterAll(async () => {
    await store?.close();
    await server?.stop();
  });

  function make({ cost, tokens, mark, batch }: (typeof TYPES)[keyof typeof TYPES]): void {
    server.run('DROP TABLE IF EXISTS seen SYNC');
    server.run(`CREATE TABLE seen (at DateTime, cost ${cost}, service String, model LowCardinality(String), input ${tokens}, output ${tokens},
      cached ${tokens}, written ${tokens}, thought ${tokens}, batch ${batch}, status UInt16, error String, latency Nullable(Decimal(20, 9)),
      mark ${mark}, tags Array(String), kind Enum8('a' = 1, 'b' = 2), key UUID) ENGINE = MergeTree ORDER BY (service, at)`);
    // What a type cannot hold would be refused, so texts are cast, and what fails is NULL or 0.
    const as = (text: string, type: string): string =>
      type.startsWith('Nullable')
        ? `accurateCastOrNull(${text}, '${type.slice(9, -1)}')`
        : type === 'String'
          ? text
          : `accurateCastOrDefault(${text}, '${type}')`;
    const costs =
      "arrayElement(['0.1', '0.3', '0.30000000000000004', '1e-8', '7.5e-13', '1234.5678901234567', '-2.5', '1000000000', '1000000001', '0', '12.000001', 'nan'], 1 + number % 12)";
    const marks =
      "arrayElement(['19.9', '-7.25', '0.00012345', '123455', '99999.9', '1e-10', '1000', '0.1'], 1 + number % 8)";
    const count = (i: number): string => as(`toString(cityHash64(number, ${i}) % 300000)`, tokens);
    server.run(`INSERT INTO seen SELECT toDateTime(${FROM / 1000}) + number % 3600, ${as(costs, cost)}, concat('s', toString(number % 3)),
      arrayElement(['gpt-4.1', 'openai/azure/gpt-x', 'best', 'claude.4', 'claudeX4', 'free', 'other', '', 'dated'], 1 + number % 9),
      ${[1, 2, 3, 4, 5].map(count).join(', ')}, ${batch === 'UInt8' ? 'number % 2' : batch === 'LowCardinality(String)' ? "arrayElement(['yes', 'false', 'T', '?'], 1 + number % 4)" : 'number % 3 = 0'},
      arrayElement([200, 404, 504, 0], 1 + number % 4), arrayElement(['', 'null', 'deadline', 'x'], 1 + number % 4), toDecimal128OrNull('1.123456789', 9) * number,
      ${as(marks, mark)}, [toString(number % 2)], toInt8(1 + number % 2), toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')
      FROM numbers(500)`);
    if (cost.startsWith('Nullable'))
      server.run(
        `INSERT INTO seen (at, service, model, input, output, kind) VALUES (${FROM / 1000}, 'none', 'gpt-4.1', 100, 7, 1)`,
      );
  }

  it.each(Object.keys(TYPES) as (keyof typeof TYPES)[])(
    'sums in SQL are those of the rows added up here: %s',
    async (title) => {
      make(TYPES[title]);
      const edges = [FROM, FROM + 600_000, TO];
      const dimensions: Dimension[] = ['service', 'tags', 'kind', 'key'];
      const measures = MEASURES.filter((one) => one !== 'calls' && !isSketch(one));
      for (const sketch of MEASURES.filter(isSketch)) {
        const read = { dimensions, measures, sketches: [sketch], edges };
        const [inSql, byRows] = await store.snapshot(async (snapshot) => [
          await snapshot.calls({ ...read, together: true }),
          await snapshot.calls({ ...read, together: false }),
        ]);
        expect(byRows?.length).toBeGreaterThanOrEqual(500);
        expect(sorted(cellsIn(inSql as never)), sketch).toEqual(sorted(cellsIn(byRows as never)));
      }
    },
  );

  it('money sums as ClickHouse sums its own decimals', async () => {
    make(TYPES['decimals and unsigned numbers']);
    const own = String(
      server.run(
        "SELECT toString(sum(round(cost, 12))) FROM seen WHERE abs(cost) <= toDecimal128('1000000000', 18)",
      )[0]?.[0],
    );
    const [answer] = (
      await store.read(
        [{ measures: ['cost'], where: {}, groupBy: [], edges: [FROM, TO], ranges: [{ from: FROM, to: TO }] }],
        TO,
      )
    ).answers;
    const [cell] = Array.isArray(answer) ? answer : [];
    const [whole = '', part = ''] = own.split('.');
    expect(String(cell?.cell.sums.cost)).toBe(whole + part.padEnd(12, '0'));
  });

  it('a login that may set nothing reads the same, and one with another password nothing', async () => {
    make(TYPES['Float64, Nullable']);
    const read = {
      ...{ measures: MEASURES, where: {}, groupBy: [] },
      edges: [FROM, TO],
      ranges: [{ from: FROM, to: TO }],
    };
    const before = await store.read([read], TO);
    const open = (url: string): AuditStore =>
      engineOf(url)?.open(url, { baseDir: '/', statementTimeoutMs: 60_000 }, OPTIONS, PRICES) as AuditStore;
    const restricted = open(server.url);
    server.setReadOnly(true);
    try {
      expect(await restricted.read([read], TO)).toEqual(before);
    } finally {
      server.setReadOnly(false);
      await restricted.close();
    }
    const stranger = open(server.url.replace(/:[^:@/]+@/, ':another@'));
    await expect(stranger.read([read], TO)).rejects.toMatchObject({
      code: 'store_unreachable',
      hint: 'Check user and password of the URL.',
    });
    await stranger.close();
  });

  it('what nobody waits for any more is cancelled in the engine', async () => {
    make(TYPES['Float64, Nullable']);
    const endless = { sql: '(SELECT count() FROM system.numbers WHERE sipHash64(number) = 1)' };
    const columns = { ...COLUMNS, service: endless };
    const reader = engineOf(server.url)?.open(
      server.url,
      { baseDir: '/', statementTimeoutMs: 600_000 },
      { ...OPTIONS, columns },
      PRICES,
    ) as AuditStore;
    const ranges = [{ from: FROM, to: TO }];
    const reading = reader.read(
      [{ measures: ['calls'], where: {}, groupBy: ['service'], edges: [FROM, TO], ranges }],
      TO,
    );
    const refused = expect(reading).rejects.toMatchObject({ code: 'store_unreachable' });
    const isAtWork = () => server.working().length > 0;
    await until('the engine is at work', isAtWork);
    await reader.close();
    await refused;
    await until('the engine is at rest', () => !isAtWork());
  });
});
