import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { CellRead, SegmentCell } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { clickhouse } from '../../src/stores/clickhouse/clickhouse.ts';
import { literal } from '../../src/stores/clickhouse/names.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { cellsIn } from '../support/cells-in.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../support/clickhouse-server.ts';

const FROM = Date.parse('2026-11-20T02:00:00Z');
const TO = FROM + 3_600_000;
const TIME = `toDateTime64('2026-11-20 02:30:00', 3, 'UTC')`;

/** Values of a dimension by its type, in the engine's SQL. */
const DIMENSIONS: Readonly<Record<string, readonly string[]>> = {
  String: [
    ...['', 'null', '(none)', "it's", '"', '\\', '\\N', '\\0', '`', '%_*', "'; DROP TABLE seen; --"].map(
      literal,
    ),
    ...[
      'a\nb',
      'a\tb',
      'a\rb',
      ' a',
      'a ',
      'A',
      'a',
      'é',
      'e\u0301',
      '👩‍👩‍👧',
      '\u2028',
      '\ufeff',
      '{p0:String}',
      '[1,2]',
      "['x']",
    ].map(literal),
    "concat('a', char(0), 'b')",
    "concat('a', char(0))",
    "'\\xff'",
    "'a\\xc3'",
  ],
  'LowCardinality(Nullable(String))': ["''", 'NULL', "'null'", "'x'"],
  'Nullable(FixedString(8))': ["'chat'", "'search12'", 'NULL', "''"],
  'FixedString(4)': ["'ab'", "'abcd'", "''"],
  "Enum8('a b' = -1, '' = 0, 'it\\'s' = 2)": ["'a b'", "''", "'it\\'s'"],
  "Nullable(Enum16('x' = 1000, 'y' = -5))": ["'x'", "'y'", 'NULL'],
  UUID: ["'61f0c404-5cb3-11e7-907b-a6006ad3dba0'", "'00000000-0000-0000-0000-000000000000'"],
  'Nullable(UUID)': ["'61f0c404-5cb3-11e7-907b-a6006ad3dba0'", 'NULL'],
  UInt64: ['0', '18446744073709551615', '9007199254740993'],
  'Nullable(Int256)': [
    'NULL',
    "'-57896044618658097711785492504343953926634992332820282019728792003956564819968'",
  ],
  Float64: ['0.1', 'nan', 'inf', '-0.', '1e300', '5e-324'],
  'Decimal(38, 10)': ['1.10', '-0.0000000001', '0'],
  Bool: ['true', 'false'],
  'Nullable(Bool)': ['true', 'NULL'],
  Date: ["'2026-11-20'", "'1970-01-01'"],
  "DateTime64(6, 'Asia/Tokyo')": ["'2026-11-20 02:00:00.000001'", "'2026-11-20 02:00:00'"],
  IPv4: ["'1.2.3.4'"],
  'Nullable(IPv6)': ["'::1'", 'NULL'],
  'Array(String)': ["['a', 'b\\'c']", '[]'],
  'Map(String, String)': ["map('a', 'b')", 'map()'],
  'Tuple(String, Int32)': ["('x', 1)"],
};

/** Costs by the type of their column, in the engine's SQL, and what they are; null for one that is not known. */
const COSTS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  Float64: {
    ...{ '0.1 + 0.2': '0.3', '-0.': '0', '0.0000015': '0.0000015', '1e-7': '0.0000001' },
    ...{ '4.9e-13': '0', '5e-13': '0.000000000001', '-5e-13': '-0.000000000001', '5e-324': '0' },
    ...{ '123456789.123456789': '123456789.123457', '-1e9': '-1000000000' },
    ...{ '1.1e9': null, nan: null, inf: null, '-inf': null, '1e300': null },
  },
  Float32: { '0.1': '0.1', '-0.3': '-0.3', '0.0000123': '0.0000123', '1e-13': '0', '3e38': null, nan: null },
  'Decimal(76, 30)': {
    "'0.0000000000005'": '0.000000000001',
    "'-0.0000000000005'": '-0.000000000001',
    "'0.0000000000015'": '0.000000000002',
    "'1000000000'": '1000000000',
    "'-99999999999'": null,
  },
  'Nullable(Decimal(9, 2))': { "'1234567.89'": '1234567.89', "'-0.01'": '-0.01' },
  UInt64: { '18446744073709551615': null, '1000000000': '1000000000', '1000000001': null },
  Int256: {
    "'-1000000000'": '-1000000000',
    "'-57896044618658097711785492504343953926634992332820282019728792003956564819968'": null,
  },
  'LowCardinality(String)': {
    ...{
      "' 1.5 '": '1.5',
      "'\\t+1.5\\n'": '1.5',
      "'.5'": '0.5',
      "'5.'": '5',
      "'1e-3'": '0.001',
      "'1E+2'": '100',
    },
    ...{ "'1e-400'": '0', "'1.0000000000005'": '1.000000000001', [`'${'0'.repeat(60)}1'`]: '1' },
    ...{
      "''": null,
      "'-'": null,
      "'+'": null,
      "'.'": null,
      "'E5'": null,
      "'e'": null,
      "'-e1'": null,
      "'1.5e'": null,
    },
    ...{
      "'1,5'": null,
      "'$5'": null,
      "'0x10'": null,
      "'1_000'": null,
      "'1 5'": null,
      "'NaN'": null,
      "'--1'": null,
    },
    ...{ "'1e400'": null, [`'${'1'.repeat(47)}'`]: null, "'1.5\\0'": null, "'١'": null, "'free'": null },
  },
};

