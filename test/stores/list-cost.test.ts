import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { CallColumns, DecimalColumn } from '../../src/model/call-columns.ts';
import { priceTable } from '../../src/model/call-prices.ts';
import { listCost, type PricedCall } from '../../src/model/list-cost.ts';
import { type Fixed, formatFixed, ONE } from '../../src/model/money.ts';
import { type PriceEntry, type PriceList, priceEntry } from '../../src/model/price-list.ts';
import type { SegmentCell } from '../../src/model/series.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { priceList } from '../support/price-list.ts';
import { ENGINES, type EngineUnderTest, startEngine } from '../support/sql-engines.ts';

const ORIGIN = Date.parse('2026-06-01T00:00:00Z');
const DAY = 86_400_000;

const price = fc.oneof(
  fc.constantFrom(null, null, '0', '0.30', '15', '0.0035', '1000000', '2.9999999999999997e-1'),
  fc.integer({ min: 1, max: 99_999_999 }).map((millionths) => `${millionths}e-6`),
);
const tokenPrices = fc.record({
  input: price,
  output: price,
  cachedInput: price,
  cacheWrite: price,
  reasoning: price,
});
const entry = fc
  .record({
    prices: tokenPrices,
    perCall: fc.constantFrom(null, null, '0.005', '0.0000000000015'),
    batch: fc.constantFrom(null, null, '0.5', '0', '0.123456789'),
    above: fc.uniqueArray(fc.record({ tokens: fc.constantFrom(100, 1000, 5000), prices: tokenPrices }), {
      selector: ({ tokens }) => tokens,
      maxLength: 2,
    }),
    from: fc.constantFrom(null, null, ORIGIN, ORIGIN + DAY),
  })
  .map(({ prices, above, ...rest }): PriceEntry => {
    const tiers = above.map(({ tokens, prices: own }) => ({ tokens, ...own }));
    return priceEntry({ ...prices, ...rest, above: tiers.sort((a, b) => a.tokens - b.tokens) });
  });
const entries = fc.uniqueArray(entry, { selector: ({ from }) => from, minLength: 1, maxLength: 3 });

const NAMES = ['gpt', 'gpt-4', 'a/gpt', 'gpt*', 'gpt-4*mini', 'a.b%_\\', '*', 'it\'s "x"', 'gpt-4*', '*gpt'];
const CALLED = [
  ...NAMES,
  'a/a/b/gpt',
  'a/b/gpt-4',
  'ab/gpt',
  '***:gpt',
  'gpt-4-mini',
  'GPT',
  'xa.b%_\\',
  '',
  'alias',
  'a/alias',
  'to-alias',
  null,
];

const list: fc.Arbitrary<PriceList> = fc.record({
  models: fc.dictionary(fc.constantFrom(...NAMES), entries, { minKeys: 1, maxKeys: 7 }),
  aliases: fc.constantFrom(
    {},
    { alias: 'gpt', 'to-alias': 'alias' },
    { alias: 'gpt-4-mini', 'to-alias': 'nowhere' },
  ),
  strip: fc.subarray(['a/', 'b/', 'ab', 'a', '***:', '.+']),
});

const count = fc.oneof(
  fc.constantFrom(null, 0, -3, 1, 100, 101, 1000, 1001),
  fc.integer({ min: 0, max: 2_000_000 }),
);
const call = fc.record({
  model: fc.constantFrom(...CALLED),
  at: fc.constantFrom(ORIGIN - 1, ORIGIN, ORIGIN + DAY - 1, ORIGIN + DAY),
  input: count,
  output: count,
  cached: count,
  cacheWrite: count,
  reasoning: count,
  batch: fc.constantFrom(null, true, false),
});
const calls = fc.array(call, { minLength: 1, maxLength: 60 });

