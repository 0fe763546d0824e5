import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { evaluateOnce } from '../../src/check/check.ts';
import { sumsSource } from '../../src/check/sums-source.ts';
import type { Aggregate } from '../../src/model/aggregate.ts';
import type { CallRead } from '../../src/model/call-columns.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { AppError } from '../../src/model/errors.ts';
import { isSketch } from '../../src/model/measure.ts';
import { ONE } from '../../src/model/money.ts';
import type { PriceList } from '../../src/model/price-list.ts';
import type { CellRead, SegmentCell } from '../../src/model/series.ts';
import type { AuditStore, ColumnSource } from '../../src/stores/audit-store.ts';
import { engineOf } from '../../src/stores/index.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import {
  callsArbitrary,
  expectedCells,
  ORIGIN,
  PRICES,
  readArbitrary,
  type TestCall,
} from '../stores/random-calls.ts';
import { cellsIn } from '../support/cells-in.ts';
import { scaled } from '../support/scaled.ts';

export const RUNS = scaled(15);
export const HOUR = 3_600_000;

export type WrittenTime = string | bigint | number;

/** How a program stores times, and how the file says so. */
export interface StoredTimes {
  /** The column's type, where the engine has types. */
  readonly type: string;
  write(at: number): WrittenTime;
  readonly time: NonNullable<NonNullable<TableOptions['columns']>['time']>;
}

/** An engine whose rows the process adds up, with a table `calls` that tests fill as its program would. */
export interface RowEngineUnderTest {
  url(): string;
  /** By what they are, for titles. The first is that of the table unless `fill` says otherwise. */
  readonly times: Readonly<Record<string, StoredTimes>>;
  /** Replaces the rows, and the time column where it is of another type. */
  fill(calls: readonly TestCall[], times?: StoredTimes): Promise<void>;
  /** A call with the values that the engine keeps of it. */
  stored(call: TestCall): TestCall;
  /** Statements that change the database. */
  run(sql: string): Promise<void>;
  quoted(name: string): string;
  /** An expression that fails when a row is read. */
  readonly failing: string;
  /** An expression that runs for longer than any limit. */
  readonly endless: string;
  /** The insert id of `calls`, and a statement that inserts a row with the id 5 and a time. */
  readonly id: ColumnSource;
  insertFifth(at: number): Promise<void>;
}

export const COLUMNS = {
  time: 'at',
  cost: 'cost',
  service: 'service',
  model: 'model',
  user: { sql: 'usr' },
  input_tokens: 'input',
  output_tokens: 'output',
  status: 'status',
  error: 'error',
  latency_ms: 'latency',
} as const;
export const CALLS: TableOptions = { table: 'calls', columns: COLUMNS };

/** Opens stores of an engine, and closes them after the last test. */
export function opener(
  url: () => string,
): (options?: TableOptions, prices?: PriceList | null, statementTimeoutMs?: number) => AuditStore {
  const opened: AuditStore[] = [];
  afterAll(async () => {
    for (const store of opened) await store.close();
  });
  return (options = CALLS, prices = null, statementTimeoutMs = 20_000) => {
    const store = engineOf(url())?.open(
      url(),
      { baseDir: process.cwd(), statementTimeoutMs },
      options,
      prices,
    );
    if (store === undefined) throw new Error('no engine');
    opened.push(store);
    return store;
  };
}

