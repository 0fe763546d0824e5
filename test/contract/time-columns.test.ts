import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ONE } from '../../src/model/money.ts';
import { priceEntry } from '../../src/model/price-list.ts';
import { instantOfWall } from '../../src/model/wall-clock.ts';
import type { Window } from '../../src/model/window.ts';
import type { AuditStore, SegmentDigest } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

type Time = NonNullable<NonNullable<TableOptions['columns']>['time']>;

const HOUR = 3_600_000;
const MINUTE = 60_000;
const MIDNIGHT = Date.parse('2026-03-10T00:00:00Z');
const AT = Date.parse('2026-03-10T10:00:00Z');

/** Types of columns of numbers, and how many digits they keep behind a second. */
const NUMBERS: readonly (readonly [type: string, unit: 's' | 'ms' | 'us' | 'ns', digits: number])[] = [
  ['integer', 's', 0],
  ['bigint', 's', 0],
  ['numeric', 's', 3],
  ['double precision', 's', 3],
  ['bigint', 'ms', 3],
  ['bigint', 'us', 6],
  ['bigint', 'ns', 9],
  ['numeric(20, 3)', 'ms', 3],
];

describe.each(STORES)('times of other kinds, in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
  });
  afterAll(() => engine?.stop());

  const open = (time: Time, more: TableOptions['columns'] = {}): AuditStore =>
    storeType.open(
      engine.sql,
      {
        table: 'logs',
        columns: { id: 'id', time, cost: 'cost', model: 'model', input_tokens: 'input', ...more },
      },
      null,
    );
  const table = async (type: string, values: readonly string[]): Promise<void> => {
    await engine.sql.query(`DROP TABLE IF EXISTS logs;
      CREATE TABLE logs (id bigserial, at ${type}, cost numeric, model text, input int)`);
    for (const value of values)
      await engine.sql.query(`INSERT INTO logs (at, cost, model, input) VALUES (${value}, 1, 'm', 7)`);
  };
  /** How many calls are in spans that follow one another, by each way of asking. */
  const counts = async (store: AuditStore, edges: readonly number[]): Promise<number[][]> => {
    const [from, to] = [edges[0] as number, edges.at(-1) as number];
    const spans = edges.slice(1).map((edge, i): Window => ({ from: edges[i] as number, to: edge }));
    const read = { measures: ['calls' as const], where: {}, groupBy: [], edges };
    const bySegment = (cells: readonly { readonly segment: number; readonly calls: number }[]) =>
      spans.map((_, i) => cells.find(({ segment }) => segment === i)?.calls ?? 0);
    const { answers } = await store.read(
      [
        { ...read, ranges: [{ from, to }] },
        { ...read, ranges: spans.filter((_, i) => i % 2 === 0) },
      ],
      AT,
    );
    const [whole, even] = answers.map((answer) =>
      bySegment(
        (answer as readonly { segment: number; cell: { sums: { calls: bigint } } }[]).map(
          ({ segment, cell }) => ({ segment, calls: Number(cell.sums.calls / ONE) }),
        ),
      ),
    );
    const occupied = await store.occupied(spans);
    const digests = (await store.snapshot(async ({ changes }) =>
      changes?.digests([{ dimensions: [], measures: ['calls'], sketch: null }], edges),
    )) as readonly SegmentDigest[];
    const counted = bySegment(digests);
    expect(occupied).toEqual(spans.filter((_, i) => (counted[i] as number) > 0));
    return [
      whole as number[],
      (even as number[]).map((n, i) => (i % 2 === 0 ? n : (counted[i] as number))),
      counted,
    ];
  };

  it.each(NUMBERS)(
    '%s in %s: a row at the start of a window counts, and one at its end does not',
    async (type, unit, digits) => {
      const power = { s: 0, ms: 3, us: 6, ns: 9 }[unit];
      const written = (seconds: string): string => `trunc(${seconds}::numeric, ${digits}) * 1e${power}`;
      const base = AT / 1000;
      await table(type, [`${base - 1}`, `${base}`, `${base}.4`, `${base + 2}`].map(written));
      const store = open({ column: 'at', unit });
      const kept = digits > 0;
      // Whole seconds were rounded down when they were written: nothing is left of the 400 ms.
      const expected = kept ? [1, 1, 1, 0, 1] : [1, 2, 0, 0, 1];
      const edges = [AT - 1500, AT, AT + 300, AT + 1000, AT + 1999, AT + 2001];
      for (const found of await counts(store, edges)) expect(found).toEqual(expected);
      expect((await store.read([], AT)).newestRow).toBe(AT - 1000);
      expect((await store.read([], AT + 1)).newestRow).toBe(AT);
      expect(await store.futureRows(AT - HOUR)).toMatchObject({ newestRow: AT + 2000 });
      await store.snapshot(async ({ changes }) => {
        expect(await changes?.arrivals('0', [], AT + HOUR)).toMatchObject({ newest: '4', gaps: [] });
        expect(new Set((await changes?.arrivals('0', [], AT + HOUR))?.hours)).toEqual(
          new Set([AT - HOUR, AT]),
        );
        expect((await changes?.arrivals('0', [], AT))?.hours).toEqual([AT - HOUR]);
      });
    },
  );

  test('bounds and rows beyond what a column or a Date can hold are no error', async () => {
    await table('integer', [`${AT / 1000}`, '2147483647', '-2147483648']);
    const far = open({ column: 'at', unit: 's' });
    expect((await far.read([], Date.parse('9999-01-01T00:00:00Z'))).newestRow).toBe(2_147_483_647_000);
    await table('bigint', [`${AT / 1000}::bigint * 1000000000`, '9223372036854775807']);
    const nanoseconds = open({ column: 'at', unit: 'ns' });
    expect((await nanoseconds.read([], Date.parse('2500-01-01T00:00:00Z'))).newestRow).toBe(AT);
    await table('double precision', [`${AT / 1000}`, `'NaN'`, `'Infinity'`, `'-Infinity'`, '1e300', 'NULL']);
    const doubles = open({ column: 'at', unit: 's' });
    expect(await doubles.futureRows(AT)).toBeNull();
    for (const found of await counts(doubles, [AT, AT + 1])) expect(found).toEqual([1]);
    // Milliseconds in a column that is said to hold seconds.
    await table('bigint', [`${AT}`]);
    const wrong = await open({ column: 'at', unit: 's' }).futureRows(AT);
    expect(wrong?.hint).toMatch(/^Check `unit: s` of audit\.columns\.time/);
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T00:00:00Z'],
    ['Europe/Berlin', '2026-10-24T22:00:00Z'],
    ['America/New_York', '2026-03-08T05:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T13:00:00Z'],
    ['Asia/Kolkata', '2026-03-10T00:00:00Z'],
  ])('counts local times of %s around %s as they are read', async (zone, start) => {
    const begin = Date.parse(start);
    // Every 20 minutes by a clock on the wall that knows of no change: also times that were skipped.
    const locals = Array.from({ length: 24 }, (_, i) => begin + i * 20 * MINUTE);
    const offset = begin - instantOfWall(begin, zone);
    await table(
      'timestamp',
      locals.map((local) => `'${new Date(local + offset).toISOString().slice(0, -1)}'`),
    );
    const instants = locals.map((local) => instantOfWall(local + offset, zone));
    const edges = Array.from({ length: 34 }, (_, i) => begin - HOUR + i * 17 * MINUTE);
    const expected = edges
      .slice(1)
      .map((to, i) => instants.filter((at) => at >= (edges[i] as number) && at < to).length);
    const store = open({ column: 'at', zone });
    for (const found of await counts(store, edges)) expect(found).toEqual(expected);
    const { hours } = await store.snapshot(
      async ({ changes }) => (await changes?.arrivals('0', [], AT + 366 * 24 * HOUR)) ?? { hours: [] },
    );
    expect([...hours].sort()).toEqual(
      [...new Set(instants.map((at) => Math.floor(at / HOUR) * HOUR))].sort(),
    );
    expect((await store.read([], AT + 366 * 24 * HOUR)).newestRow).toBe(instants.at(-1));
  });

  test('reads times without a zone as PostgreSQL does, but for the hour that comes twice', async () => {
    const zone = 'Europe/Berlin';
    const locals = ['2026-03-29 02:30', '2026-03-29 03:30', '2026-07-01 12:00', '2026-12-01 12:00'];
    for (const local of locals) {
      const [row] = await engine.sql.query<{ at: string }>(
        `SELECT (extract(epoch FROM '${local}'::timestamp AT TIME ZONE '${zone}') * 1000)::bigint::text AS at`,
      );
      expect(instantOfWall(Date.parse(`${local}Z`), zone)).toBe(Number(row?.at));
    }
  });

  it.each([
    ['bigint', { column: 'at', unit: 'ms' }],
    ['double precision', { column: 'at', unit: 's' }],
    ['timestamp', { column: 'at', zone: 'Asia/Shanghai' }],
  ] as const)('takes prices from a date on, repeats and imported calls in %s', async (type, time) => {
    await table(type, []);
    const store = storeType.open(
      engine.sql,
      { table: 'logs', columns: { id: 'id', time, cost: 'cost', model: 'model', input_tokens: 'input' } },
      {
        models: {
          m: [
            priceEntry({ input: '1', output: '1' }),
            priceEntry({ from: MIDNIGHT, input: '3', output: '3' }),
          ],
        },
        aliases: {},
        strip: [],
      },
    );
    const times = [MIDNIGHT - 1000, MIDNIGHT, MIDNIGHT + 1000];
    const calls = times.map((at) => ({
      time: new Date(at).toISOString(),
      model: 'm',
      input_tokens: 1_000_000,
    }));
    expect(await store.insert(calls)).toBe(3);
    const range = { from: MIDNIGHT - HOUR, to: MIDNIGHT + HOUR };
    const { newestRow, answers } = await store.read(
      [
        {
          measures: ['cost', 'repeated'],
          where: {},
          groupBy: [],
          edges: [range.from, MIDNIGHT, range.to],
          ranges: [range],
        },
      ],
      AT,
    );
    expect(newestRow).toBe(MIDNIGHT + 1000);
    expect(answers[0]).toMatchObject([
      { segment: 0, cell: { sums: { cost: ONE, repeated: 0n } } },
      { segment: 1, cell: { sums: { cost: 6n * ONE, repeated: ONE } } },
    ]);
  });

  it.each([
    ['bigint', 'at', /must be an instant.*/, { column: 'at', unit: 's' }],
    ['text', { column: 'at', unit: 's' }, /must be a number \(seconds since 1970\)/, null],
    ['timestamptz', { column: 'at', zone: 'Asia/Shanghai' }, /must be a timestamp without time zone/, 'at'],
    ['timestamp', { column: 'at', unit: 'ms' }, /must be a number \(milliseconds/, 'at'],
  ] as const)('a column of type %s is no %j, and the cure is named', async (type, time, words, cured) => {
    await table(type, []);
    const [fault] = await open(time).inspect();
    expect(fault).toMatchObject({ level: 'fault', message: expect.stringMatching(words) });
    await expect(open(time).read([], AT)).rejects.toMatchObject({
      code: 'store_time_type',
      hint: fault?.hint,
    });
    if (cured === null) return;
    const mended = await open(cured).inspect();
    expect(mended.filter(({ level }) => level === 'fault')).toEqual([]);
    expect(fault?.hint).toContain(
      typeof cured === 'string' ? 'time: "at"' : 'time: { column: "at", unit: s }',
    );
  });
});
