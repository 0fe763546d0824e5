import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { ONE } from '../../src/model/money.ts';
import type { AuditStore, RowFilter } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

const AT = Date.parse('2026-03-10T10:00:00Z');
const HOUR = 3_600_000;
const RANGE = { from: AT - 2 * HOUR, to: AT };
const AGGREGATE = { dimensions: ['service'], measures: ['cost', 'calls'], sketch: null } as const;

/** Filters, and the rows of the table below that they leave. */
const FILTERS: readonly (readonly [title: string, where: readonly RowFilter[], left: readonly number[]])[] = [
  ['numbers', [{ column: 'type', values: { in: ['2', '5'] } }], [1, 2, 4]],
  ['all but a number', [{ column: 'type', values: { notIn: ['2'] } }], [3, 4, 5]],
  ['null', [{ column: 'type', values: { in: [null] } }], [5]],
  ['null or a number', [{ column: 'type', values: { in: ['5', null] } }], [4, 5]],
  ['what is not null', [{ column: 'type', values: { notIn: [null, '9'] } }], [1, 2, 4]],
  ['a boolean', [{ column: 'Test', values: { in: ['true'] } }], [2]],
  ['texts with a quote and a backslash', [{ column: 'name', values: { in: ["d'or", 'a\\b'] } }], [1, 2]],
  ['a label of an enum', [{ column: 'how', values: { notIn: ['bad'] } }], [1, 2, 3, 5]],
  [
    'two columns',
    [
      { column: 'type', values: { in: ['2'] } },
      { column: 'Test', values: { in: ['false'] } },
    ],
    [1],
  ],
  ['an expression', [{ sql: `type = 2 OR name LIKE 'x%' -- or so` }], [1, 2, 3]],
];