/** A list that prices written tokens apart, and no cached ones. */
const WRITTEN: PriceList = { models: { gpt: [priceEntry({ cacheWrite: '1' })] }, aliases: {}, strip: [] };
const MORE_CACHED_THAN_INPUT = {
  ...{ model: 'gpt', at: ORIGIN, input: 1, output: null },
  ...{ cached: 101, cacheWrite: 1, reasoning: null, batch: null },
};

let engine: EngineUnderTest;
beforeAll(async () => {
  engine = await startEngine('postgres');
  await engine.sql.query(`CREATE TABLE called (n text, at timestamptz, model text, input bigint, output bigint,
    cached bigint, written integer, reasoning double precision, batch boolean, cost numeric)`);
});
afterAll(() => engine?.stop());

test('PostgreSQL and this program give each call the same cost by the list, to the last digit', async () => {
  const table = { table: 'called', dimensions: { n: 'n' } };
  const columns = {
    time: 'at',
    cost: 'cost',
    model: 'model',
    input_tokens: 'input',
    output_tokens: 'output',
    cached_tokens: 'cached',
    cache_write_tokens: 'written',
    reasoning_tokens: 'reasoning',
    batch: 'batch',
  };
  const property = fc.asyncProperty(list, calls, async (prices, rows) => {
    await engine.sql.query(
      `TRUNCATE called; INSERT INTO called SELECT n, to_timestamp(at / 1000.0), model, input, output, "cached", "cacheWrite",
         reasoning, batch, NULL FROM json_to_recordset('${JSON.stringify(rows.map((row, n) => ({ n, ...row }))).replaceAll("'", "''")}')
         AS row(n text, at bigint, model text, input bigint, output bigint, cached bigint, "cacheWrite" integer,
           reasoning bigint, batch boolean)`,
    );
    const store = postgres.open(engine.sql, { ...table, columns }, prices);
    const span = { from: ORIGIN - DAY, to: ORIGIN + 2 * DAY };
    const { answers } = await store.read(
      [
        {
          measures: ['cost', 'unpriced', 'list_cost', 'list_cost_gap'],
          where: {},
          groupBy: ['n'],
          edges: [span.from, span.to],
          ranges: [span],
        },
      ],
      span.to,
    );
    if (answers[0] instanceof Error) throw answers[0];
    const cells = new Map(
      (answers[0] as unknown as { key: string[]; cell: { sums: Record<string, Fixed> } }[]).map(
        ({ key, cell }) => [key[0], cell.sums],
      ),
    );
    const worked = priceTable(prices);
    for (const [n, row] of rows.entries()) {
      const hasTokens = (row.input ?? 0) > 0 || (row.output ?? 0) > 0;
      const listed = listCost(pricedCall(row), worked);
      const cost = listed ?? (hasTokens ? null : 0n);
      expect(cells.get(String(n)), `${JSON.stringify(row)} by ${JSON.stringify(prices)}`).toEqual({
        cost: cost ?? 0n,
        unpriced: cost === null ? ONE : 0n,
        list_cost: listed ?? 0n,
        list_cost_gap: 0n,
      });
    }
  });
  await fc.assert(property, { numRuns: 60, examples: [[WRITTEN, [MORE_CACHED_THAN_INPUT]]] });
});

function pricedCall({ model, at, batch, ...counts }: Record<string, unknown>): PricedCall {
  const fixed = Object.entries(counts).map(([name, value]) => [
    name,
    value === null ? null : BigInt(value as number) * ONE,
  ]);
  return { model, at, batch, ...Object.fromEntries(fixed) } as PricedCall;
}

