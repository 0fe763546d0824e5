import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/model/aggregate.ts';
import type { CallRead } from '../../src/model/call-columns.ts';
import { AppError } from '../../src/model/errors.ts';
import { isSketch } from '../../src/model/measure.ts';
import { formatFixed, ONE } from '../../src/model/money.ts';
import type { PriceList } from '../../src/model/price-list.ts';
import type { CellRead, SegmentCell } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { engineOf } from '../../src/stores/index.ts';
import type { TableOptions } from '../../src/stores/options.ts';
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
import { hasSqliteDriver, insertAll, makeSqliteFile, type SqliteFile } from '../support/sqlite-file.ts';

const RUNS = scaled(15);
const HOUR = 3_600_000;

const COLUMNS = {
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
const CALLS: TableOptions = { table: 'calls', columns: COLUMNS };

const iso = (at: number): string => new Date(at).toISOString();
/** How programs write times, and how the file says so. */
const TIMES: Readonly<
  Record<
    string,
    { write: (at: number) => string | bigint | number; time: NonNullable<TableOptions['columns']>['time'] }
  >
> = {
  'texts with a space': { write: (at) => iso(at).replace('T', ' ').replace('Z', '000'), time: 'at' },
  'texts of ISO 8601': { write: iso, time: 'at' },
  'texts of both kinds': { write: (at) => (at % 2 === 0 ? iso(at) : iso(at).replace('T', ' ')), time: 'at' },
  'texts with offsets': {
    write: (at) =>
      iso(at + 5.5 * HOUR)
        .replace('T', ' ')
        .replace('Z', '+05:30'),
    time: 'at',
  },
  'local texts': {
    write: (at) =>
      iso(at + 5.5 * HOUR)
        .replace('T', ' ')
        .replace('Z', ''),
    time: { column: 'at', zone: 'Asia/Kolkata' },
  },
  milliseconds: { write: (at) => BigInt(at), time: { column: 'at', unit: 'ms' } },
  nanoseconds: { write: (at) => BigInt(at) * 1_000_000n, time: { column: 'at', unit: 'ns' } },
  'floating seconds': { write: (at) => at / 1000, time: { column: 'at', unit: 's' } },
};

describe.skipIf(!(await hasSqliteDriver())).each(['wal', 'delete'] as const)(
  'an audit store in a SQLite file, journal_mode %s',
  (journal) => {
    let file: SqliteFile;
    const opened: AuditStore[] = [];
    beforeAll(async () => {
      file = await makeSqliteFile(journal);
      file.database.exec(`CREATE TABLE calls (at, cost REAL, service TEXT, model TEXT, usr TEXT, input INTEGER, output INTEGER,
      status INTEGER, error TEXT, latency REAL); CREATE INDEX calls_at ON calls (at)`);
    });
    afterAll(async () => {
      for (const store of opened) await store.close();
      await file.stop();
    });

    const open = (options: TableOptions = CALLS, prices: PriceList | null = null): AuditStore => {
      const engine = engineOf(file.url);
      if (engine === null) throw new Error('no engine');
      const store = engine.open(file.url, { baseDir: '/', statementTimeoutMs: 20_000 }, options, prices);
      opened.push(store);
      return store;
    };
    const fill = (
      calls: readonly TestCall[],
      write: (at: number) => string | bigint | number = iso,
    ): void => {
      file.database.exec('DELETE FROM calls');
      insertAll(
        file.database,
        'INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        calls.map((one) => [
          write(one.at),
          one.cost,
          one.service,
          one.model,
          one.user,
          one.input,
          one.output,
          one.status,
          one.error,
          one.latency,
        ]),
      );
    };
    /** SQLite stores NaN as NULL. */
    const stored = (calls: readonly TestCall[]): TestCall[] =>
      calls.map((one) => ({
        ...one,
        cost: Number.isNaN(one.cost) ? null : one.cost,
        latency: Number.isNaN(one.latency) ? null : one.latency,
      }));

    async function cells(store: AuditStore, read: CellRead): Promise<readonly SegmentCell[]> {
      const [answer] = (await store.read([read], ORIGIN)).answers;
      if (answer instanceof AppError || answer === undefined) throw answer;
      if ('failed' in answer) throw new Error('some measures could not be read');
      return answer;
    }

    it.each(Object.keys(TIMES))(
      'sums random rows exactly, whatever is asked, with times as %s',
      async (name) => {
        const { write, time } = TIMES[name] as (typeof TIMES)[string];
        const store = open(
          { ...CALLS, columns: { ...COLUMNS, ...(time === undefined ? {} : { time }) } },
          PRICES,
        );
        await fc.assert(
          fc.asyncProperty(
            callsArbitrary,
            fc.array(readArbitrary, { minLength: 1, maxLength: 3 }),
            async (calls, reads) => {
              fill(calls, write);
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
          fill(calls);
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

    it('gives what SQLite sums over the same window, in whole micro-dollars', async () => {
      const store = open();
      await fc.assert(
        fc.asyncProperty(callsArbitrary, async (calls) => {
          fill(calls);
          const [row] = file.database
            .prepare(
              `SELECT sum(CAST(round(cost * 1e6) AS INTEGER)) AS micros FROM calls
             WHERE at >= ? AND at < ? AND abs(cost) <= 1e9 AND service = 'search'`,
            )
            .iterate(iso(ORIGIN), iso(ORIGIN + 5000)) as Iterable<{ micros: number | null }>;
          const read = { ...totals(['cost'], ORIGIN, ORIGIN + 5000), where: { service: { in: ['search'] } } };
          const [cell] = await cells(store, read);
          const found = calls.filter(
            ({ at, service, cost }) =>
              service === 'search' &&
              at >= ORIGIN &&
              at < ORIGIN + 5000 &&
              cost !== null &&
              Math.abs(cost) <= 1e9,
          );
          // Those below a micro-dollar are rounded by the statement.
          if (found.some(({ cost }) => cost !== null && cost > 0 && cost < 1e-6)) return;
          expect(formatFixed(cell?.cell.sums.cost ?? 0n, 6)).toBe(
            formatFixed(BigInt(row?.micros ?? 0) * 10n ** 6n, 6),
          );
        }),
        { numRuns: RUNS },
      );
    });

    it('counts a row at the start of a window and not one at its end, and makes 100 of a thousand dimes', async () => {
      fill([
        call({ at: ORIGIN }),
        call({ at: ORIGIN + HOUR - 1 }),
        call({ at: ORIGIN + HOUR }),
        call({ at: ORIGIN - 1 }),
      ]);
      const store = open();
      const [counted] = await cells(store, totals(['calls'], ORIGIN, ORIGIN + HOUR));
      expect(counted?.cell.sums.calls).toBe(2n * ONE);
      fill(Array.from({ length: 1000 }, () => call({ cost: 0.1 })));
      const [summed] = await cells(store, totals(['cost'], ORIGIN, ORIGIN + HOUR));
      expect(summed?.cell.sums.cost).toBe(100n * ONE);
    });

    it('answers a read without rows, without ranges and without a segment with no cells', async () => {
      fill([]);
      const read = totals(['calls', 'latency_sketch'], ORIGIN, ORIGIN + HOUR);
      const { newestRow, answers } = await open().read(
        [read, { ...read, ranges: [] }, { ...read, edges: [ORIGIN] }],
        ORIGIN,
      );
      expect({ newestRow, answers }).toEqual({ newestRow: null, answers: [[], [], []] });
    });

    it('finds the newest row before the instant, and the spans that have a row', async () => {
      fill([call({ at: ORIGIN - 5000 }), call({ at: ORIGIN - 1 }), call({ at: ORIGIN })]);
      const store = open();
      expect((await store.read([], ORIGIN)).newestRow).toBe(ORIGIN - 1);
      expect((await store.read([], ORIGIN - 5000)).newestRow).toBeNull();
      const span = (from: number) => ({ from: ORIGIN + from, to: ORIGIN + from + 1000 });
      expect(await store.occupied([-6000, -5000, -1000, 0, 1000].map(span))).toEqual(
        [-5000, -1000, 0].map(span),
      );
    });

    it('a read that fails, fails alone, and the measures of other columns are still summed', async () => {
      fill([call({ error: 'no json', cost: 1 })]);
      const store = open({
        ...CALLS,
        columns: { ...COLUMNS, latency_ms: { sql: "json_extract(error, '$.ms')" } },
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
      const evil = `x"; DROP TABLE calls; --`;
      fill([
        call({ service: `'; DROP TABLE calls; --` }),
        call({ service: `'; DROP TABLE calls; --`, user: null }),
      ]);
      file.database.exec(
        `CREATE TABLE IF NOT EXISTS "${evil.replaceAll('"', '""')}" AS SELECT *, 7 AS "a""b" FROM calls`,
      );
      const where = [{ column: 'service', values: { in: [`'; DROP TABLE calls; --`, `\\' OR 1 --`] } }];
      const store = open({ ...CALLS, table: evil, dimensions: { odd: 'a"b' }, where });
      const read = {
        ...totals(['calls'], ORIGIN, ORIGIN + HOUR),
        groupBy: ['odd'],
        where: { user: { notIn: [null, `\\' OR true --`] } },
      };
      expect(await cells(store, read)).toMatchObject([{ key: ['7'], cell: { sums: { calls: ONE } } }]);
    });

    it('does not keep its program from writing, and reads a snapshot', async () => {
      fill([call({})]);
      const store = open();
      const read: CallRead = {
        dimensions: [],
        measures: [],
        sketches: [],
        edges: [ORIGIN, ORIGIN + HOUR],
        together: true,
      };
      file.database.exec('PRAGMA busy_timeout = 0');
      await store.snapshot(async (snapshot) => {
        expect((await snapshot.calls(read)).sums.get('calls')?.units[0]).toBe(1);
        file.database.exec(`INSERT INTO calls (at) VALUES ('${iso(ORIGIN)}')`);
        const again = (await snapshot.calls(read)).sums.get('calls')?.units[0];
        expect(again).toBe(journal === 'wal' ? 1 : 2);
      });
    });

    it('waits while its program holds a lock, and names the lock when it holds it for too long', async () => {
      fill([call({})]);
      const store = engineOf(file.url)?.open(
        file.url,
        { baseDir: '/', statementTimeoutMs: 1_000 },
        CALLS,
        null,
      ) as AuditStore;
      opened.push(store);
      file.database.exec('BEGIN EXCLUSIVE');
      const reading = store.read([totals(['calls'], ORIGIN, ORIGIN + HOUR)], ORIGIN);
      if (journal === 'wal') expect((await reading).newestRow).toBeNull();
      else
        await expect(reading).rejects.toMatchObject({
          code: 'store_timeout',
          message: expect.stringMatching(/locked/),
        });
      file.database.exec('ROLLBACK');
      expect((await store.read([], ORIGIN + 1)).newestRow).toBe(ORIGIN);
      file.database.exec('VACUUM');
      expect((await store.read([], ORIGIN + 1)).newestRow).toBe(ORIGIN);
    });

    it('gives up a statement that takes too long, and answers the next one', async () => {
      fill([call({})]);
      const endless =
        '(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)';
      const store = engineOf(file.url)?.open(
        file.url,
        { baseDir: '/', statementTimeoutMs: 1_000 },
        { ...CALLS, dimensions: { endless: { sql: endless } } },
        null,
      ) as AuditStore;
      opened.push(store);
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
          fill(calls);
          const first = await seen();
          fill([...calls].reverse());
          expect((await seen()).digests).toEqual(first.digests);
          fill(calls.map((one, i) => ({ ...one, cost: (i % 2 === 0 ? others[i]?.cost : one.cost) ?? null })));
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
      const columns = { ...COLUMNS, id: { sql: 'rowid' } };
      const store = open({ ...CALLS, columns });
      fill([call({}), call({})]);
      const arrivals = (after: string) =>
        store.snapshot(async (snapshot) => snapshot.changes?.arrivals(after, [], ORIGIN + 2 * HOUR));
      expect(await store.snapshot(async (snapshot) => snapshot.changes?.newestId())).toBe('2');
      insertAll(file.database, 'INSERT INTO calls (rowid, at) VALUES (?, ?)', [[5, iso(ORIGIN + HOUR + 1)]]);
      expect(await arrivals('2')).toEqual({
        newest: '5',
        startAgain: false,
        gaps: [{ from: '3', to: '4' }],
        hours: [ORIGIN + HOUR],
      });
      expect(await arrivals('9')).toMatchObject({ newest: '5', startAgain: true });
    });

    it('names what is missing, all at once', async () => {
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
          message: expect.stringContaining('no table nothing'),
          hint: expect.stringContaining('calls'),
        },
      ]);
      fill([call({})]);
      expect(await open().inspect()).toEqual([]);
      expect(await open({ ...CALLS, columns: { ...COLUMNS, time: 'model' } }).inspect()).toMatchObject([
        { level: 'fault', message: expect.stringContaining('no times') },
      ]);
      await expect(open({ ...CALLS, table: 'nothing' }).read([], ORIGIN)).rejects.toMatchObject({
        code: 'store_table_missing',
      });
    });

    it('says that the file is not there, or is no database', async () => {
      const engine = engineOf('sqlite:x');
      for (const [path, message] of [
        ['/no/such/file.db', /^There is no file \/no\/such\/file.db\.$/],
        ['//src', /\/src is a folder/],
        ['package.json', /package.json is no SQLite database/],
      ] as const) {
        const store = engine?.open(
          `sqlite:${path}`,
          { baseDir: process.cwd(), statementTimeoutMs: 5_000 },
          CALLS,
          null,
        ) as AuditStore;
        opened.push(store);
        await expect(store.read([], ORIGIN)).rejects.toMatchObject({
          code: 'store_unreachable',
          message: expect.stringMatching(message),
        });
      }
    });
  },
);

function call(some: Partial<TestCall>): TestCall {
  const none = { cost: null, input: null, output: null, status: null, error: null, latency: null };
  return { at: ORIGIN, service: 's', model: 'm', user: 'u', ...none, ...some };
}

function totals(measures: CellRead['measures'], from: number, to: number): CellRead {
  return { measures, where: {}, groupBy: [], edges: [from, to], ranges: [{ from, to }] };
}

function sorted(cells: readonly SegmentCell[]): SegmentCell[] {
  const id = (cell: SegmentCell) => JSON.stringify([cell.segment, cell.key]);
  return [...cells].sort((a, b) => (id(a) < id(b) ? -1 : 1));
}