describe.each(STORES)('the rows that are read, in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
    await engine.sql.query(`CREATE TYPE outcome AS ENUM ('fine', 'bad')`);
  });
  afterAll(() => engine?.stop());
  beforeEach(async () => {
    await engine.sql.query(`DROP TABLE IF EXISTS logs;
      CREATE TABLE logs (id bigint, at timestamptz, type int, "Test" boolean, name text, how outcome, cost numeric);
      INSERT INTO logs VALUES
        (1, '2026-03-10T08:10:00Z', 2, false, 'd''or', 'fine', 1),
        (2, '2026-03-10T08:20:00Z', 2, true, 'a\\b', 'fine', 2),
        (3, '2026-03-10T08:30:00Z', 9, false, 'x', 'fine', 4),
        (4, '2026-03-10T09:10:00Z', 5, false, 'y', 'bad', 8),
        (5, '2026-03-10T09:20:00Z', NULL, false, 'y', 'fine', 16)`);
  });

  const open = (where: readonly RowFilter[], columns: TableOptions['columns'] = {}): AuditStore =>
    storeType.open(
      engine.sql,
      { table: 'logs', columns: { id: 'id', time: 'at', cost: 'cost', service: 'name', ...columns }, where },
      null,
    );
  const read = async (store: AuditStore) => {
    const { newestRow, answers } = await store.read(
      [
        {
          measures: ['cost'],
          where: {},
          groupBy: [],
          edges: [RANGE.from, AT - HOUR, RANGE.to],
          ranges: [RANGE],
        },
      ],
      AT,
    );
    return { newestRow, answer: answers[0] };
  };

  it.each(FILTERS)('are filtered by %s, whatever is asked', async (_, where, left) => {
    const store = open(where);
    const cost = left.reduce((sum, id) => sum + 2 ** (id - 1), 0);
    const { newestRow, answer } = await read(store);
    const total = (answer as unknown as { cell: { sums: { cost: bigint } } }[]).reduce(
      (sum, { cell }) => sum + cell.sums.cost,
      0n,
    );
    expect(total).toBe(BigInt(cost) * ONE);
    const newest = [0, 10, 20, 30, 70, 80][Math.max(...left)] as number;
    expect(newestRow).toBe(RANGE.from + newest * 60_000);
    const hours = [RANGE.from, AT - HOUR, AT];
    const spans = [
      { from: RANGE.from, to: AT - HOUR },
      { from: AT - HOUR, to: AT },
    ];
    const used = spans.filter((_span, i) => left.some((id) => (id > 3 ? 1 : 0) === i));
    expect(await store.occupied(spans)).toEqual(used);
    await store.snapshot(async (snapshot) => {
      const [buckets] = await snapshot.buckets([AGGREGATE], hours, [RANGE]);
      expect(buckets?.length).toBe(new Set(left.map((id) => (id === 5 ? 4 : id))).size);
      const calls = await snapshot.calls({
        dimensions: [],
        measures: ['cost'],
        sketches: [],
        edges: hours,
        together: false,
      });
      expect(calls.length).toBe(left.length);
      const digests = await snapshot.changes?.digests([AGGREGATE], hours);
      expect(digests?.reduce((sum, one) => sum + one.calls, 0)).toBe(left.length);
      const arrivals = await snapshot.changes?.arrivals('0', [], AT);
      expect(arrivals).toMatchObject({ newest: '5', gaps: [] });
      expect([...(arrivals?.hours ?? [])].sort()).toEqual(used.map(({ from }) => from));
    });
    expect(await store.inspect()).toEqual([
      expect.objectContaining({ message: expect.stringContaining('"at": every poll reads') }),
      expect.objectContaining({ message: expect.stringContaining('"id": every poll reads') }),
    ]);
  });

  test('may have values that no other row has', async () => {
    await engine.sql.query(`ALTER TABLE logs ADD amount text;
      UPDATE logs SET amount = CASE type WHEN 2 THEN '0.5' ELSE 'refund' END`);
    const store = open([{ column: 'type', values: { in: ['2'] } }], { cost: { sql: 'amount::numeric' } });
    expect((await read(store)).answer).toMatchObject([{ cell: { sums: { cost: ONE } } }]);
    expect(await store.futureRows(Date.parse('2026-03-10T08:00:00Z'))).toMatchObject({
      aheadMs: 20 * 60_000,
    });
  });

  test('are none where the filter fits no row, and validate --connect says so', async () => {
    const none = [{ column: 'type', values: { in: ['77'] } }];
    expect((await open(none).inspect()).map(({ message }) => message)).toContain(
      'audit.where leaves no row of the table: nothing is watched.',
    );
    await engine.sql.query('TRUNCATE logs');
    expect((await open(none).inspect()).some(({ message }) => message.includes('audit.where'))).toBe(false);
  });

  test('that change so that they are left out change the digest of their minute', async () => {
    const store = open([{ column: 'type', values: { in: ['2'] } }]);
    const digest = () =>
      store.snapshot(async ({ changes }) => changes?.digests([AGGREGATE], [RANGE.from, RANGE.to]));
    const before = await digest();
    await engine.sql.query('UPDATE logs SET type = 3 WHERE id = 2');
    expect(await digest()).not.toEqual(before);
  });

  it.each([
    [{ column: 'tpye', values: { in: ['2'] } }, /no column "tpye".*audit\.where/, /"?tpye"? does not exist/],
    [{ column: 'type', values: { in: ['two'] } }, /^audit\.where\.type cannot be read.*"two"/, /"two"/],
    [{ sql: 'random() > 0.5' }, /^audit\.where\.sql gives another value at each read/, /each read/],
    [{ sql: 'generate_series(1, 2) = 1' }, /^audit\.where\.sql gives any number of values/, /any number/],
    [{ sql: 'true) OR (true' }, /^audit\.where\.sql is not one expression/, /not one expression/],
    [{ sql: 'type' }, /^audit\.where\.sql cannot be read.*boolean/, /boolean/],
    [{ sql: 'name::int = 2' }, /^audit\.where\.sql cannot be read.*type integer/, /type integer/],
  ] as const)('cannot be chosen by %j', async (filter, atConnect, atPoll) => {
    const store = open([filter as RowFilter]);
    const faults = (await store.inspect()).filter(({ level }) => level === 'fault');
    expect(faults.map(({ message }) => message)).toEqual([expect.stringMatching(atConnect)]);
    const failed = await read(store).then(
      ({ answer }) => answer as unknown as Error,
      (error: Error) => error,
    );
    expect(failed.message).toMatch(atPoll);
  });
});