test('a column that cannot be read spoils costs only where the list prices its tokens apart', async () => {
  await engine.sql.query(
    `TRUNCATE called; INSERT INTO called (at, model, input) VALUES (to_timestamp(${ORIGIN / 1000}), 'm', 1000000)`,
  );
  const columns = { time: 'at', cost: 'cost', model: 'model', input_tokens: 'input' };
  const options = {
    table: 'called',
    columns: { ...columns, cached_tokens: { sql: '(model || input)::integer' } },
  };
  const span = { from: ORIGIN, to: ORIGIN + DAY };
  const read = async (prices: Partial<PriceEntry>) => {
    const store = postgres.open(engine.sql, options, priceList({ m: prices }));
    const measures = ['calls', 'cost', 'cached_tokens'] as const;
    const { answers } = await store.read(
      [{ measures, where: {}, groupBy: [], edges: [span.from, span.to], ranges: [span] }],
      span.to,
    );
    return answers[0];
  };
  const failing = async (prices: Partial<PriceEntry>) => {
    const answer = await read(prices);
    return answer !== undefined && 'failed' in answer ? [...answer.failed.keys()] : [];
  };
  expect(await failing({ input: '2', output: '8' })).toEqual(['cached_tokens']);
  expect(await failing({ input: '2', output: '8', cachedInput: '1' })).toEqual(['cost', 'cached_tokens']);
});

describe.each(ENGINES)('a dated list with tiers and prefixes, in %s', (name) => {
  let own: EngineUnderTest;
  beforeAll(async () => {
    own = await startEngine(name);
  });
  afterAll(() => own?.stop());

  it('gives the same sums of windows, of buckets and of single calls', async () => {
    const tier = { ...priceEntry({ input: '4' }), tokens: 1000 };
    const prices: PriceList = {
      models: {
        m: [
          priceEntry({ input: '2', output: '10', cachedInput: '1', above: [tier] }),
          priceEntry({ from: ORIGIN + DAY, input: '1', output: '5', batch: '0.5', perCall: '0.25' }),
        ],
      },
      aliases: { other: 'm' },
      strip: ['a/'],
    };
    const store = postgres.open(own.sql, {}, prices);
    await store.createTable();
    const call = (time: number, model: string, more: object) => ({
      time: new Date(time).toISOString(),
      service: 's',
      model,
      ...more,
    });
    await store.insert([
      call(ORIGIN, 'm', { input_tokens: 1000, output_tokens: 100, cached_tokens: 500 }),
      call(ORIGIN, 'a/other', { input_tokens: 2000, output_tokens: 0 }),
      call(ORIGIN + DAY, 'a/m', { input_tokens: 2000, output_tokens: 100, batch: 'true' }),
    ]);
    const span = { from: ORIGIN - DAY, to: ORIGIN + 2 * DAY };
    const edges = [span.from, ORIGIN, ORIGIN + DAY, span.to];
    const ranges = [
      { from: span.from, to: ORIGIN + 1 },
      { from: ORIGIN + DAY, to: span.to },
    ];
    // 500 × 2 + 500 × 1 + 100 × 10, then 2000 × 4, and 0.25 + (2000 × 1 + 100 × 5) / 2.
    const sum = '0.26175';
    const read = { measures: ['cost', 'list_cost'] as const, where: {}, groupBy: [], edges, ranges };
    const { answers } = await store.read([read], span.to);
    const cells = answers[0] as readonly SegmentCell[];
    expect(
      formatFixed(
        cells.reduce((total, { cell }) => total + (cell.sums.cost ?? 0n), 0n),
        12,
      ),
    ).toBe(sum);
    const aggregate = { dimensions: [], measures: ['calls', 'cost', 'list_cost'] as const, sketch: null };
    const { buckets, single } = await store.snapshot(async (snapshot) => ({
      buckets: await snapshot.buckets([aggregate], edges, ranges),
      single: await snapshot.calls({
        dimensions: [],
        measures: ['cost', 'list_cost'],
        sketches: [],
        edges,
        together: false,
      }),
    }));
    for (const columns of [buckets[0], single]) {
      for (const measure of ['cost', 'list_cost'] as const) {
        const { units, parts } = (columns as CallColumns).sums.get(measure) as DecimalColumn;
        const total = [...units].reduce(
          (all, unit, i) => all + BigInt(unit) * ONE + BigInt(parts?.[i] ?? 0),
          0n,
        );
        expect(formatFixed(total, 12)).toBe(sum);
      }
    }
  });
});