/** What every engine of rows does. Tests of what is the engine's own are in its own file. */
export function testRowEngine(engine: RowEngineUnderTest): void {
  const { fill, quoted, run } = engine;
  const open = opener(engine.url);
  const stored = (calls: readonly TestCall[]): TestCall[] => calls.map(engine.stored);
  async function cells(store: AuditStore, read: CellRead): Promise<readonly SegmentCell[]> {
    const [answer] = (await store.read([read], ORIGIN)).answers;
    if (answer instanceof AppError || answer === undefined) throw answer;
    if ('failed' in answer) throw new Error('some measures could not be read');
    return answer;
  }

  it.each(Object.entries(engine.times))(
    'sums random rows exactly, whatever is asked, with times as %s',
    async (_, times) => {
      const store = open({ ...CALLS, columns: { ...COLUMNS, time: times.time } }, PRICES);
      await fc.assert(
        fc.asyncProperty(
          callsArbitrary,
          fc.array(readArbitrary, { minLength: 1, maxLength: 3 }),
          async (calls, reads) => {
            await fill(calls, times);
            const { answers } = await store.read(reads, ORIGIN);
            reads.forEach((read, i) => {
              expect(sorted(answers[i] as readonly SegmentCell[])).toEqual(
                sorted(expectedCells(read, stored(calls))),
              );
            });
          },
        ),
        { numRuns: RUNS },
      );
    },
  );

  it.each([false, true])('gives random rows in columns, together: %s', async (together) => {
    const store = open(CALLS, PRICES);
    await fc.assert(
      fc.asyncProperty(callsArbitrary, readArbitrary, async (calls, { measures, groupBy, edges }) => {
        await fill(calls);
        const read: CallRead = {
          dimensions: groupBy,
          measures: measures.filter((measure) => measure !== 'calls' && !isSketch(measure)),
          sketches: measures.filter(isSketch),
          edges,
          together,
        };
        const columns = await store.snapshot((snapshot) => snapshot.calls(read));
        if (!together) expect(columns.sums.get('calls')?.units.every((count) => count === 1)).toBe(true);
        const asked: CellRead = {
          measures: [...columns.sums.keys(), ...read.sketches],
          where: {},
          groupBy,
          edges,
          ranges: [{ from: edges[0] as number, to: edges.at(-1) as number }],
        };
        expect(sorted(cellsIn(columns))).toEqual(sorted(expectedCells(asked, stored(calls))));
      }),
      { numRuns: RUNS },
    );
  });

  it('counts a row at the start of a window and not one at its end, and makes 100 of a thousand dimes', async () => {
    await fill([
      call({ at: ORIGIN }),
      call({ at: ORIGIN + HOUR - 1 }),
      call({ at: ORIGIN + HOUR }),
      call({ at: ORIGIN - 1 }),
    ]);
    const store = open();
    const [counted] = await cells(store, totals(['calls'], ORIGIN, ORIGIN + HOUR));
    expect(counted?.cell.sums.calls).toBe(2n * ONE);
    await fill(Array.from({ length: 1000 }, () => call({ cost: 0.1 })));
    const [summed] = await cells(store, totals(['cost'], ORIGIN, ORIGIN + HOUR));
    expect(summed?.cell.sums.cost).toBe(100n * ONE);
  });

  it('answers a read without rows, without ranges and without a segment with no cells', async () => {
    await fill([]);
    const read = totals(['calls', 'latency_sketch'], ORIGIN, ORIGIN + HOUR);
    const { newestRow, answers } = await open().read(
      [read, { ...read, ranges: [] }, { ...read, edges: [ORIGIN] }],
      ORIGIN,
    );
    expect({ newestRow, answers }).toEqual({ newestRow: null, answers: [[], [], []] });
  });

  it('finds the newest row before the instant, and the spans that have a row', async () => {
    await fill([call({ at: ORIGIN - 5000 }), call({ at: ORIGIN - 1 }), call({ at: ORIGIN })]);
    const store = open();
    expect((await store.read([], ORIGIN)).newestRow).toBe(ORIGIN - 1);
    expect((await store.read([], ORIGIN - 5000)).newestRow).toBeNull();
    const span = (from: number) => ({ from: ORIGIN + from, to: ORIGIN + from + 1000 });
    expect(await store.occupied([-6000, -5000, -1000, 0, 1000].map(span))).toEqual(
      [-5000, -1000, 0].map(span),
    );
  });

  it('a read that fails, fails alone, and the measures of other columns are still summed', async () => {
    await fill([call({ error: 'no json', cost: 1 })]);
    const store = open({
      ...CALLS,
      columns: { ...COLUMNS, latency_ms: { sql: engine.failing } },
      dimensions: { lost: 'no_such_column' },
    });
    const good = totals(['calls'], ORIGIN, ORIGIN + HOUR);
    const { answers } = await store.read(
      [
        good,
        { ...good, groupBy: ['lost'] },
        { ...good, groupBy: ['nobody'] },
        { ...good, measures: ['cost', 'latency_sum'] },
      ],
      ORIGIN,
    );
    expect(
      answers.map((one) =>
        one instanceof AppError ? one.code : 'failed' in one ? [...one.failed.keys()] : one.length,
      ),
    ).toEqual([1, 'store_column_missing', 'dimension_unknown', ['latency_sum']]);
    expect(store.isFaulty({ ...good, measures: ['latency_sum'] }, ORIGIN)).toBe(true);
    expect(store.isFaulty(good, ORIGIN)).toBe(false);
  });

  it('never takes names and values for SQL', async () => {
    const evil = `x"\`; DROP TABLE calls; --`;
    await fill([
      call({ service: `'; DROP TABLE calls; --` }),
      call({ service: `'; DROP TABLE calls; --`, user: null }),
    ]);
    await run(`DROP TABLE IF EXISTS ${quoted(evil)}`);
    await run(`CREATE TABLE ${quoted(evil)} AS SELECT calls.*, 7 AS ${quoted('a"`b')} FROM calls`);
    const where = [{ column: 'service', values: { in: [`'; DROP TABLE calls; --`, `\\' OR 1 --`] } }];
    const store = open({ ...CALLS, table: evil, dimensions: { odd: 'a"`b' }, where });
    const read = {
      ...totals(['calls'], ORIGIN, ORIGIN + HOUR),
      groupBy: ['odd'],
      where: { user: { notIn: [null, `\\' OR true --`] } },
    };
    expect(await cells(store, read)).toMatchObject([{ key: ['7'], cell: { sums: { calls: ONE } } }]);
  });

  it('gives up a statement that takes too long, and answers the next one', async () => {
    await fill([call({})]);
    const store = open({ ...CALLS, dimensions: { endless: { sql: engine.endless } } }, null, 1_000);
    const read = totals(['calls'], ORIGIN, ORIGIN + HOUR);
    await expect(store.read([{ ...read, groupBy: ['endless'] }], ORIGIN)).rejects.toMatchObject({
      code: 'store_timeout',
    });
    expect((await store.read([read], ORIGIN)).answers).toHaveLength(1);
  });

  it('tells by digests whatever changes sums, in any order of rows', async () => {
    const store = open(CALLS, PRICES);
    const aggregates: readonly Aggregate[] = [
      { dimensions: ['service'], measures: ['calls', 'cost', 'failed'], sketch: null },
      { dimensions: ['user'], measures: ['calls', 'input_tokens'], sketch: 'latency_sketch' },
    ];
    const edges = [-2, 2, 3, 9, 13].map((second) => ORIGIN + second * 1000);
    const seen = () =>
      store.snapshot(async (snapshot) => ({
        digests: (await snapshot.changes?.digests(aggregates, edges)) ?? [],
        sums: (
          await snapshot.buckets(aggregates, edges, [
            { from: edges[0] as number, to: edges.at(-1) as number },
          ])
        ).flatMap((one) => cellsIn(one)),
      }));
    await fc.assert(
      fc.asyncProperty(callsArbitrary, callsArbitrary, async (calls, others) => {
        await fill(calls);
        const first = await seen();
        await fill([...calls].reverse());
        expect((await seen()).digests).toEqual(first.digests);
        await fill(
          calls.map((one, i) => ({ ...one, cost: (i % 2 === 0 ? others[i]?.cost : one.cost) ?? null })),
        );
        const then = await seen();
        const of = ({ sums }: typeof first, segment: number) =>
          sorted(sums.filter((one) => one.segment === segment));
        for (const segment of edges.keys()) {
          const digest = ({ digests }: typeof first) =>
            digests.find((one) => one.segment === segment)?.digest;
          if (digest(first) === digest(then)) expect(of(then, segment)).toEqual(of(first, segment));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('finds rows that arrived late by their id, and says when ids start again', async () => {
    const columns = { ...COLUMNS, id: engine.id };
    const store = open({ ...CALLS, columns });
    await fill([call({}), call({})]);
    const arrivals = (after: string) =>
      store.snapshot(async (snapshot) => snapshot.changes?.arrivals(after, [], ORIGIN + 2 * HOUR));
    expect(await store.snapshot(async (snapshot) => snapshot.changes?.newestId())).toBe('2');
    await engine.insertFifth(ORIGIN + HOUR + 1);
    expect(await arrivals('2')).toEqual({
      newest: '5',
      startAgain: false,
      gaps: [{ from: '3', to: '4' }],
      hours: [ORIGIN + HOUR],
    });
    expect(await arrivals('9')).toMatchObject({ newest: '5', startAgain: true });
  });

  it('a rule over costs that are no numbers fails, unless it fires all the same', async () => {
    // The service stands for a column of texts. An empty one is no cost.
    const at = ORIGIN + HOUR;
    const texts = ['7.5', 'n/a', 'free', ''].map((service) => call({ service, user: 'a' }));
    await fill([
      ...texts,
      call({ service: '1', user: 'b' }),
      call({ service: '-', user: 'c', at: ORIGIN - 1 }),
    ]);
    const store = open({ ...CALLS, columns: { ...COLUMNS, cost: 'service' } });
    const rules = [
      { name: 'fires', threshold: 8 },
      { name: 'quiet', threshold: 9 },
      { name: 'readable', threshold: 9, where: { user: 'b' } },
      { name: 'calls', metric: 'calls', threshold: 100 },
      { name: 'unpriced', metric: 'unpriced_calls', threshold: 100 },
    ].map((one) => ruleOf('threshold', one));
    const parts = { store, dimensions: new Set(['user']), rules, silences: [], zone: 'UTC' };
    const schedule = cronSchedule('* * * * *', 'UTC');
    const live = sumsSource(store, null, 15 * 60_000);
    for (const source of [null, live]) {
      const { rules: checked } = await evaluateOnce({ ...parts, schedule, source }, at);
      expect(checked.map(({ rule, status }) => `${rule.name} ${status}`)).toEqual([
        ...['fires firing', 'quiet error', 'readable ok', 'calls ok', 'unpriced ok'],
      ]);
      expect(checked[0]?.findings[0]?.finding).toMatchObject({ unpriced: { calls: 3 } });
      expect(checked[1]?.error).toMatch(
        /^audit\.columns\.cost \(column "service"\) is no number in 2 of 5 calls: .*NULL, which counts as unknown/,
      );
      expect(checked[1]?.error).not.toMatch(/n\/a|free/);
    }
  });

  it('names what is missing, all at once', async () => {
    await fill([call({ cost: 1 })]);
    const store = open({
      ...CALLS,
      columns: { ...COLUMNS, cost: 'price' },
      dimensions: { team: { sql: 'nope + 1' }, org: 'org' },
    });
    expect(await store.inspect()).toMatchObject([
      { level: 'fault', message: expect.stringContaining('no column "price" (mapped as cost)') },
      { level: 'fault', message: expect.stringContaining('audit.dimensions.team.sql') },
      { level: 'fault', message: expect.stringContaining('no column "org" (mapped as org)') },
    ]);
    expect(await open({ ...CALLS, table: 'nothing' }).inspect()).toMatchObject([
      {
        level: 'fault',
        message: expect.stringMatching(/nothing/),
        hint: expect.stringContaining('calls'),
      },
    ]);
    expect(await open().inspect()).toEqual([]);
    expect(await open({ ...CALLS, columns: { ...COLUMNS, cost: 'service' } }).inspect()).toMatchObject([
      { level: 'warning', message: expect.stringContaining('audit.columns.cost: none of its values') },
    ]);
    await expect(open({ ...CALLS, table: 'nothing' }).read([], ORIGIN)).rejects.toMatchObject({
      code: 'store_table_missing',
    });
  });
}

export function call(some: Partial<TestCall>): TestCall {
  const none = { cost: null, input: null, output: null, status: null, error: null, latency: null };
  return { at: ORIGIN, service: 's', model: 'm', user: 'u', ...none, ...some };
}

export function totals(measures: CellRead['measures'], from: number, to: number): CellRead {
  return { measures, where: {}, groupBy: [], edges: [from, to], ranges: [{ from, to }] };
}

export function sorted(cells: readonly SegmentCell[]): SegmentCell[] {
  const id = (cell: SegmentCell) => JSON.stringify([cell.segment, cell.key]);
  return [...cells].sort((a, b) => (id(a) < id(b) ? -1 : 1));
}