/** Texts that are there and are no numbers; a number that is not believed is one. */
const NO_NUMBERS = [
  ...["'-'", "'+'", "'.'", "'E5'", "'e'", "'-e1'", "'1.5e'", "'1,5'", "'$5'", "'0x10'", "'1_000'", "'1 5'"],
  ...["'--1'", "'1.5\\0'", "'١'", "'free'"],
];
const isText = (type: string): boolean => type.includes('String');

describe.skipIf(!hasClickHouse)('types of ClickHouse (needs chdb)', () => {
  let server: ClickHouseServer;
  const opened: AuditStore[] = [];
  beforeAll(async () => {
    server = await startClickHouse();
  });
  afterAll(async () => {
    for (const store of opened) await store.close();
    await server?.stop();
  });
  const open = (options: Partial<TableOptions> = {}): AuditStore => {
    const store = clickhouse.open(
      server.url,
      { baseDir: '/', statementTimeoutMs: 20_000 },
      { table: 'seen', columns: { time: 'at', cost: 'cost' }, ...options },
      null,
    );
    opened.push(store);
    return store;
  };
  const cellsOf = async (store: AuditStore, read: Partial<CellRead>): Promise<readonly SegmentCell[]> => {
    const whole = {
      measures: ['calls' as const, 'cost' as const],
      where: {},
      groupBy: [],
      edges: [FROM, TO],
      ranges: [{ from: FROM, to: TO }],
    };
    const [answer] = (await store.read([{ ...whole, ...read }], TO)).answers;
    if (answer === undefined || answer instanceof AppError) throw answer;
    if ('failed' in answer) throw [...answer.failed.values()][0];
    return answer;
  };

  it.each(Object.entries(DIMENSIONS))('a dimension of type %s', async (type, values) => {
    server.run('DROP TABLE IF EXISTS seen SYNC');
    server.run(
      `CREATE TABLE seen (at DateTime64(3, 'UTC'), cost Decimal(38, 12), d ${type}) ENGINE = MergeTree ORDER BY at`,
    );
    // Each value has another sum: 1, 2, 4 …, and twice.
    for (const [i, value] of values.entries())
      server.run(`INSERT INTO seen SELECT ${TIME}, ${2 ** i}, ${value} FROM numbers(2)`);
    const store = open({ dimensions: { d: 'd' } });
    const groups = await cellsOf(store, { groupBy: ['d'] });
    const sumOf = (cells: readonly SegmentCell[]): bigint =>
      cells.reduce((sum, { cell }) => sum + (cell.sums.cost ?? 0n), 0n);
    const all = 2n * (2n ** BigInt(values.length) - 1n) * 10n ** 12n;
    expect(sumOf(groups)).toBe(all);
    const isWritten = (one: string | null): boolean => !/\ufffd|^nan$/.test(one ?? '');
    const [own = []] = server.run('SELECT count(DISTINCT d) + countIf(d IS NULL) / 2 FROM seen');
    expect(groups.length).toBe(Number(own[0]));
    for (const { key, cell } of groups) {
      const [value = null] = key;
      expect(sumOf(await cellsOf(store, { where: { d: { in: [value] } } })), JSON.stringify(value)).toBe(
        cell.sums.cost,
      );
      expect(sumOf(await cellsOf(store, { where: { d: { notIn: [value] } } })), JSON.stringify(value)).toBe(
        all - (cell.sums.cost ?? 0n),
      );
      if (!isWritten(value) || /^(Array|Map|Tuple)/.test(type)) continue;
      for (const [values, sum] of [
        [{ in: [value] }, cell.sums.cost],
        [{ notIn: [value] }, all - (cell.sums.cost ?? 0n)],
      ] as const) {
        const filtered = open({ where: [{ column: 'd', values }] });
        expect(sumOf(await cellsOf(filtered, {})), JSON.stringify(values)).toBe(sum);
        await filtered.close();
      }
    }
  });

  it.each(Object.entries(COSTS))('costs of type %s', async (type, values) => {
    server.run('DROP TABLE IF EXISTS seen SYNC');
    server.run(
      `CREATE TABLE seen (at DateTime64(3, 'UTC'), cost ${type}, d String) ENGINE = MergeTree ORDER BY at`,
    );
    for (const value of Object.keys(values))
      server.run(`INSERT INTO seen SELECT ${TIME}, ${value}, ${literal(value)}`);
    const store = open({ dimensions: { d: 'd' } });
    const measures = ['cost', 'unpriced', 'unreadable'] as const;
    const read = { dimensions: ['d'], measures, sketches: [], edges: [FROM, TO] };
    for (const together of [true, false]) {
      const cells = cellsIn(await store.snapshot((snapshot) => snapshot.calls({ ...read, together })));
      const told = cells.map(({ key: [value], cell: { sums } }) => [
        value,
        sums.unpriced === 0n ? formatFixed(sums.cost ?? 0n, 12) : null,
      ]);
      expect(Object.fromEntries(told), `together: ${together}`).toEqual(values);
      const unreadable = cells.flatMap(({ key: [value], cell: { sums } }) =>
        sums.unreadable === 0n ? [] : [value],
      );
      expect(unreadable.sort()).toEqual(isText(type) ? NO_NUMBERS.filter((one) => one in values).sort() : []);
    }
  });
});
